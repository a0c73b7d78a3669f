"""Where matching keeps orders, and how their ids are made."""

from collections.abc import Mapping
from types import MappingProxyType

from services.chassis.documents import Collection, Index, Ref
from services.contracts.ids import OrderId
from services.matching.domain.lifecycle import UNDONE
from services.matching.domain.orders import Order

TIMER = "timer_at"
"""The field of an order that says when something happens to it by itself."""
QUEUED = "queued_at"
"""The field of an order that says since when it waits for a place."""
WITHOUT_DEADLINE: Mapping[str, object] = MappingProxyType(
    {"finish_due_at": None, "status": {"$in": sorted(status.value for status in UNDONE)}}
)
"""What an order that somebody should be working on looks like when nothing presses for it."""
ORDERS = Collection(
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


def order_ref(community: str, order: OrderId) -> Ref[Order]:
    """Return where an order is kept."""
    return Ref(ORDERS, community, order)
