"""`make coverage`: how much of each room the tests run, lines and branches; a room with too little fails."""

import sys
from collections import defaultdict
from io import StringIO
from pathlib import Path

import orjson
from coverage import Coverage

PERCENT_MIN = 90.0
ROOMS = frozenset(
    {"domain", "handlers", "routes", "consumers", "views", "store", "jobs", "commands", "routing", "channels"}
)


def room_of(file: str) -> str:
    """Return the room of a file: of a service's its own, elsewhere the package."""
    parts = Path(file).parts[1:]
    in_a_room = len(parts) > 2 and parts[1] in (*ROOMS, "community_file", "http")
    return "/".join(parts[:2] if in_a_room else parts[:1] if len(parts) > 1 else ["composition"])


def shares() -> dict[str, tuple[int, int]]:
    """Return, by room, how many lines and branches ran, and how many there are."""
    measured = Coverage()
    measured.load()
    report = Path(".sandan") / "coverage.json"
    measured.json_report(outfile=str(report), ignore_errors=True)
    found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for file, figures in orjson.loads(report.read_bytes())["files"].items():
        one = figures["summary"]
        ran = one["covered_lines"] + one["covered_branches"]
        there = one["num_statements"] + one["num_branches"]
        before = found[room_of(file)]
        found[room_of(file)] = (before[0] + ran, before[1] + there)
    return found


def main() -> None:
    """Print each room's share, the least first."""
    out, short = StringIO(), []
    for room, (ran, there) in sorted(shares().items(), key=lambda one: one[1][0] / max(1, one[1][1])):
        percent = 100 * ran / max(1, there)
        out.write(f"{percent:5.1f} %  {room} ({there})\n")
        short += [room] if percent < PERCENT_MIN else []
    sys.stdout.write(out.getvalue())
    if short:
        sys.exit(f"under {PERCENT_MIN:g} %: {', '.join(short)}")


if __name__ == "__main__":
    main()
