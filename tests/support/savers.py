"""Partners with points, for tests that use them over HTTP."""

from collections.abc import Sequence
from uuid import uuid4

from services.chassis.batches import Batches
from services.chassis.clock import now
from services.chassis.outbox import OutboxRow
from services.chassis.work import Origin
from services.contracts.ids import OrderId
from services.contracts.words import Actor, Role
from services.points.domain.transfers import Cause
from services.points.domain.waiting import Award
from services.points.handlers.awards import pay_or_wait
from tests.support.client import Visitor
from tests.support.running import Running


class LeftToTheHouse:
    """What is announced here lies in the outbox, where the house finds it."""

    def hand_over(self, outbox_rows: Sequence[OutboxRow]) -> None:
        """Send nothing."""


async def someone_with(running: Running, points: int, name: str = "") -> tuple[str, Visitor]:
    """Return a partner that has earned so many points; unless it is named, one of no community's file."""
    name, order = name or f"partner-{uuid4().hex[:8]}", OrderId(uuid4().hex)
    award = Award(order, name, points, "完成服务", Cause("order", order), order, "order.settled", 1)
    origin = Origin("jiwang", Actor(subject="staff-1", role=Role.STAFF), order)
    batches = Batches(running.stores["points"], LeftToTheHouse(), running.settings.partitions, now)
    assert await batches.run([pay_or_wait(origin, award)]) == [None]
    return name, running.partner(name)
