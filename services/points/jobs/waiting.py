"""Background job: awards that wait are paid once there is a budget, in the order in which they came.

What an earlier release withheld, and could never pay, waits with the others from the first look on.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from services.chassis.documents import Due, Ref, Versioned
from services.chassis.due import DueDocuments, Failing, Runs
from services.chassis.work import Origin
from services.points.domain.accounts import BUDGET
from services.points.handlers.awards import pay_waiting, take_up_withheld
from services.points.jobs.timers import BY_ITSELF
from services.points.store.accounts import (
    EPOCH,
    STILL_WAITING,
    TRANSFERS,
    WAITING,
    WAITING_AWARDS,
    WAITS_SINCE,
    WITHHELD,
    account_ref,
)

log = structlog.get_logger()
PORTION = 100
"""Communities looked at together, and what an earlier release withheld."""
LOOK_BACK = timedelta(minutes=10)
PAID_AT_ONCE = 100
"""Awards of a community in one transaction; its turn comes again with the next look."""


class Books(DueDocuments, Protocol):
    """Points' store."""

    async def load(self, refs: Iterable[Ref[Any]]) -> dict[Ref[Any], Versioned[Any]]: ...

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
    _dry: dict[str, int] = field(default_factory=dict)
    """Community → revision of a budget that did not cover the first of its awards."""
    _behind: tuple[datetime, str] = (EPOCH, "")
    """How far it has looked for what an earlier release withheld: moment and id."""
    _look_back_at: datetime = EPOCH

    async def look(self) -> int:
        """Pay what the budgets cover; return how many awards that were."""
        if self._look_back_at <= self.clock():
            await self._take_up()
        until, paid, last = self.clock(), 0, None
        seen = set[str]()
        while found := await self.books.due(WAITING, WAITS_SINCE, until, limit=PORTION, after=last):
            paid += await self._pay(found)
            seen.update(due.community for due in found)
            last = found[-1]
        self._failing.forget_all_but(seen)
        self._dry = {community: revision for community, revision in self._dry.items() if community in seen}
        return paid

    async def _pay(self, found: Sequence[Due]) -> int:
        """Pay in each community the first that wait, unless its budget is as it was when it was dry."""
        refs = {due.community: account_ref(due.community, BUDGET) for due in found}
        budgets = await self.books.load(refs.values())
        revisions = {community: budgets[ref].revision for community, ref in refs.items()}
        turns = [name for name, revision in revisions.items() if self._dry.get(name) != revision]
        works = [pay_waiting(Origin(name, BY_ITSELF, name), await self._first(name)) for name in turns]
        paid = 0
        for community, outcome in zip(turns, await self.batches.run(works) if works else (), strict=True):
            if self._failing.is_news(community, outcome):
                log.error("awards_not_paid", community=community, exc_info=outcome)
            if isinstance(outcome, int):
                paid += outcome
                if not outcome:
                    self._dry[community] = revisions[community]
        return paid

    async def _first(self, community: str) -> list[str]:
        query = {"community": community, **STILL_WAITING}
        rows = await self.books.plain(WAITING_AWARDS.name).find(
            query, sort="number", limit=PAID_AT_ONCE, fields=["_id"]
        )
        return [row["_id"].removeprefix(f"{community}/") for row in rows]

    async def _take_up(self) -> None:
        """Let a portion of what an earlier release withheld wait with the others; the next look goes on.

        At the end it begins again after a while: one may run beside. What fails is passed over until then.
        """
        at, key = self._behind
        later = [{"at": {"$gt": at}}, {"at": at, "_id": {"$gt": key}}]
        query = {**WITHHELD, "at": {"$gt": EPOCH}, "$or": later}
        rows = await self.books.plain(TRANSFERS.name).find(
            query, sort=("at", "_id"), limit=PORTION, fields=["at", "community"]
        )
        keys = [(row["community"], row["_id"].removeprefix(f"{row['community']}/")) for row in rows]
        works = [take_up_withheld(Origin(community, BY_ITSELF, one), one) for community, one in keys]
        outcomes = await self.batches.run(works) if works else []
        for (community, one), outcome in zip(keys, outcomes, strict=True):
            if isinstance(outcome, Exception):
                log.error("withheld_not_taken_up", community=community, transfer=one, exc_info=outcome)
        if len(rows) < PORTION:
            self._behind, self._look_back_at = (EPOCH, ""), self.clock() + LOOK_BACK
        else:
            self._behind = (rows[-1]["at"], rows[-1]["_id"])
