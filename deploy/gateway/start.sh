#!/bin/sh
# Writes nginx's configuration for this container network and becomes nginx.
set -eu

# The first name server is the container network's (Docker's 127.0.0.11, podman's gateway); one that may follow
# is the host's, which does not know the services. IPv6 addresses go in brackets.
resolver="$(awk '$1 == "nameserver" { print ($2 ~ /:/ ? "[" $2 "]" : $2); exit }' /etc/resolv.conf)"
sed "s/@RESOLVER@/$resolver/" /gateway/nginx.conf.template >/tmp/nginx.conf
exec nginx -c /tmp/nginx.conf -g 'daemon off;'
