#!/usr/bin/env bash
# Runs everything in this terminal and leaves its pid for `make down`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mkdir -p .sandan
deploy/down.sh --ask >/dev/null
echo "$$" >.sandan/up.pid
exec .venv/bin/sandan up "$@"
