"""Where matching keeps things: orders, catalogues as they were loaded, what orders add up to, lessons."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar

from services.chassis.shelf import Index, Ref, Shelf, Watched
from services.matching.domain.lessons import Lesson
from services.matching.domain.lifecycle import UNDONE
from services.matching.domain.load import Load, Tally
from services.matching.domain.order import Order

T = TypeVar("T")

TIMER = "timer_at"
"""The field of an order that says when something happens to it by itself."""

QUEUED = "queued_at"
"""The field of an order that says since when it waits for a place."""


@dataclass(frozen=True, slots=True)
class CatalogueOnRecord:
    """The community file that the catalogue is made from, as JSON."""

    text: str


@dataclass(frozen=True, slots=True)
class Departed:
    """A provider that has left the catalogue; `departed_at` is empty once nothing lies with it any more."""

    name: str
    departed_at: datetime | None


LESSON_NUMBER = "number"

WITHOUT_DEADLINE: Mapping[str, object] = MappingProxyType(
    {"finish_due_at": None, "status": {"$in": sorted(status.value for status in UNDONE)}}
)
"""What an order that somebody should be working on looks like when nothing presses for it."""

ORDERS = Shelf(
    "orders",
    Order,
    Index(("status", "-_id")),
    Index(("provider.id", "-_id")),
    Index(("demand",)),
    Index(("-pressing", "-_id")),
    Index((TIMER,), due=True),
    Index((QUEUED,), due=True),
    Index(("created_at",), due=True, only=WITHOUT_DEADLINE),
    # Of two writers that give away the same place the database turns one away.
    Index(("provider.id", "seat"), unique=True, only={"seat": {"$gte": 0}}),
)
DEPARTED_AT = "departed_at"
DEPARTED = Shelf("departed", Departed, Index((DEPARTED_AT,), due=True))
CATALOGUES = Shelf("catalogues", CatalogueOnRecord)
TALLIES = Shelf("loads", Tally, Index(("lessons",)))


class _Unwritten(Shelf[T]):
    """A shelf of values that are made of others and never written themselves."""

    def encode(self, value: T) -> dict[str, Any]:
        """Return nothing: what is left on it is not kept."""
        return {}


LOADS = _Unwritten("load", Load)

LESSONS = Shelf("lessons", Lesson, Index((LESSON_NUMBER,)))

SHELVES = (ORDERS, DEPARTED, CATALOGUES, TALLIES, LESSONS)
WATCHED = (Watched("orders_without_deadline", ORDERS, "created_at", WITHOUT_DEADLINE),)


def order_ref(community: str, order: str) -> Ref[Order]:
    """Return where an order is kept."""
    return Ref(ORDERS, community, order)


def order_id(demand: str, round_: int = 1) -> str:
    """Return the id of a demand's order; a demand that was merged and stands alone again has another."""
    return f"{demand}-{round_}"


def lead_of(order: str) -> str | None:
    """Return the order that a companion belongs to; None for an order that leads or stands alone."""
    lead, _, number = order.rpartition(".")
    return lead if number.isdecimal() and "-" in lead else None


def demand_of(order: str) -> str:
    """Return the demand that an order is about."""
    return order.rsplit("-", 1)[0]


def catalogue_ref(community: str) -> Ref[CatalogueOnRecord]:
    """Return where a community's catalogue is kept."""
    return Ref(CATALOGUES, community, "catalogue")


def load_ref(community: str) -> Ref[Load]:
    """Return where to find how things stand; made of orders and tallies when it is read (`Places`)."""
    return Ref(LOADS, community, "load")


def tally_ref(community: str, lane: str) -> Ref[Tally]:
    """Return where a lane's sums are kept; those of earlier releases are under the name `load`."""
    return Ref(TALLIES, community, f"tally-{lane}")


def lesson_ref(community: str, order: str) -> Ref[Lesson]:
    """Return where the lesson of an order is kept."""
    return Ref(LESSONS, community, order)


def departed_ref(community: str, provider: str) -> Ref[Departed]:
    """Return where it is kept that a provider has left."""
    return Ref(DEPARTED, community, provider)
