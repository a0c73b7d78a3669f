"""A matter as numbers: hashed n-grams of its words, the themes it speaks of, the place it comes from.

Only the hashes are kept in a community's experience; no text can be read back from them.
"""

from collections.abc import Mapping
from typing import Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.affairs import ThemeHeard
from services.matching.domain.evidence import TEXT_CHARACTERS_MAX
from services.matching.domain.matter import Matter

GRAM_BITS = 15
GRAMS = 1 << GRAM_BITS
PLACES = 64
TITLE_FACTOR = 2.0
THEME_SHARE = 0.5
"""Weight of the themes beside the n-grams."""
PLACE_SHARE = 0.2
Indices = NDArray[np.int64]
Values = NDArray[np.float64]
Features = tuple[Indices, Values]


class ByGram(Protocol):
    """Values by n-gram."""

    def __getitem__(self, grams: Indices, /) -> Values:
        """Return the values of n-grams, in their order."""
        ...


_LOW_32 = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32 - GRAM_BITS)


def dimensions(themes: int) -> int:
    """Return how many numbers a matter may have."""
    return GRAMS + themes + PLACES


def grams_of(text: str) -> Features:
    """Return the hashed 1-, 2- and 3-grams of a text, each with the root of how often it occurs."""
    letters = "".join(text[:TEXT_CHARACTERS_MAX].lower().split())
    codes = np.frombuffer(letters.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    ones = (codes * np.uint64(2_654_435_761)) & _LOW_32
    twos = ((ones[:-1] * np.uint64(31) + codes[1:] * np.uint64(40_503)) * np.uint64(2_246_822_519)) & _LOW_32
    threes = (
        (twos[:-1] * np.uint64(33) + codes[2:] * np.uint64(69_069)) * np.uint64(3_266_489_917)
    ) & _LOW_32
    hashed = np.concatenate((ones, twos, threes)) >> _SHIFT
    found, times = np.unique(hashed.astype(np.int64), return_counts=True)
    return found, 1.0 + np.log(times)


def features_of(
    matter: Matter, heard: Mapping[int, ThemeHeard], themes: int, rarity: ByGram | None
) -> Features:
    """Return a matter as numbers; n-grams, themes and place each have their share of the length 1.

    Arguments:
        heard: the themes it speaks of.
        themes: how many themes there are.
        rarity: by n-gram, how telling it is; None while nothing is known.
    """
    grams, times = _with_title(grams_of(matter.text), matter.title)
    told = times if rarity is None else times * rarity[grams]
    about = np.array([GRAMS + theme for theme in sorted(heard)], dtype=np.int64)
    weights = np.array([heard[theme].weight for theme in sorted(heard)], dtype=np.float64)
    indices, values = [grams, about], [_unit(told), THEME_SHARE * _unit(weights)]
    if matter.compound is not None:
        indices.append(np.array([GRAMS + themes + crc32(matter.compound.encode()) % PLACES], dtype=np.int64))
        values.append(np.array([PLACE_SHARE]))
    return np.concatenate(indices), np.concatenate(values)


def _with_title(text: Features, title: str | None) -> Features:
    if not title:
        return text
    found, times = grams_of(title)
    grams, where = np.unique(np.concatenate((text[0], found)), return_inverse=True)
    values = np.bincount(where, weights=np.concatenate((text[1], TITLE_FACTOR * times)))
    return grams, values.astype(np.float64)


def _unit(values: Values) -> Values:
    length = float(np.sqrt(values @ values))
    return values / length if length else values
