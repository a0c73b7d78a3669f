#!/bin/sh
# Writes nginx's configuration for this container network and becomes nginx.
#
# Environment, all of it for tests: GATEWAY_DIR (what it writes), GATEWAY_LISTEN, GATEWAY_SERVICE_PORT,
# GATEWAY_RESOLVER (a name server).
set -eu

from="$(dirname "$0")"
here="${GATEWAY_DIR:-/tmp}"

# The first name server is the container network's (Docker's 127.0.0.11, podman's gateway); one that may follow
# is the host's, which does not know the services. IPv6 addresses go in brackets.
resolver="${GATEWAY_RESOLVER:-$(awk '$1 == "nameserver" { print ($2 ~ /:/ ? "[" $2 "]" : $2); exit }' /etc/resolv.conf)}"
sed -e "s|@HERE@|$here|" -e "s|@RESOLVER@|$resolver|" -e "s|@LISTEN@|${GATEWAY_LISTEN:-8080}|" \
    -e "s|@SERVICE_PORT@|${GATEWAY_SERVICE_PORT:-8080}|" "$from/nginx.conf.template" >"$here/nginx.conf"
cp "$from/made.conf" "$here/made.conf"

# From ", client:" on a line of the error log quotes the request, and with it ids of demands.
rm -f "$here/errors"
mkfifo "$here/errors"
sed -u 's/, client: .*//' <"$here/errors" >&2 &

exec nginx -e "$here/errors" -c "$here/nginx.conf" -g 'daemon off;'
