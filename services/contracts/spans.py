"""Many entries in sorted portions of bounded size: the leaves of a tree with one inner node, as in a B-tree.

Whoever keeps them holds where each portion begins; an entry more rewrites one portion.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")

PORTION_MAX = 400
"""So many stand in one portion; one that outgrows it is divided into halves or smaller."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a portion begins: the smallest key that would stand in it, and the portion's number."""

    first: str
    number: int


def span_of(spans: Sequence[Span], key: str) -> Span:
    """Return the span in which a key stands or would stand.

    Arguments:
        spans: ascending; the first begins with the empty key.
    """
    return spans[bisect_right(spans, key, key=lambda span: span.first) - 1]


def in_order(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Return spans as they are kept, ascending."""
    return tuple(sorted(spans, key=lambda span: span.first))


def parts_of(entries: Sequence[T]) -> Iterator[Sequence[T]]:
    """Return entries in equal parts, each at most half as many as a portion holds."""
    count = max(1, -(-2 * len(entries) // PORTION_MAX))
    cuts = [round(n * len(entries) / count) for n in range(count + 1)]
    for begin, end in pairwise(cuts):
        yield entries[begin:end]
