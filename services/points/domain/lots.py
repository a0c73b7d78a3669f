"""Lots: points that go together, since they expire together. First in, first out, by the day they expire."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Lot:
    """Points that expire at one moment; without one they never do."""

    points: int
    expires_at: datetime | None = None


Lots = tuple[Lot, ...]
"""Ascending by the moment at which they expire, no two of the same; those that never do stand last."""


def total_points(lots: Iterable[Lot]) -> int:
    """Return how many points lots hold together."""
    return sum(lot.points for lot in lots)


def joined(*many: Lots) -> Lots:
    """Return lots together, those that expire together as one."""
    points: dict[datetime | None, int] = {}
    for lot in (lot for lots in many for lot in lots):
        points[lot.expires_at] = points.get(lot.expires_at, 0) + lot.points
    return tuple(Lot(points[at], at) for at in sorted(points, key=_order) if points[at])


def taken(lots: Lots, amount_points: int) -> tuple[Lots, Lots]:
    """Return the lots that an amount is taken from, the first to expire first, and what is left of all.

    Arguments:
        amount_points: not more than there is.
    """
    gone: list[Lot] = []
    left: list[Lot] = []
    for lot in lots:
        part = min(lot.points, amount_points)
        amount_points -= part
        if part:
            gone.append(Lot(part, lot.expires_at))
        if lot.points > part:
            left.append(Lot(lot.points - part, lot.expires_at))
    assert not amount_points, "whoever takes points has looked whether they are there"
    return tuple(gone), tuple(left)


def expired(lots: Lots, at: datetime) -> Lots:
    """Return the lots whose moment has come."""
    return tuple(lot for lot in lots if lot.expires_at is not None and lot.expires_at <= at)


def next_expiry(lots: Lots) -> datetime | None:
    """Return when the first of them expires; None where none does."""
    return lots[0].expires_at if lots else None


def _order(at: datetime | None) -> tuple[bool, float]:
    return at is None, at.timestamp() if at else 0.0
