"""Background job: carries alarms out of the house, and tries again until they are there or too old.

What is to be carried is kept, so nothing is lost when a process ends. Every replica looks; whoever claims a
try first makes it. A try that was made and not noted is made again: the receiver knows it by its delivery id.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import aiohttp
import structlog

from services.chassis.documents import Due
from services.chassis.due import DueDocuments, Runs
from services.chassis.together import all_of
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.refusal import NotFound
from services.contracts.values import replace
from services.contracts.words import Actor, Role
from services.notify.channels.alarms import Outcome, Ways, send
from services.notify.domain.alarms import Outgoing
from services.notify.store.alarms import OUTGOING, OUTGOING_DUE, outgoing_ref

log = structlog.get_logger()
PORTION = 20
BY_ITSELF = Actor(subject="crier", role=Role.OPERATOR)


@dataclass(slots=True)
class SendAlarms:
    """Carries alarms out.

    Arguments:
        documents: notify's store.
        batches: run the works.
        ways: by community.
        clock: what time it is.
    """

    documents: DueDocuments
    batches: Runs
    ways: Ways
    clock: Callable[[], datetime]

    async def look(self) -> int:
        """Carry what is due, all of it at once; return how much arrived."""
        found = await self.documents.due(OUTGOING, OUTGOING_DUE, self.clock(), limit=PORTION)
        if not found:
            return 0
        async with aiohttp.ClientSession() as session:
            arrived = await all_of([self._carry(session, due) for due in found])
        return sum(arrived)

    async def _carry(self, session: aiohttp.ClientSession, due: Due) -> bool:
        (claimed,) = await self.batches.run([claim(_origin(due), due.id)])
        if isinstance(claimed, Exception):
            log.error("alarm_not_carried", community=due.community, exc_info=claimed)
        if not isinstance(claimed, Outgoing):
            return False
        outcome = await self._try(session, due.community, claimed)
        (noted,) = await self.batches.run([note(_origin(due), due.id, outcome)])
        if isinstance(noted, Exception):
            log.error("alarm_not_noted", community=due.community, exc_info=noted)
        return outcome.delivered

    async def _try(self, session: aiohttp.ClientSession, community: str, what: Outgoing) -> Outcome:
        ways = self.ways.get(community, ())
        if what.way >= len(ways):
            return Outcome(delivered=False, why="this way is not there any more")
        outcome = await send(session, ways[what.way], what.delivery, what.alarm, self.clock())
        if not outcome.delivered:
            log.warning("alarm_not_taken", community=community, way=what.way, why=outcome.why)
        return outcome


def claim(origin: Origin, what: str) -> Work[Outgoing | None]:
    """Take a try; None when somebody else has it, or nothing is due."""
    ref = outgoing_ref(origin.community, what)

    def decide(uow: UnitOfWork) -> Outgoing | None:
        before = uow.get(ref, NotFound())
        if before.due_at is None or before.due_at > uow.at:
            return None
        after = before.tried(uow.at)
        uow.put(ref, after)
        return after

    return Work(origin, (ref,), decide)


def note(origin: Origin, what: str, outcome: Outcome) -> Work[None]:
    """Note what became of a try."""
    ref = outgoing_ref(origin.community, what)

    def decide(uow: UnitOfWork) -> None:
        before = uow.get(ref, NotFound())
        after = replace(before, outcome=outcome.why or "delivered")
        uow.put(ref, after.over(uow.at) if outcome.delivered else after)

    return Work(origin, (ref,), decide)


def _origin(due: Due) -> Origin:
    return Origin(due.community, BY_ITSELF, due.id)
