"""A text as the set of its character n-grams, which need no word list and forgive new words.

What is read at run time are their keys: numbers, since a string for each of a hundred n-grams a text takes
longer to make and to look up than everything that is then reckoned with them.
"""

import re
import unicodedata
from functools import reduce

import numpy as np
from numpy.typing import NDArray

LONGEST = 3
EDGE = "^"
"""Stands before and behind a text, so that how it begins and ends counts."""

SIGN_BITS = 21
"""A sign's code point plus one: no n-gram is the beginning of another's key."""
Keys = NDArray[np.int64]

_DIGITS = re.compile(r"\d+")
_SPACES = re.compile(r"\s+")
_REPEATED = re.compile(r"(.)\1{2,}")


def normal(text: str) -> str:
    """Return a text in the form that is read: one width, one case, no invisible marks, numbers as `0`."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    seen = "".join(sign for sign in plain if unicodedata.category(sign) != "Cf")
    return _REPEATED.sub(r"\1\1", _SPACES.sub(" ", _DIGITS.sub("0", seen))).strip()


def grams(plain: str) -> set[str]:
    """Return the n-grams of a text in normal form, of one to three signs."""
    whole = f"{EDGE}{plain}{EDGE}"
    return {
        whole[start : start + length]
        for length in range(1, LONGEST + 1)
        for start in range(len(whole) - length + 1)
    }


def keys(plain: str) -> Keys:
    """Return the keys of the n-grams of a text in normal form, each once, ascending: short n-grams first."""
    codes = np.frombuffer(f"{EDGE}{plain}{EDGE}".encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    single = codes.astype(np.int64)
    single += 1
    double = single[:-1] | (single[1:] << SIGN_BITS)
    triple = double[:-1] | (single[2:] << 2 * SIGN_BITS)
    every = np.concatenate((single, double, triple))
    every.sort()
    return every[_firsts(every)]


def _firsts(ascending: Keys) -> NDArray[np.bool_]:
    """Return which of them are not the one before."""
    firsts = np.empty(len(ascending), dtype=np.bool_)
    firsts[0] = True
    np.not_equal(ascending[1:], ascending[:-1], out=firsts[1:])
    return firsts


def key_of(gram: str) -> int:
    """Return the key of an n-gram."""
    return reduce(lambda key, sign: key << SIGN_BITS | ord(sign) + 1, reversed(gram), 0)


def gram_of(key: int) -> str:
    """Return the n-gram of a key."""
    signs = []
    while key:
        signs.append(chr((key & (1 << SIGN_BITS) - 1) - 1))
        key >>= SIGN_BITS
    return "".join(signs)


def shorter_than(length: int) -> int:
    """Return what the keys of all n-grams of fewer signs are less than, and those of others are not."""
    return 1 << SIGN_BITS * (length - 1)
