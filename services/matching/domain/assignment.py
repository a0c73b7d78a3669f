"""Who gets scarce slots: demands that compete for the same providers are assigned together.

The best total of all, under capacity: somebody in danger before comfort, those who have waited longer before
those who came just now, and otherwise whoever is the better match. A provider never gets more than it has
places for; whoever gets none waits on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.contracts.ids import OrderId

SCARCE_SHARE = 0.2
"""A provider with less than this share of its places left is scarce: who gets them is decided together."""
NEAR_SHARE = 0.8
"""Somebody whose score is at least this share of the best one's will do as well."""
SERVED_VALUE = 10.0
"""Value of being served at all, so that no place stays empty for a better match elsewhere."""
URGENT_VALUE = 100.0
WAITING_VALUE = 4.0
"""Value of having waited longest; the one who came last has none of it."""


@dataclass(frozen=True, slots=True)
class Bid:
    """One order that wants a place.

    Arguments:
        order: its id.
        scores: by provider that will do, how good a match it is.
        urgent: somebody is in danger.
        since: when it began to wait.
    """

    order: OrderId
    scores: Mapping[str, float]
    urgent: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class Edge:
    """What it is worth to give a row (bid) a column (place)."""

    row: int
    column: int
    value: float


class Solver(Protocol):
    """Finds the assignment of greatest total value."""

    def __call__(self, rows: int, columns: int, edges: Sequence[Edge]) -> Mapping[int, int]:
        """Return row → column; every row gets exactly one column, no column is given twice.

        Arguments:
            edges: every row has at least one that no other row has.
        """


def assign(bids: Sequence[Bid], slots: Mapping[str, int], solve: Solver) -> dict[OrderId, str]:
    """Return order → provider for all that get a place; the order of bids and providers changes nothing.

    Arguments:
        slots: by provider, how many more orders it can carry.
    """
    ranked = sorted(bids, key=lambda bid: (bid.since, bid.order))
    columns = _columns(ranked, slots)
    edges: list[Edge] = []
    for row, bid in enumerate(ranked):
        worth = SERVED_VALUE + URGENT_VALUE * bid.urgent + WAITING_VALUE * (1 - row / len(ranked))
        for provider, score in sorted(bid.scores.items()):
            edges.extend(Edge(row, column, worth + score) for column in columns.get(provider, ()))
    taken = sum(len(its) for its in columns.values())
    # A column of its own for everybody: to wait on is always possible, and worth nothing.
    edges.extend(Edge(row, taken + row, 0.0) for row in range(len(ranked)))
    owner = {column: provider for provider, its in columns.items() for column in its}
    given = solve(len(ranked), taken + len(ranked), edges) if ranked else {}
    return {ranked[row].order: owner[column] for row, column in given.items() if column in owner}


def _columns(bids: Sequence[Bid], slots: Mapping[str, int]) -> dict[str, range]:
    """A column for each place that somebody may want, numbered through."""
    wanted: dict[str, int] = {}
    for bid in bids:
        for provider in bid.scores:
            wanted[provider] = wanted.get(provider, 0) + 1
    columns: dict[str, range] = {}
    at = 0
    for provider in sorted(wanted):
        count = max(0, min(wanted[provider], slots.get(provider, 0)))
        columns[provider] = range(at, at + count)
        at += count
    return columns


EVIDENCE = {"职责": 0.0, "资源": 0.0, "意思": 0.25, "事项": 0.25, "经验": 0.25}
"""Parts that speak for a provider when they are above this: a hint of a wish or affair is none; a contract or
free capacity alone is no reason to let an order wait for it."""


class Named(Protocol):
    """A part of a score."""

    @property
    def name(self) -> str: ...

    @property
    def value(self) -> float: ...


def speaks_for(parts: Iterable[Named]) -> bool:
    """Return whether words or experience speak for somebody, not its contract or free hands alone."""
    return any(part.value > EVIDENCE[part.name] for part in parts if part.name in EVIDENCE)


def will_do(scores: Mapping[str, float]) -> dict[str, float]:
    """Return those who are as good as the best, or nearly."""
    best = max(scores.values(), default=0.0)
    least = best - (1 - NEAR_SHARE) * abs(best)
    return {provider: score for provider, score in scores.items() if score >= least}


def is_scarce(capacity: int, taken: int) -> bool:
    """Return whether who gets a provider's last places has to be decided among all who want them."""
    return capacity - taken <= max(1, int(SCARCE_SHARE * capacity))
