"""Phrases that decide something beside the model (`data/phrases.tsv`)."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from services.language.rows import DATA, BrokenTable, rows

TABLE = DATA / "phrases.tsv"
Phrase = Literal["again", "feared", "community", "upon_before", "upon_behind", "praise", "no_person"]


def read_phrases(file: Path = TABLE) -> Mapping[str, re.Pattern[str]]:
    """Return the phrases by name.

    Raises:
        BrokenTable: a name is unknown, stands twice or is missing, or a pattern cannot be read; says where.
    """
    found: dict[str, re.Pattern[str]] = {}
    for where, (name, pattern) in rows(file, 2):
        if name in found or name not in get_args(Phrase):
            raise BrokenTable(f"{where}: {name!r} is unknown or stands twice")
        try:
            found[name] = re.compile(pattern)
        except re.error as error:
            raise BrokenTable(f"{where}: {error}") from error
    missing = set(get_args(Phrase)) - set(found)
    if missing:
        raise BrokenTable(f"{file.name}: no row for {', '.join(sorted(missing))}")
    return found


@cache
def phrase(name: Phrase) -> re.Pattern[str]:
    """Return a phrase of those that the project was published with."""
    return read_phrases()[name]
