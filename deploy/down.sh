#!/usr/bin/env bash
# Stops what `make up` started, from any terminal: asks, waits until it has ended, and only then insists.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly PID_FILE=.sandan/up.pid
readonly GRACE_SECONDS=45

# The pid may have been given to somebody else meanwhile: it must be ours, and of this checkout.
is_ours() {
    [ "$(readlink "/proc/$1/cwd" 2>/dev/null)" = "$PWD" ] && grep -aqz 'sandan$' "/proc/$1/cmdline" 2>/dev/null
}

pid="$(cat "$PID_FILE" 2>/dev/null || true)"
if [ -z "$pid" ] || ! is_ours "$pid"; then
    rm -f "$PID_FILE"
    echo "nothing is up"
    exit 0
fi
[ "${1:-}" != "--ask" ] || { echo "up already, as process $pid; stop it with: make down" >&2; exit 1; }

kill -TERM "$pid"
for _ in $(seq $((GRACE_SECONDS * 5))); do
    if ! is_ours "$pid"; then
        rm -f "$PID_FILE"
        echo "down"
        exit 0
    fi
    sleep 0.2
done
kill -KILL "$pid"
rm -f "$PID_FILE"
echo "down (it did not end within $GRACE_SECONDS s and was killed)" >&2
exit 1
