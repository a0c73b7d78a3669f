"""Plain words for dangers (`data/signs.tsv`): they help the reader where it half hears one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

from services.language.rows import DATA, BrokenTable, rows
from services.language.words import DangerKind

TABLE = DATA / "signs.tsv"
NOT_NOW, NO_DANGER, ASKED = "not_now", "no_danger", "asked"
BEHIND_CHARACTERS = 4
_CLAUSE = re.compile(r"[，。；！？,;!?…\n]")


@dataclass(frozen=True, slots=True)
class Signs:
    """Patterns by kind of danger.

    Arguments:
        asked: enough to ask, whatever else is said.
        not_now: before a sign in its clause they make it a worry or a memory.
        no_danger: right behind a sign they make it something else.
    """

    by_kind: Mapping[str, re.Pattern[str]]
    asked: re.Pattern[str]
    not_now: re.Pattern[str]
    no_danger: re.Pattern[str]

    def found(self, text: str) -> tuple[str, str] | None:
        """Return the first kind that a text has a sign of, with the words; None where there is none."""
        for kind, pattern in self.by_kind.items():
            for sign in pattern.finditer(text):
                if self._holds(text, sign):
                    return kind, sign.group()
        return None

    def asks(self, text: str) -> bool:
        """Return whether a text says what is enough to ask, whatever else it says."""
        return any(self._holds(text, sign) for sign in self.asked.finditer(text))

    def _holds(self, text: str, sign: re.Match[str]) -> bool:
        start = max((border.end() for border in _CLAUSE.finditer(text, 0, sign.start())), default=0)
        behind = text[sign.end() : sign.end() + BEHIND_CHARACTERS].lstrip("的")
        return not self.not_now.search(text, start, sign.start()) and not self.no_danger.match(behind)


def read_signs(file: Path = TABLE) -> Signs:
    """Return the signs.

    Raises:
        BrokenTable: an unknown kind, one that stands twice, or a pattern that cannot be read; says where.
    """
    found: dict[str, re.Pattern[str]] = {}
    for where, (kind, pattern) in rows(file, 2):
        if kind in found or kind not in (*get_args(DangerKind), NOT_NOW, NO_DANGER, ASKED):
            raise BrokenTable(f"{where}: {kind!r} is unknown or stands twice")
        try:
            found[kind] = re.compile(pattern)
        except re.error as error:
            raise BrokenTable(f"{where}: {error}") from error
    if not {NOT_NOW, NO_DANGER, ASKED} <= set(found):
        raise BrokenTable(f"{file.name}: {NOT_NOW}, {NO_DANGER} or {ASKED} is missing")
    asked, not_now, no_danger = found.pop(ASKED), found.pop(NOT_NOW), found.pop(NO_DANGER)
    return Signs(found, asked, not_now, no_danger)


@cache
def own_signs() -> Signs:
    """Return the signs that the project was published with."""
    return read_signs()
