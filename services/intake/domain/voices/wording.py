"""Reads a text: one spelling for the same thing, petitions' phrases taken out, cut into pairs."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from services.intake.domain.voices.vocabulary import PHRASES

CHARS_MAX = 2_000
GAP = "\n"

_NUMERAL = re.compile("[一二三四五六七八九](?=号线|期|栋|号楼|单元|组|标段)")
_NUMERALS = dict(zip("一二三四五六七八九", "123456789", strict=True))
_SPACES = re.compile(r"(?<=[\u4e00-\u9fff0-9a-z])[ \t·•\u3000]+(?=[\u4e00-\u9fff0-9a-z])")
_SCHOOL = re.compile("第?([一二三四五六七八九])(小|中)(?:学|(?![学区时孩组心午间国]))")
_NUMBER = re.compile(r"(?!19\d\d|20\d\d|11[049])\d{1,3}[1-9]")
_OTHER = re.compile(r"[^\u4e00-\u9fff0-9a-z]+|\d{5,}")
_PIECE = re.compile(r"[0-9a-z]+|[\u4e00-\u9fff]")


def plain(text: str) -> str:
    """Return the text in small letters and half width, signs and long numbers as gaps."""
    even = unicodedata.normalize("NFKC", text[:CHARS_MAX]).lower()
    even = _NUMERAL.sub(lambda found: _NUMERALS[found[0]], _SPACES.sub("", even))
    even = _SCHOOL.sub(r"\1\2学", even)
    return _OTHER.sub(GAP, even).strip()


def meant(text: str) -> str:
    """Return a plain text without what every petition says."""
    return PHRASES.sub(GAP, text)


def pairs(text: str) -> Iterator[str]:
    """Yield each two neighbours, characters or whole numbers; a number that is not round alone, too."""
    for run in text.split(GAP):
        pieces = _PIECE.findall(run)
        for first, second in pairwise(pieces):
            yield first + second
            if _NUMBER.fullmatch(second):
                yield second
        if pieces and _NUMBER.fullmatch(pieces[0]):
            yield pieces[0]
