#!/usr/bin/env bash
# Asks the package index whether a pinned package is known to be vulnerable (pip-audit, in an environment of its own).
#
#   deploy/audit.sh        ends with 1 when one is; where no source of advisories answers it says so, and ends with 0
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly VENV=.sandan/audit
readonly REPORT=.sandan/audit.json

say() { printf '[audit] %s\n' "$*"; }

if [ ! -x "$VENV/bin/pip-audit" ]; then
    say "installing pip-audit"
    python3 -m venv "$VENV"
    "$VENV/bin/python" -m pip install --quiet -r requirements-audit.txt
fi
for file in requirements.txt requirements-local.txt requirements-dev.txt; do
    rm -f "$REPORT"
    status=0
    "$VENV/bin/pip-audit" --disable-pip --require-hashes --progress-spinner off --format json -o "$REPORT" -r "$file" \
        >"$REPORT.log" 2>&1 || status=$?
    if [ ! -s "$REPORT" ]; then
        say "$file: NOT checked: no source of advisories answers here ($(tail -n 1 "$REPORT.log" | cut -c1-120))"
        continue
    fi
    "$VENV/bin/python" - "$REPORT" "$file" <<'PYTHON' || exit 1
import json
import sys

found = json.load(open(sys.argv[1], encoding="utf-8"))["dependencies"]
asked = [one for one in found if "skip_reason" not in one]
bad = [one for one in asked if one.get("vulns")]
for one in bad:
    for vulnerability in one["vulns"]:
        mended = ", ".join(vulnerability["fix_versions"]) or "nowhere yet"
        print(f"[audit] {one['name']} {one['version']}: {vulnerability['id']}, mended in {mended}")
if not asked:
    print(f"[audit] {sys.argv[2]}: NOT checked: no source of advisories knows any of {len(found)} packages")
else:
    print(f"[audit] {sys.argv[2]}: {len(asked)} of {len(found)} packages checked, {len(bad)} vulnerable")
sys.exit(bool(bad))
PYTHON
    [ "$status" -le 1 ] || exit "$status"
done
