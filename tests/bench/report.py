"""What a run of the bench measured, as the section of docs/performance.md that nobody writes by hand."""

import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from tests.bench import stages

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance.md"
BEGIN = "<!-- written by `make bench ARGS=docs` from here -->"
END = "<!-- to here -->"
Row = Mapping[str, Any]
TABLE = (
    ("demands through, a second", "demands_through_per_second", "", "{:.0f}"),
    ("of the floor", "floor_ratio", "", "{:.3f}"),
    ("dispatched without a person", "dispatched_share", "", "{:.1%}"),
    ("CPU for 1,000 demands, all of it", "cpu_seconds_per_1000_demands", "all of it", "{:.2f} s"),
    ("accepted to notice at half of that rate, p50", "accepted_to_notice_p50_seconds", "/s", "{:.2f} s"),
    ("p99", "accepted_to_notice_p99_seconds", "/s", "{:.2f} s"),
    ("accepted to found to be like another, p99", "accepted_to_likeness_p99_seconds", "/s", "{:.2f} s"),
    ("quiet after the last notice", "quiet_after_seconds", "", "{:.2f} s"),
)
"""Words, measure, how its setting goes on, format."""
PARTS = ("intake", "matching", "points", "notify", "rabbitmq", "mongod", "load generator")


def about_this_run() -> dict[str, str]:
    """Return when, on what machine and of which commit it is measured."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    memory = psutil.virtual_memory().total / 2**30
    machine = (
        f"{_processor()}, {psutil.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}"
    )
    return {"date": datetime.now(UTC).strftime("%Y-%m-%d"), "commit": commit or "?", "machine": machine}


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "?")


def section(about: Mapping[str, str], rows: Sequence[Row]) -> str:
    """Return a run as Markdown: one table a load, then what each process used and what else was measured."""
    lines = [f"Measured {about['date']}, commit `{about['commit']}`, {about['machine']}.", ""]
    for load in dict.fromkeys(
        _load_of(row) for row in rows if row["measure"] == "demands_through_per_second"
    ):
        lines += [f"| {load} | four processes | one process |", "|---|---|---|"]
        for words, measure, end, form in TABLE:
            cells = [
                _cell(rows, measure, f"{how}, {load}", end, form) for how in ("four processes", "one process")
            ]
            lines.append(f"| {words} | {' | '.join(cells)} |")
        used = [
            f"{part} {_cell(rows, 'cpu_seconds_per_1000_demands', f'four processes, {load}', part, '{:.2f}')}"
            for part in PARTS
        ]
        memory = [
            f"{part} {_cell(rows, 'memory_peak_mb', f'four processes, {load}', part, '{:.0f}')}"
            for part in PARTS[:4]
        ]
        lines += [
            "",
            f"CPU seconds for 1,000 demands: {', '.join(used)}. Memory at the most, MB: {', '.join(memory)}.",
            "",
        ]
    lines += [*_where_the_time_goes(rows), *_what_the_database_is_asked(rows)]
    others = [row for row in rows if not _is_of_a_load(row)]
    if others:
        lines += ["| else | | |", "|---|---|---|"]
        lines += [
            f"| {row['measure']} | {row['value']:,.4g} {row['unit']} | {row['setting']} |" for row in others
        ]
    return "\n".join(lines).strip()


def _where_the_time_goes(rows: Sequence[Row]) -> list[str]:
    """Return a table of stages by service, those that take the longest first."""
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        if row["measure"] == stages.STAGE:
            _, service, stage = str(row["setting"]).split(", ", 2)
            found.setdefault(stage, {})[service] = row["value"]
    if not found:
        return []
    head = f"| seconds of CPU for 1,000 demands: stage | {' | '.join(stages.SERVICES)} | together |"
    lines = [head, "|---" * (2 + len(stages.SERVICES)) + "|"]
    for stage in sorted(found, key=lambda stage: -sum(found[stage].values())):
        cells = [f"{found[stage][name]:.3f}" if name in found[stage] else "–" for name in stages.SERVICES]
        lines.append(f"| {stage} | {' | '.join(cells)} | {sum(found[stage].values()):.3f} |")
    return [*lines, ""]


def _what_the_database_is_asked(rows: Sequence[Row]) -> list[str]:
    seconds, calls = (
        {row["setting"]: row["value"] for row in rows if row["measure"] == measure}
        for measure in (stages.SECONDS, stages.CALLS)
    )
    if not seconds:
        return []
    lines = ["| the database, for 1,000 demands: collection and command | calls | seconds |", "|---|---|---|"]
    lines += [
        f"| {setting.partition(', ')[2]} | {calls[setting]:,.0f} | {value:.3f} |"
        for setting, value in seconds.items()
    ]
    return [*lines, ""]


def _load_of(row: Row) -> str:
    return str(row["setting"]).partition(", ")[2]


def _is_of_a_load(row: Row) -> bool:
    loads = ("different texts", "the same texts")
    return any(f", {load}" in row["setting"] or row["setting"].startswith(f"{load}, ") for load in loads)


def _cell(rows: Sequence[Row], measure: str, setting: str, end: str, form: str) -> str:
    for row in rows:
        if row["measure"] == measure and _goes_on(str(row["setting"]), setting, end):
            return form.format(row["value"])
    return "–"


def _goes_on(setting: str, begin: str, end: str) -> bool:
    """Whether a setting is `begin`, or goes on from it with what ends so."""
    rest = setting.removeprefix(begin) if setting.startswith(begin) else None
    return rest == "" if not end else rest is not None and rest.startswith(", ") and rest.endswith(end)


def write(about: Mapping[str, str], rows: Sequence[Row]) -> None:
    """Put a run's section into the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{section(about, rows)}\n{END}{after}")
