"""The sentences that the reader learns from: what residents might say, each labelled by who wrote it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from services.language.words import Accusation, Asked, DangerKind, Level

SENTENCES = Path(__file__).parent / "data" / "sentences"
COLUMNS = ("text", "danger", "kind", "accusation", "privacy", "asked", "where")
NO_KIND = "-"
UNKNOWN = "?"
"""Whoever wrote it did not say; no question that depends on it learns from the sentence."""

_ALLOWED = {
    "danger": get_args(Level),
    "kind": (*get_args(DangerKind), NO_KIND),
    "accusation": get_args(Accusation),
    "privacy": ("private", "public"),
    "asked": get_args(Asked),
    "where": ("here", "elsewhere"),
}


class BadSentence(ValueError):
    """A line is not as it should be; says which."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """What somebody might say, and what it says.

    Arguments:
        hand: who wrote it: the file's name.
        kind: of the danger; `-` without one.
        danger, kind, accusation, privacy, asked, where: `?` where it was not said.
        is_wished: it was written for a wish, be that a deed or an answer.
    """

    hand: str
    text: str
    danger: str
    kind: str
    accusation: str
    privacy: str
    asked: str
    where: str
    is_wished: bool = False


def read_sentences(folder: Path = SENTENCES) -> list[Sentence]:
    """Return the sentences of all hands, in the order of their files.

    Raises:
        BadSentence: a line has other columns or words than it may; says file and line.
    """
    return [sentence for file in sorted(folder.glob("*.tsv")) for sentence in _of(file)]


def _of(file: Path) -> Iterator[Sentence]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        cells = line.split("\t")
        if len(cells) != len(COLUMNS):
            raise BadSentence(f"{file.name}:{number}: {len(COLUMNS)} columns are wanted, not {len(cells)}")
        for column, cell in zip(COLUMNS[1:], cells[1:], strict=True):
            if cell not in _ALLOWED[column] and cell != UNKNOWN:
                raise BadSentence(f"{file.name}:{number}: {column} cannot be {cell!r}")
        if not cells[0].strip():
            raise BadSentence(f"{file.name}:{number}: no text")
        if UNKNOWN not in cells[1:3] and (cells[1] == "none") != (cells[2] == NO_KIND):
            raise BadSentence(f"{file.name}:{number}: a danger has a kind, and nothing else has one")
        text, danger, kind, accusation, privacy, asked, place = cells
        yield Sentence(file.stem, text, danger, kind, accusation, privacy, asked, place)
