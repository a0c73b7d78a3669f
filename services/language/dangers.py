"""Kinds of danger: what residents read, whom to call, and what to do first (`data/dangers.tsv`)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

from services.language.rows import DATA, BrokenTable, rows
from services.language.words import DangerKind

TABLE = DATA / "dangers.tsv"
NOTHING = "-"
LINES: Mapping[str, str] = {"gas": "燃气抢修", "power": "供电抢修", "lift": "电梯救援", "poison": "中毒咨询"}
"""Numbers that a community may have of its own → what people call them."""

_NUMBER = re.compile(r"1\d{2}")


@dataclass(frozen=True, slots=True)
class Danger:
    """One kind of danger.

    Arguments:
        kind: as the reader tells it.
        name: as residents read it.
        call: numbers of the whole country, in the order in which they are to be called.
        line: name of the community's own number to be called besides; empty: none.
        first: what to do at once.
    """

    kind: str
    name: str
    call: tuple[str, ...]
    line: str
    first: str


def read_dangers(file: Path = TABLE) -> Mapping[str, Danger]:
    """Return the dangers by kind.

    Raises:
        BrokenTable: a row names an unknown kind, line or number, a kind is missing or stands twice.
    """
    found: dict[str, Danger] = {}
    for where, (kind, name, call, line, first) in rows(file, 5):
        if kind not in get_args(DangerKind):
            raise BrokenTable(f"{where}: there is no danger {kind!r}")
        if kind in found:
            raise BrokenTable(f"{where}: {kind} stands twice")
        if line != NOTHING and line not in LINES:
            raise BrokenTable(f"{where}: there is no line {line!r}")
        numbers = tuple(call.split())
        if not all(map(_NUMBER.fullmatch, numbers)):
            raise BrokenTable(f"{where}: {call!r} are no numbers of the whole country")
        found[kind] = Danger(kind, name, numbers, "" if line == NOTHING else line, first)
    missing = set(get_args(DangerKind)) - set(found)
    if missing:
        raise BrokenTable(f"{file.name}: no row for {', '.join(sorted(missing))}")
    return found


@cache
def own_dangers() -> Mapping[str, Danger]:
    """Return the dangers that the project was published with."""
    return read_dangers()
