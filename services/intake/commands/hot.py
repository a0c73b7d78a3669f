"""`sandan hot`: which of many demands are about one matter, and which matters are hot; no server is asked."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.chassis.lines import Fault, read_lines
from services.contracts.community_file import CommunityFile, Compound, Venue
from services.intake.commands.communities import read_or_exit
from services.intake.domain.issues import Standing, Thresholds, headline
from services.intake.domain.voices.clusters import Cluster, grouped
from services.intake.domain.voices.evaluation import agreement
from services.intake.domain.voices.likeness import Traits, traits_of
from services.language.masks import masked

app = typer.Typer(help="Find the matters that many voices are about (热点).", invoke_without_command=True)
BAD_LINES = 2
CHINA = "Asia/Shanghai"
_LOOSE_DATE = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::\d{2})?)?")
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


def _even_date(given: object) -> object:
    """Dates are also written 2025/3/1 8:05."""
    found = _LOOSE_DATE.fullmatch(given.strip()) if isinstance(given, str) else None
    if found is None:
        return given or None
    year, month, day, hour, minute = (int(part or 0) for part in found.groups())
    try:
        return datetime(year, month, day, hour, minute)  # noqa: DTZ001 - only its day counts, as it is written
    except ValueError as error:
        raise ValueError("不是日期") from error


def _how_many(given: object) -> object:
    """Supporters are given as their number, or each by a reference."""
    return len(set(map(str, given))) if isinstance(given, list) else given


class MatterLine(BaseModel):
    """A demand on a line, maybe with the matter that it is about; fields it does not know are passed over."""

    model_config = ConfigDict(frozen=True)

    id: Annotated[str | int, Field(union_mode="left_to_right")]
    text: Text
    title: str | None = None
    compound: str | None = None
    at: Annotated[datetime | date | None, BeforeValidator(_even_date)] = None
    supporters: Annotated[int, Field(ge=0), BeforeValidator(_how_many)] = 0
    matter: str | int | None = None


@dataclass(frozen=True, slots=True)
class ReadLines:
    """The lines that could be read, in the order of their ids, and how many could not."""

    lines: tuple[MatterLine, ...]
    bad: int


Community = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="community file: its compounds, and when it is hot"),
]
ShowAll = Annotated[bool, typer.Option("--all", help="also matters of one demand alone")]


@app.callback()
def hot(context: typer.Context, community: Community = None, show_all: ShowAll = False) -> None:
    """Read demands from standard input, one JSON object a line; print issues, the hottest first."""
    if context.invoked_subcommand is not None:
        return
    file = read_or_exit(community) if community else None
    read = _read(sys.stdin.buffer, "stdin")
    for issue in found(read.lines, file, show_all=show_all):
        typer.echo(json.dumps(issue, ensure_ascii=False))
    if read.bad:
        raise typer.Exit(BAD_LINES)


@app.command()
def evaluate(
    labelled: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="lines with a `matter` each")],
) -> None:
    """Compare what is found with labels: precision and recall of the pairs put together, and F1."""
    with labelled.open("rb") as lines:
        read = _read(lines, str(labelled), labels=True)
    matters = grouped([_traits(line, {}) for line in read.lines])
    number_of = {member: number for number, matter in enumerate(matters) for member in matter.members}
    labels = [line.matter for line in read.lines]
    result = agreement([number_of[number] for number in range(len(read.lines))], labels)
    figures = {
        "demands": len(read.lines),
        "matters": len(set(labels)),
        "precision": round(result.precision, 4),
        "recall": round(result.recall, 4),
        "f1": round(result.f1, 4),
    }
    typer.echo(json.dumps(figures))
    if read.bad:
        raise typer.Exit(BAD_LINES)


def found(
    lines: Sequence[MatterLine], file: CommunityFile | None = None, *, show_all: bool = False
) -> list[dict[str, Any]]:
    """Return the issues among demands, the hottest first; those of one demand alone only when asked for."""
    places = _places(file)
    thresholds = _thresholds(file)
    zone = ZoneInfo(file.community.timezone if file else CHINA)
    traits = [_traits(line, places) for line in lines]
    issues = [
        _issue(matter, lines, traits, thresholds, zone)
        for matter in grouped(traits)
        if show_all or len(matter.members) > 1
    ]
    issues.sort(key=lambda issue: (-issue[0], issue[1]["issue"]))
    return [issue for _, issue in issues]


def _issue(
    matter: Cluster,
    lines: Sequence[MatterLine],
    traits: Sequence[Traits],
    thresholds: Thresholds,
    zone: ZoneInfo,
) -> tuple[float, dict[str, Any]]:
    members = [lines[number] for number in matter.members]
    compounds = {traits[number].compound for number in matter.members} - {None}
    days = {_day(line.at, zone) for line in members if line.at is not None}
    voices = sum(1 + line.supporters for line in members)
    standing = Standing(len(members), voices, len(compounds), len(days))
    central = lines[matter.central]
    return standing.heat, {
        "issue": str(members[0].id),
        "title": masked(headline(central.title, central.text)),
        "demands": [line.id for line in members],
        "voices": voices,
        "compounds": len(compounds),
        "days": len(days),
        "hot": standing.is_hot(thresholds),
        "because": standing.because(matter.names, matter.words),
    }


def _day(at: datetime | date, zone: ZoneInfo) -> date:
    """Return a day of the community's; a moment without a zone is taken as it is written."""
    if not isinstance(at, datetime):
        return at
    return at.astimezone(zone).date() if at.tzinfo else at.date()


def _traits(line: MatterLine, places: Mapping[str, str]) -> Traits:
    compound = places.get(line.compound or "", line.compound) or _mentioned(line, places)
    return traits_of(line.text, line.title, compound)


def _mentioned(line: MatterLine, places: Mapping[str, str]) -> str | None:
    """Return the only compound of the community that a demand speaks of."""
    words = f"{line.title or ''}\n{line.text}"
    spoken = {place for name, place in places.items() if len(name) > 1 and name in words}
    return spoken.pop() if len(spoken) == 1 else None


def _places(file: CommunityFile | None) -> dict[str, str]:
    if file is None:
        return {}
    entries: list[Compound | Venue] = [*file.compounds, *file.venues]
    return {name: entry.id for entry in entries for name in (entry.id, entry.name, *entry.aliases)}


def _thresholds(file: CommunityFile | None) -> Thresholds:
    if file is None:
        return Thresholds()
    rule = file.voices
    return Thresholds(rule.hot_demands, rule.hot_voices, rule.hot_compounds, rule.hot_days)


def _read(raw_lines: Iterable[bytes], name: str, *, labels: bool = False) -> ReadLines:
    """Return what can be read; of every other line say on standard error which it is and why."""
    lines: dict[str, MatterLine] = {}
    bad = 0
    for number, line in read_lines(raw_lines, MatterLine, name):
        fault = line if isinstance(line, Fault) else _fault_of(line, lines, labels=labels)
        if isinstance(line, MatterLine) and not fault:
            lines[str(line.id)] = line
            continue
        bad += 1
        typer.echo(str(fault) if isinstance(fault, Fault) else str(Fault(name, number, fault)), err=True)
    return ReadLines(tuple(lines[key] for key in sorted(lines)), bad)


def _fault_of(line: MatterLine, known: Mapping[str, MatterLine], *, labels: bool) -> str:
    if str(line.id) in known:
        return f"编号 {line.id} 重复"
    return "没有标注 matter" if labels and line.matter is None else ""
