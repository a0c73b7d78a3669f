"""Background job: gives free slots to those who wait, in every community, all who compete together.

Who waits is kept on the orders, so nothing is lost when a process ends. Every replica looks; the orders'
revisions, and an index over the slots they take, let one of them give a slot away.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

import structlog

from services.chassis.documents import Ref, Versioned
from services.chassis.due import DueDocuments, Runs
from services.chassis.work import Origin
from services.contracts.ids import OrderId
from services.matching.handlers import waiting as waiting_handlers
from services.matching.handlers.context import BY_ROUTER, Matching
from services.matching.store.catalogues import CatalogueOnRecord, catalogue_ref
from services.matching.store.orders import ORDERS, QUEUED
from services.matching.store.tallies import workload_ref

log = structlog.get_logger()
PORTION = 1_000
PORTIONS_MAX = 50
"""Orders of all communities are read by portions, so that one where many wait does not hide the others."""


class Waiting(DueDocuments, Protocol):
    """Where it is kept who waits, and what is taken."""

    async def load(self, refs: Any) -> dict[Ref[Any], Versioned[Any]]: ...


@dataclass(slots=True)
class AssignSlots:
    """Gives slots to orders that wait for one.

    Arguments:
        documents: matching's store, with how things stand (`WorkloadView`).
        batches: run the works.
        matching: its use cases.
        clock: what time it is.
    """

    documents: Waiting
    batches: Runs
    matching: Matching
    clock: Callable[[], datetime]
    _seen: dict[str, tuple[int, int, int, tuple[OrderId, ...]]] = field(default_factory=dict)

    async def look(self) -> int:
        """Give away what is free now; return how many orders got a place."""
        until, waiting, last = self.clock(), dict[str, list[OrderId]](), None
        for _ in range(PORTIONS_MAX):
            found = await self.documents.due(ORDERS, QUEUED, until, limit=PORTION, after=last)
            for due in found:
                waiting.setdefault(due.community, []).append(OrderId(due.id))
            if len(found) < PORTION:
                break
            last = found[-1]
        changed = await self._changed(waiting)
        works = [
            waiting_handlers.assign_slots(
                self.matching, Origin(community, BY_ROUTER, "places"), waiting[community]
            )
            for community in changed
        ]
        outcomes = await self.batches.run(works) if works else []
        for community, outcome in zip(changed, outcomes, strict=True):
            if isinstance(outcome, Exception):
                self._seen.pop(community, None)
                log.error("places_not_given", community=community, exc_info=outcome)
        return sum(outcome for outcome in outcomes if isinstance(outcome, int))

    async def _changed(self, waiting: dict[str, list[OrderId]]) -> list[str]:
        """The communities where somebody new waits, or the day, catalogue or load is another than before."""
        refs = [of(community) for community in waiting for of in (workload_ref, catalogue_ref)]
        books: dict[Ref[Any], Versioned[Any]] = await self.documents.load(refs)
        at = self.clock()
        now = {
            community: (
                self._day(community, books[catalogue_ref(community)], at).toordinal(),
                books[catalogue_ref(community)].revision,
                books[workload_ref(community)].revision,
                tuple(orders),
            )
            for community, orders in waiting.items()
        }
        changed = [community for community, state in now.items() if self._seen.get(community) != state]
        self._seen = now
        return changed

    def _day(self, community: str, record: Versioned[CatalogueOnRecord], at: datetime) -> date:
        """Return the community's own day: contracts and conventions begin and end at its midnight."""
        if record.value is None:
            return at.date()
        return self.matching.models.of(community, record.revision, record.value).today(at)
