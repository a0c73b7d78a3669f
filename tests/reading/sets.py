"""Sentences of hands that saw no rule, with what each says; half of them kept unseen until the end."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zlib import crc32

BLIND = Path(__file__).parents[1] / "data" / "blind"
Half = Literal["seen", "unseen", "all"]


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence.

    Arguments:
        kind: what it is, in the words of its set.
        more: what else its set says of it.
    """

    text: str
    kind: str
    more: str = ""

    @property
    def is_unseen(self) -> bool:
        """Return whether it belongs to the half that nobody looked at before the end."""
        return crc32(self.text.encode()) % 2 == 1


def told(name: str, half: Half = "all") -> list[Told]:
    """Return the sentences of a set, as `now` or `accuse`."""
    return [
        one for one in _rows(BLIND / f"{name}.tsv") if half == "all" or one.is_unseen == (half == "unseen")
    ]


def _rows(file: Path) -> Iterator[Told]:
    for line in file.read_text(encoding="utf-8").splitlines():
        text, kind, *more = line.split("\t")
        yield Told(text, kind, more[0] if more else "")
