"""Background job: awards that wait are paid once there is a budget, in the order in which they came.

What an earlier release withheld, and could never pay, waits with the others from the first look on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from services.chassis.documents import Due
from services.chassis.due import DueDocuments, Failing, Runs
from services.chassis.work import Origin
from services.points.handlers.awards import pay_waiting, take_up_withheld
from services.points.jobs.timers import BY_ITSELF
from services.points.store.accounts import TRANSFERS, WAITING_AWARDS, WAITS_SINCE, WITHHELD

log = structlog.get_logger()
PORTION = 500
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAID_AT_ONCE = 100
"""Awards of a community in one transaction."""


class Books(DueDocuments, Protocol):
    """Points' store."""

    def plain(self, name: str) -> Any: ...


@dataclass(slots=True)
class PayWaiting:
    """Pays what waits.

    Arguments:
        books: points' store.
        batches: run the works.
        clock: what time it is.
    """

    books: Books
    batches: Runs
    clock: Callable[[], datetime]
    _failing: Failing = field(default_factory=Failing)
    _has_looked_back: bool = False
    """Whether it has taken up what an earlier release withheld."""

    async def look(self) -> int:
        """Pay what the budgets cover; return how many awards that were."""
        if not self._has_looked_back:
            await self._take_up()
        until, paid, last = self.clock(), 0, None
        over = set[str]()
        while found := await self.books.due(WAITING_AWARDS, WAITS_SINCE, until, limit=PORTION, after=last):
            paid += await self._pay(found, over)
            last = found[-1]
        self._failing.forget_all_but(over)
        return paid

    async def _pay(self, found: list[Due], over: set[str]) -> int:
        """Pay in each community the first of these, unless some of its before wait still."""
        turns: dict[str, list[str]] = {}
        for due in found:
            if due.community not in over:
                turns.setdefault(due.community, []).append(due.id)
        works = [
            pay_waiting(Origin(community, BY_ITSELF, community), awards[:PAID_AT_ONCE])
            for community, awards in turns.items()
        ]
        paid = 0
        for (community, awards), outcome in zip(
            turns.items(), await self.batches.run(works) if works else (), strict=True
        ):
            if self._failing.is_news(community, outcome):
                log.error("awards_not_paid", community=community, exc_info=outcome)
            done = outcome if isinstance(outcome, int) else 0
            paid += done
            if done < len(awards):
                over.add(community)
        return paid

    async def _take_up(self) -> None:
        query = {**WITHHELD, "at": {"$gt": EPOCH}}
        rows = await self.books.plain(TRANSFERS.name).find(query, sort="at", fields=["at", "community"])
        keys = [(row["community"], row["_id"].partition("/")[2]) for row in rows]
        works = [take_up_withheld(Origin(community, BY_ITSELF, key), key) for community, key in keys]
        outcomes = await self.batches.run(works) if works else []
        self._has_looked_back = not any(isinstance(outcome, Exception) for outcome in outcomes)
