"""Background job: at the end of each day of a community its accounts are read, and the day is closed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from services.chassis.documents import Due, Ref, Versioned
from services.chassis.due import DueDocuments, Failing, Runs
from services.chassis.work import Origin
from services.points.domain.rules import tomorrow_of
from services.points.domain.waiting import Waiting
from services.points.handlers.days import begin_days, close_day
from services.points.handlers.rules import Rules, file_of, first_book
from services.points.jobs.timers import BY_ITSELF
from services.points.store.accounts import ACCOUNTS, EPOCH, WAITING
from services.points.store.days import CLOSING_DUE, CLOSINGS
from services.points.store.rules import RULES, RuleOnRecord, rule_ref

log = structlog.get_logger()
PORTION = 50
ONE_DAY = timedelta(days=1)
LOOK_BACK = timedelta(minutes=10)
"""How often it is looked whether there are communities whose days nobody closes yet."""


class Books(DueDocuments, Protocol):
    """Points' store."""

    async def find(self, ref: Ref[Any]) -> Versioned[Any]: ...

    async def together(self, asked: Sequence[tuple[str, dict[str, Any]]]) -> list[list[dict[str, Any]]]: ...

    def plain(self, name: str) -> Any: ...


@dataclass(slots=True)
class CloseDays:
    """Closes days.

    Arguments:
        books: points' store.
        batches: run the works.
        clock: what time it is.
    """

    books: Books
    batches: Runs
    clock: Callable[[], datetime]
    _failing: Failing = field(default_factory=Failing)
    _look_back_at: datetime = EPOCH

    async def look(self) -> int:
        """Close every day that has ended; return how many that were."""
        if self._look_back_at <= self.clock():
            await self._begin()
            self._look_back_at = self.clock() + LOOK_BACK
        until, closed, last = self.clock(), 0, None
        while found := await self.books.due(CLOSINGS, CLOSING_DUE, until, limit=PORTION, after=last):
            for due in found:
                closed += await self._close(due)
            last = found[-1]
        return closed

    async def _begin(self) -> None:
        """Let the days of every community be closed that has a file."""
        rows = await self.books.plain(RULES.name).find({}, fields=["community"])
        known = await self.books.plain(CLOSINGS.name).find({}, fields=["community"])
        new = {row["community"] for row in rows} - {row["community"] for row in known}
        works = [begin_days(Origin(name, BY_ITSELF, name)) for name in sorted(new)]
        for name, outcome in zip(sorted(new), await self.batches.run(works) if works else (), strict=True):
            if isinstance(outcome, Exception):
                log.error("days_not_begun", community=name, exc_info=outcome)

    async def _close(self, due: Due) -> bool:
        where = {"community": due.community}
        rows, waits = await self.books.together([(ACCOUNTS.name, where), (WAITING.name, where)])
        kept: RuleOnRecord | None = (await self.books.find(rule_ref(due.community))).value
        if kept is None:
            return False
        zone = Rules(file_of(kept.text), first_book(kept)).zone
        ended = (tomorrow_of(self.clock(), zone).astimezone(zone) - 2 * ONE_DAY).date()
        accounts = {account.id: account for account in map(ACCOUNTS.decode, rows)}
        waiting = WAITING.decode(waits[0]) if waits else Waiting()
        work = close_day(Origin(due.community, BY_ITSELF, due.id), str(ended), accounts, waiting)
        (outcome,) = await self.batches.run([work])
        if self._failing.is_news(due.key, outcome):
            log.error("day_not_closed", community=due.community, exc_info=outcome)
        return outcome is True
