"""Background job: looks for alarms that nobody has taken in time, and for what was done and not rated.

When what is due is kept on the demands, so nothing is lost when a process ends. Every replica looks; the
demand's revision, checked in the write, lets one of them act.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from services.chassis.documents import Due
from services.chassis.due import DueDocuments, Failing, Runs
from services.chassis.work import Origin, Work
from services.contracts.ids import DemandId
from services.contracts.words import Actor, Role
from services.intake.handlers.alarms import sound_again
from services.intake.handlers.ratings import rating_is_due
from services.intake.store.demands import ALARM, DEMANDS, RATING

log = structlog.get_logger()
PORTION = 100
BY_ITSELF = Actor(subject="watchman", role=Role.OPERATOR)
"""In whose name a time acts: nobody of the community. The subject stands in events, so it stays."""
Step = Callable[[Origin, DemandId], Work[bool]]
DUE: tuple[tuple[str, Step], ...] = ((ALARM, sound_again), (RATING, rating_is_due))
"""Field that says when → what is done then."""


@dataclass(slots=True)
class RunTimers:
    """Acts upon what is due.

    Arguments:
        documents: intake's store.
        batches: run the works, each beside the others.
        clock: what time it is.
    """

    documents: DueDocuments
    batches: Runs
    clock: Callable[[], datetime]
    _failing: Failing = field(default_factory=Failing)

    async def look(self) -> int:
        """Act upon everything that is due by now, alarms first; return how much was done.

        What cannot be done is passed over and tried again at the next look, so it holds up nothing else.
        """
        until, done, seen = self.clock(), 0, set[tuple[str, str]]()
        for when, step in DUE:
            last: Due | None = None
            while found := await self.documents.due(DEMANDS, when, until, limit=PORTION, after=last):
                outcomes = await self.batches.run([step(_origin(due), DemandId(due.id)) for due in found])
                for due, outcome in zip(found, outcomes, strict=True):
                    if self._failing.is_news((when, due.key), outcome):
                        log.error("watch_failed", community=due.community, demand=due.id, exc_info=outcome)
                done += sum(outcome is True for outcome in outcomes)
                seen.update((when, due.key) for due in found)
                last = found[-1]
        self._failing.forget_all_but(seen)
        return done


def _origin(due: Due) -> Origin:
    return Origin(due.community, BY_ITSELF, due.id)
