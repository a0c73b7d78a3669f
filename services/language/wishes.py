"""What residents wish for, by kind: how a kind is spoken of, and the sentences that hands wrote for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.language.rows import DATA, BrokenTable, rows

TABLE = DATA / "wishes.tsv"
WISHED = DATA / "wished"
NOTHING_HERE = "-"
"""Stands for what nobody in a community does: the weather, a lottery, a concert far away."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What may be wished for.

    Arguments:
        name: category and concept of the lexicon, parted by a slash; `-`: what nobody in a community does.
        likely: how likely it is, in thousandths.
    """

    name: str
    likely: int


@dataclass(frozen=True, slots=True)
class Wished:
    """What somebody might say who wishes for something.

    Arguments:
        hand: who wrote it: the file's name.
        wish: what for; `-` for what nobody in a community does.
    """

    hand: str
    wish: str
    text: str


def read_wishes(file: Path = TABLE) -> Mapping[str, str]:
    """Return how each kind of wish is spoken of, by its name (category and concept of the lexicon).

    Raises:
        BrokenTable: a name stands twice.
    """
    found: dict[str, str] = {}
    for where, (name, spoken) in rows(file, 2):
        if name in found:
            raise BrokenTable(f"{where}: {name} stands twice")
        found[name] = spoken
    return found


@cache
def own_wishes() -> Mapping[str, str]:
    """Return the wishes that the project was published with."""
    return read_wishes()


def read_wished(folder: Path = WISHED, file: Path = TABLE) -> list[Wished]:
    """Return the sentences of all hands, in the order of their files.

    Raises:
        BrokenTable: a row has other columns, or a wish that the table of wishes does not know.
    """
    known = {*read_wishes(file), NOTHING_HERE}
    return [one for hand in sorted(folder.glob("*.tsv")) for one in _of(hand, known)]


def _of(file: Path, known: set[str]) -> Iterator[Wished]:
    for where, (wish, text) in rows(file, 2):
        if wish not in known:
            raise BrokenTable(f"{where}: there is no wish {wish!r}")
        yield Wished(file.stem, wish, text)
