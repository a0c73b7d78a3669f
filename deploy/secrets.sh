#!/usr/bin/env bash
# Writes deploy/.env with fresh passwords and keys, and deploy/keys/token-private.pem, which signs tokens.
# What exists is never overwritten.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

if [ -e .env ]; then
    echo "deploy/.env exists already; nothing done"
    exit 0
fi
command -v openssl >/dev/null || { echo "openssl is needed · 需要 openssl" >&2; exit 1; }
umask 077
mkdir -p keys
[ -e keys/token-private.pem ] || openssl genpkey -algorithm ed25519 -out keys/token-private.pem

password() { openssl rand -hex 24; }

{
    echo "RABBITMQ_PASSWORD=$(password)"
    for who in ADMIN_PASSWORD PASSWORD_INTAKE PASSWORD_MATCHING PASSWORD_POINTS PASSWORD_NOTIFY; do
        echo "MONGO_$who=$(password)"
    done
    echo "MONGO_MEMBERS_KEY=$(openssl rand -hex 64)"
    echo "SANDAN_VAULT_KEY=$(openssl rand -base64 32)"
    echo "SANDAN_TOKEN_PUBLIC_KEYS=\"$(openssl pkey -in keys/token-private.pem -pubout | awk '{printf "%s\\n", $0}')\""
} >.env.new
mv .env.new .env
echo "wrote deploy/.env and deploy/keys/token-private.pem; keep a copy of both where nobody else can read it"
