#!/usr/bin/env bash
# Says in deploy/.env which version the containers run, as the image's tag.
#
#   deploy/version.sh             this checkout's: build it with `docker compose -f deploy/compose.yaml build`
#   deploy/version.sh VERSION     one that was built before, to go back to it
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

release="$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$here/../services/__init__.py")"
commit="$(git -C "$here" describe --always --dirty --abbrev=12 2>/dev/null || true)"
version="${1:-$release${commit:+-$commit}}"
[[ "$version" =~ ^[A-Za-z0-9_][A-Za-z0-9._-]{0,79}$ ]] || { echo "not the tag of an image: $version" >&2; exit 2; }

cd "$here"
[ -e .env ] || { echo "run deploy/secrets.sh first" >&2; exit 1; }
umask 077
trap 'rm -f .env.new' EXIT
grep -v '^SANDAN_VERSION=' .env >.env.new || true
echo "SANDAN_VERSION=$version" >>.env.new
mv .env.new .env
echo "$version"
