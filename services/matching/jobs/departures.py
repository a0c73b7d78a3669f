"""Looks after orders that lie with a provider that has left the catalogue: staff decide on them.

Who has left is kept, so nothing is lost when a process ends. Every replica looks; the orders' revisions let
one of them take an order back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import structlog

from services.chassis.documents import Collection, Due, Versioned
from services.chassis.due import DueDocuments, Runs
from services.chassis.work import Origin, Work
from services.matching.domain.lifecycle import OrderStatus
from services.matching.domain.orders import Order
from services.matching.handlers import communities
from services.matching.handlers.context import BY_ROUTER, Matching
from services.matching.store.catalogues import DEPARTED, DEPARTED_AT
from services.matching.store.orders import ORDERS

log = structlog.get_logger()
PORTION = 100


class OrdersAndLeavers(DueDocuments, Protocol):
    """Where orders are kept, and who has left."""

    async def page(
        self, collection: Collection[Order], community: str, where: Mapping[str, object], *, limit: int
    ) -> list[Versioned[Order]]: ...


@dataclass(slots=True)
class ReclaimOrders:
    """Takes back what lies with those who have left.

    Arguments:
        documents: matching's store.
        batches: run the works.
        matching: its use cases.
        clock: what time it is.
    """

    documents: OrdersAndLeavers
    batches: Runs
    matching: Matching
    clock: Callable[[], datetime]

    async def look(self) -> int:
        """Take back all that nobody has answered; return how many orders that were."""
        done, last = 0, None
        at = self.clock()
        while gone := await self.documents.due(DEPARTED, DEPARTED_AT, at, limit=PORTION, after=last):
            for one in gone:
                done += await self._take_back(one)
            last = gone[-1]
        return done

    async def _take_back(self, gone: Due) -> int:
        where = {"provider.id": gone.id, "status": OrderStatus.DISPATCHED.value}
        found = await self.documents.page(ORDERS, gone.community, where, limit=PORTION)
        orders = [kept.value.id for kept in found if kept.value is not None]
        origin = Origin(gone.community, BY_ROUTER, gone.id)
        works: list[Work[Any]] = [
            communities.recall_from_departed(self.matching, origin, order) for order in orders
        ]
        outcomes = await self.batches.run(works)
        failed = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        if len(orders) < PORTION and not failed:
            # Whoever could not be taken back is looked for again; nobody is forgotten before that.
            failed += [
                outcome
                for outcome in await self.batches.run(
                    [communities.forget_departed(self.matching, origin, gone.id)]
                )
                if isinstance(outcome, Exception)
            ]
        for failure in failed:
            log.error("not_taken_back", community=gone.community, provider=gone.id, exc_info=failure)
        return sum(outcome is True for outcome in outcomes)
