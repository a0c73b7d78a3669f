"""A text as the set of its character n-grams, which need no word list and forgive new words."""

import re
import unicodedata

LONGEST = 3
EDGE = "^"
"""Stands before and behind a text, so that how it begins and ends counts."""

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
