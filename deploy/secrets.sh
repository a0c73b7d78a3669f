#!/usr/bin/env bash
# Writes deploy/.env with fresh passwords and keys, and deploy/keys/token-private.pem, which signs tokens.
# What exists is never overwritten: run again, it adds what a newer release needs, and nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

command -v openssl >/dev/null || { echo "openssl is needed · 需要 openssl" >&2; exit 1; }
umask 077
mkdir -p keys
trap 'rm -f .env.new' EXIT
if [ -e .env ]; then cp .env .env.new; else : >.env.new; fi
# A last line without an end would run into the first that is added.
[ -z "$(tail -c 1 .env.new)" ] || echo >>.env.new

missing() { ! grep -q "^$1=" .env.new; }

keep() { # name, command that prints a value
    local name="$1" value
    shift
    if missing "$name"; then
        value="$("$@")"
        echo "$name=$value" >>.env.new
        added+=("$name")
    fi
}

password() { openssl rand -hex 24; }

public_key() {
    [ -e keys/token-private.pem ] || openssl genpkey -algorithm ed25519 -out keys/token-private.pem
    printf '"%s"' "$(openssl pkey -in keys/token-private.pem -pubout | awk '{printf "%s\\n", $0}')"
}

added=()
for who in INTAKE MATCHING POINTS NOTIFY OPERATOR; do
    keep "RABBITMQ_PASSWORD_$who" password
done
for who in ADMIN_PASSWORD PASSWORD_INTAKE PASSWORD_MATCHING PASSWORD_POINTS PASSWORD_NOTIFY PASSWORD_OPERATOR; do
    keep "MONGO_$who" password
done
keep MONGO_MEMBERS_KEY openssl rand -hex 64
keep SANDAN_VAULT_KEY openssl rand -base64 32
keep SANDAN_TOKEN_PUBLIC_KEYS public_key

if [ "${#added[@]}" = 0 ]; then
    echo "deploy/.env has everything already; nothing done"
    exit 0
fi
mv .env.new .env
echo "deploy/.env: added ${added[*]}"
echo "keep a copy of deploy/.env and deploy/keys where nobody else can read it"
