"""A linear model over character n-grams: whole numbers in a table that people can read."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, sqrt
from pathlib import Path
from typing import Any

import numpy as np

from services.language.grams import LONGEST, Keys, gram_of, key_of, keys, normal, shorter_than

DATA = Path(__file__).parent / "data"
MODEL = DATA / "model.tsv"
WISHES_MODEL = DATA / "wishes_model.tsv"
PARTS = 10
"""Weights are kept in tenths."""
WISHES_LONGEST = 2
"""Wishes are known by n-grams of so many signs at the most."""
TOO_LONG_FOR_WISHES = shorter_than(WISHES_LONGEST + 1)
NO_KEY = 2**63 - 1
"""Stands behind all keys, so that what is looked for is always before something."""
FIRM = 300.0
"""Added to the square of a text's length: where little is said, little is known of what is wished for."""
STRANGE = 81.0
"""What an n-gram that no sentence held adds to it; as much as the rarest that are known."""
WEIGHT_MAX = 32_767
"""Larger ones have no place in the table, whose numbers are of two bytes."""
LOGIT_MAX = 30.0
SHARPNESS = 16.0
"""Margins of wishes are multiplied by this: of hands that were not learnt from it then says best how likely a
wish is."""


class BrokenModel(ValueError):
    """The table cannot be read; says where."""


@dataclass(frozen=True, slots=True)
class Head:
    """One question that the model answers.

    Arguments:
        name: of the answer, as `now` or `kind.fire`.
        bias: the logit of a text of which nothing is known, in tenths.
        perhaps, sure: from which chance on, in thousandths, the answer counts as perhaps or surely yes.
    """

    name: str
    bias: int
    perhaps: int
    sure: int


class Model:
    """Answers its heads' questions about texts.

    Arguments:
        version: digest of the sentences that it was made from.
        heads: in the order of the weights.
        known: the keys of the n-grams, in the order of their rows.
        rows: one after the other: the square of the rarity, then a weight for each head, all in tenths.
    """

    def __init__(self, version: str, heads: Sequence[Head], known: "array[int]", rows: "array[int]") -> None:
        self.version = version
        self.heads = {head.name: head for head in heads}
        self._heads = tuple(heads)
        self._bias = np.array([head.bias for head in heads], dtype=np.int64)
        table = np.frombuffer(rows, dtype=np.int16).reshape(len(known), 1 + len(heads))
        unsorted = np.frombuffer(known, dtype=np.int64)
        order = np.argsort(unsorted)
        self._known = np.append(unsorted[order], NO_KEY)
        self._table = table[order]

    def chances(self, text: str) -> Mapping[str, int]:
        """Return for each head how likely the answer is yes, in thousandths; the same on every machine."""
        return self.chances_of(keys(normal(text)))

    def chances_of(self, spoken: Keys) -> Mapping[str, int]:
        """Return the same for a text's n-grams."""
        rarity, *sums = self._sum(self._rows(spoken)).tolist()
        length = sqrt(rarity / PARTS) or 1.0
        # So few answers are quicker reckoned one by one than as an array.
        return {
            head.name: _chance((head.bias + weight / length) / PARTS)
            for head, weight in zip(self._heads, sums, strict=True)
        }

    def shares_of(self, spoken: Keys, most: int, least: int) -> tuple[tuple[str, int], ...]:
        """Return which head a text belongs to, where it belongs to one of them, likeliest first.

        Arguments:
            spoken: the n-grams of a text; those that are longer than wishes know do not count.
            most: so many heads at the most.
            least: share, in thousandths, below which a head is not named, except the likeliest.
        """
        short = spoken[: np.searchsorted(spoken, TOO_LONG_FOR_WISHES)]
        known = self._rows(short)
        sums = self._sum(known)
        length = sqrt(int(sums[0]) / PARTS + FIRM + STRANGE * (len(short) - len(known)))
        logits = SHARPNESS * (self._bias + sums[1:] / length) / PARTS
        shares = np.exp(logits - logits.max())
        shares = np.rint(1_000 * shares / shares.sum()).astype(np.int64)
        first, *others = np.argsort(-shares, kind="stable")[:most].tolist()
        named = [first, *(number for number in others if shares[number] >= least)]
        return tuple((self._heads[number].name, int(shares[number])) for number in named)

    def _rows(self, spoken: Keys) -> Any:
        """Return the numbers of the rows of those n-grams that are known."""
        rows = np.searchsorted(self._known, spoken)
        return rows[self._known.take(rows) == spoken]

    def _sum(self, rows: Any) -> Any:
        """Return the sum of rows, which are given by their numbers."""
        return np.add.reduce(self._table.take(rows, axis=0), axis=0, dtype=np.int32)

    def speaking(self, text: str, head: str) -> list[tuple[str, int]]:
        """Return the n-grams of a text that speak for an answer, with their weights, heaviest first."""
        rows = self._rows(keys(normal(text)))
        weights = self._table[rows, 1 + self._heads.index(self.heads[head])]
        speaks = weights > 0
        grams = map(gram_of, self._known[rows[speaks]].tolist())
        found = zip(grams, weights[speaks].tolist(), strict=True)
        return sorted(found, key=lambda one: (-one[1], one[0]))


def _chance(logit: float) -> int:
    """Return a logit as a chance in thousandths."""
    return round(1_000 / (1 + exp(-max(-LOGIT_MAX, min(LOGIT_MAX, logit)))))


def written(version: str, heads: Sequence[Head], rows: Mapping[str, Sequence[int]]) -> str:
    """Return a model as a table; `read_model` reads it."""
    lines = [f"version\t{version}"]
    lines += [f"head\t{head.name}\t{head.bias}\t{head.perhaps}\t{head.sure}" for head in heads]
    for gram, (rarity, *weights) in sorted(rows.items()):
        cells = [f"{number}:{weight}" for number, weight in enumerate(weights) if weight]
        lines.append("\t".join(("gram", gram, str(rarity), " ".join(cells))))
    return "\n".join(lines) + "\n"


def read_model(lines: Iterable[str], name: str = "model.tsv") -> Model:
    """Return the model that a table holds.

    Arguments:
        name: of the file, for errors.

    Raises:
        BrokenModel: a line is not as it should be; says which.
    """
    version, heads = "", list[Head]()
    known, rows = array("q"), array("h")
    for number, line in enumerate(lines, 1):
        what, *cells = line.rstrip("\n").split("\t")
        try:
            if what == "version":
                (version,) = cells
            elif what == "head":
                title, bias, perhaps, sure = cells
                heads.append(Head(title, int(bias), int(perhaps), int(sure)))
            elif what == "gram":
                gram, rarity, weights = cells
                if not 1 <= len(gram) <= LONGEST:
                    raise ValueError(gram)
                known.append(key_of(gram))
                rows.extend(_row(int(rarity), weights, len(heads)))
            else:
                raise ValueError(what)
        except (ValueError, IndexError) as error:
            raise BrokenModel(f"{name}:{number}: {error}") from error
    if not version or not heads:
        raise BrokenModel(f"{name}: no version or no heads")
    if len(set(known)) < len(known):
        raise BrokenModel(f"{name}: an n-gram stands twice")
    return Model(version, heads, known, rows)


def _row(rarity: int, weights: str, heads: int) -> "array[int]":
    """Return a row as numbers of two bytes: as lists of whole numbers all rows would take some 70 MB more."""
    row = array("h", bytes(2 * (1 + heads)))
    if rarity > WEIGHT_MAX:
        raise ValueError(rarity)
    for cell in weights.split():
        column, weight = cell.split(":")
        if not 0 <= int(column) < heads:
            raise ValueError(column)
        if abs(int(weight)) > WEIGHT_MAX:
            raise ValueError(weight)
        row[1 + int(column)] = int(weight)
    row[0] = rarity
    return row


@cache
def own_model() -> Model:
    """Return the model that the project was published with."""
    with MODEL.open(encoding="utf-8") as lines:
        return read_model(lines)


@cache
def own_wishes_model() -> Model:
    """Return the model of wishes that the project was published with."""
    with WISHES_MODEL.open(encoding="utf-8") as lines:
        return read_model(lines, WISHES_MODEL.name)
