"""Background job: what waits for nothing any more goes on.

A fact that came too early waits in a cursor for the one before it. Two processes that have neighbours in hand
while a partition changes hands may pass each other: one keeps the position in the document, the other the
waiting fact in the cursor, and neither sees the other's. What an earlier release left waiting in streams that
are recognised now waits for nothing, either. So what waits is handed in once more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from services.chassis.documents import Ref
from services.chassis.mongo import Store
from services.chassis.processor import Delivery, MessageProcessor
from services.chassis.streams import STREAMS, WAITS_SINCE, Cursor
from services.chassis.topology import Names
from services.contracts.catalogue import partition_of

AT_ONCE_MAX = 100
"""Streams in one look; the next goes on behind them."""


@dataclass
class WaitingFacts:
    """Hands in once more what waits.

    Arguments:
        service: whose streams they are.
        store: of the service.
        names: of the bus, to say where a fact came from.
        partitions: of the bus.
        processor: takes them as it takes what the broker delivers.
        is_first: whether this replica is the one that looks; should two do it, no harm is done.
        clock: says what time it is.
        seconds: what has waited for less is left alone: the fact before it is probably on its way.
    """

    service: str
    store: Store
    names: Names
    partitions: int
    processor: MessageProcessor
    is_first: Callable[[], bool]
    clock: Callable[[], datetime]
    seconds: float

    async def look(self) -> int:
        """Hand in what waits in a portion of the streams; return how many facts that were.

        Raises:
            Away: broker or database do not answer.
        """
        if not self.is_first():
            return 0
        until = self.clock() - timedelta(seconds=self.seconds)
        found = await self.store.due(STREAMS, WAITS_SINCE, until, limit=AT_ONCE_MAX)
        refs = [Ref(STREAMS, due.community, due.id) for due in found]
        cursors = await self.store.load(refs)
        return sum([await self._hand_in(ref, cursors[ref].value or Cursor()) for ref in refs])

    async def _hand_in(self, ref: Ref[Cursor], cursor: Cursor) -> int:
        """Hand in the facts of one stream in their order."""
        queue = self.names.work(self.service, partition_of(ref.community, self.partitions))
        waiting = sorted(cursor.waiting, key=lambda early: early.version)
        deliveries = [Delivery(queue, early.wire, {"community": ref.community}) for early in waiting]
        await self.processor.handle(deliveries)
        if waiting and self.processor.positions.is_recognised(orjson.loads(waiting[0].wire)["kind"]):
            # Nobody takes them off as the gap closes; what came meanwhile is looked at next time.
            left = {"_id": ref.key, "waiting": {"$size": len(waiting)}}
            ended = {"$set": {"waiting": [], WAITS_SINCE: None}, "$inc": {"_rev": 1}}
            await self.store.plain(STREAMS.name).update(left, ended)
        return len(waiting)
