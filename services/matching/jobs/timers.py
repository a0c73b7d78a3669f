"""Background job: looks for deadlines that have passed, in every community, and has them acted upon.

Due times are kept on the orders, so nothing is lost when a process ends. Every replica looks; the order's
revision, checked in the write, lets one of them act.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from services.chassis.documents import Due
from services.chassis.due import DueDocuments, Failing, Runs
from services.chassis.work import Origin
from services.contracts.ids import OrderId, demand_of
from services.contracts.words import Actor, Role
from services.matching import metrics
from services.matching.domain.timing import TimerKind
from services.matching.handlers import timing
from services.matching.handlers.context import Matching
from services.matching.store.orders import ORDERS, TIMER

log = structlog.get_logger()
PORTION = 100
CLOCK = Actor(subject="clock", role=Role.OPERATOR)
"""In whose name a deadline acts: nobody of the community."""


@dataclass(slots=True)
class RunTimers:
    """Acts upon deadlines that have passed.

    Arguments:
        documents: matching's store.
        batches: run the works, each beside the others.
        matching: its use cases.
        clock: what time it is.
    """

    documents: DueDocuments
    batches: Runs
    matching: Matching
    clock: Callable[[], datetime]
    _failing: Failing = field(default_factory=Failing)

    async def look(self) -> int:
        """Act upon everything that is due by now, oldest first; return how much was done.

        What cannot be done is passed over and tried again at the next look, so it holds up nothing else.
        """
        until = self.clock()
        done, late, last = 0, 0.0, None
        seen: set[str] = set()
        while found := await self.documents.due(ORDERS, TIMER, until, limit=PORTION, after=last):
            late = late or (until - found[0].at).total_seconds()
            done += await self._act(found)
            last = found[-1]
            seen.update(due.key for due in found)
        self._failing.forget_all_but(seen)
        metrics.TIMER_LATE.set(late)
        return done

    async def _act(self, found: Sequence[Due]) -> int:
        works = [timing.run_timer(self.matching, _origin(due), OrderId(due.id)) for due in found]
        outcomes = await self.batches.run(works)
        for due, outcome in zip(found, outcomes, strict=True):
            self._note(due, outcome)
        return sum(isinstance(outcome, TimerKind) for outcome in outcomes)

    def _note(self, due: Due, outcome: TimerKind | Exception | None) -> None:
        """Count what became of it; what fails look after look is told once in the log."""
        if self._failing.is_news(due.key, outcome):
            log.error("deadline_failed", community=due.community, order=due.id, exc_info=outcome)
        if isinstance(outcome, Exception):
            metrics.TIMERS_FAILED.inc()
        elif outcome is not None:
            metrics.TIMERS.labels(outcome.value).inc()
            log.info("deadline_passed", community=due.community, order=due.id, kind=outcome.value)


def _origin(due: Due) -> Origin:
    return Origin(due.community, CLOCK, demand_of(OrderId(due.id)))
