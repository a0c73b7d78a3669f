"""Background job: tells a fact to the many, portion by portion, the communities in turn.

What is still to be told is kept on tellings, so nothing is lost when a process ends. Every replica looks; the
telling's revision, checked in the write, lets one of them tell a portion.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from services.chassis.documents import Due
from services.chassis.due import DueDocuments, Failing, Runs
from services.chassis.work import Origin
from services.contracts.words import Actor, Role
from services.notify import metrics
from services.notify.handlers.tellings import tell_portion
from services.notify.store.tellings import DUE, TELLINGS

log = structlog.get_logger()
PAGE = 200
BY_ITSELF = Actor(subject="teller", role=Role.OPERATOR)
"""In whose name a portion is told: nobody of the community."""


@dataclass(slots=True)
class TellMany:
    """Tells the many.

    Arguments:
        documents: notify's store.
        batches: run the works.
        clock: what time it is.
    """

    documents: DueDocuments
    batches: Runs
    clock: Callable[[], datetime]
    _failing: Failing = field(default_factory=Failing)

    async def look(self) -> int:
        """Tell until nobody is left who has to be told; return how many portions it took."""
        portions = 0
        while told := await self.take_turns():
            portions += told
        return portions

    async def take_turns(self) -> int:
        """Tell a portion in each community that has something to be told; return how many portions were told.

        The tellings are looked at oldest first and page by page, and each page gives every community in it
        one turn: a large one holds nobody up, however much it has to tell. What cannot be told is passed
        over for the next of its community, and tried again with the next turns.
        """
        until = self.clock()
        done, late, last = 0, 0.0, None
        seen: set[str] = set()
        while found := await self.documents.due(TELLINGS, DUE, until, limit=PAGE, after=last):
            late = late or (until - found[0].at).total_seconds()
            for turn in _by_community(found):
                done += await self._tell_one_of(turn)
            seen.update(due.key for due in found)
            last = found[-1]
        self._failing.forget_all_but(seen)
        metrics.TELLINGS_LATE.set(late)
        return done

    async def _tell_one_of(self, turn: Sequence[Due]) -> int:
        """Tell one portion of the oldest that can be told; each is a transaction of its own."""
        for due in turn:
            (outcome,) = await self.batches.run([tell_portion(_origin(due), due.id)])
            if self._failing.is_news(due.key, outcome):
                log.error("telling_failed", community=due.community, telling=due.id, exc_info=outcome)
            if outcome is True:
                return 1
        return 0


def _by_community(found: Sequence[Due]) -> list[list[Due]]:
    turns: dict[str, list[Due]] = {}
    for due in found:
        turns.setdefault(due.community, []).append(due)
    return list(turns.values())


def _origin(due: Due) -> Origin:
    return Origin(due.community, BY_ITSELF, due.id)
