#!/usr/bin/env bash
# Asks the package index whether a pinned package is known to be vulnerable (pip-audit, in an environment of its own).
#
#   deploy/audit.sh        ends with 1 when one is, after it has looked at every file; where nobody can be asked it says
#                          so and ends with 0. What goes wrong otherwise ends it with 2.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly VENV=.sandan/audit
readonly REPORT=.sandan/audit.json

say() { printf '[audit] %s\n' "$*"; }

if [ ! -x "$VENV/bin/pip-audit" ]; then
    say "installing pip-audit"
    python3 -m venv "$VENV"
    if ! "$VENV/bin/python" -m pip install --quiet -r requirements-audit.txt; then
        rm -rf "$VENV"
        say "NOT checked: pip-audit cannot be installed here, see above"
        exit 0
    fi
fi
worst=0
for file in requirements.txt requirements-local.txt requirements-dev.txt requirements-audit.txt; do
    rm -f "$REPORT"
    status=0
    "$VENV/bin/pip-audit" --disable-pip --require-hashes --progress-spinner off --format json -o "$REPORT" -r "$file" \
        >"$REPORT.log" 2>&1 || status=$?
    if [ ! -s "$REPORT" ]; then
        said=$(tail -n 1 "$REPORT.log" | cut -c1-160)
        if grep -qiE 'connection|timed? ?out|resolve|unreachable|ServiceError|HTTP|proxy|certificate' "$REPORT.log"; then
            say "$file: NOT checked: no source of advisories answers here ($said)"
        else
            say "$file: NOT checked, pip-audit failed: $said"
            worst=2
        fi
        continue
    fi
    "$VENV/bin/python" - "$REPORT" "$file" <<'PYTHON' || worst=1
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
done
exit "$worst"
