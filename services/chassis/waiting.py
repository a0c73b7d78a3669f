"""Background job: what waits for nothing any more goes on.

A fact that came too early waits in a cursor for the one before it. Two processes that have neighbours in hand
while a partition changes hands may pass each other: one keeps the position in the document, the other the
waiting fact in the cursor, and neither sees the other's. What an earlier release left waiting in streams that
are recognised now waits for nothing, either. So what waits is handed in once more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from services.chassis.changes import Document
from services.chassis.documents import Due, Heard, Ref
from services.chassis.mongo import Store
from services.chassis.processor import Delivery, MessageProcessor
from services.chassis.streams import STREAMS, WAITS_SINCE, Cursor, Waiting
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

    _behind: Due | None = None

    async def look(self) -> int:
        """Hand in what waits for nothing in a portion of the streams; return how many facts that were.

        Raises:
            Away: broker or database do not answer.
        """
        if not self.is_first():
            return 0
        until = self.clock() - timedelta(seconds=self.seconds)
        found = await self.store.due(STREAMS, WAITS_SINCE, until, limit=AT_ONCE_MAX, after=self._behind)
        self._behind = found[-1] if len(found) == AT_ONCE_MAX else None
        cursors = await self.store.load([Ref(STREAMS, due.community, due.id) for due in found])
        waiting = {ref: _in_order(kept.value) for ref, kept in cursors.items() if kept.value is not None}
        guards = {ref: self._guard_of(ref, early) for ref, early in waiting.items() if early}
        kept = await self.store.load([guard for guard in guards.values() if guard is not None])
        handed_in = 0
        for ref, guard in guards.items():
            heard = kept[guard].heard if guard is not None else ()
            ended = self._ended(cursors[ref].present, waiting[ref], [h for h in heard if h.stream == ref.id])
            if ended is not None:
                handed_in += await self._hand_in(ref, waiting[ref])
                await self._end(ref, cursors[ref].revision, ended)
        return handed_in

    def _guard_of(self, ref: Ref[Cursor], waiting: Sequence[Waiting]) -> Ref[Any] | None:
        """Return the document that may keep the position of a stream, too."""
        guard = self.processor.positions.guards.get(_kind_of(waiting).partition(".")[0])
        return guard(ref.community, ref.id.partition("/")[2]) if guard else None

    def _ended(self, cursor: Cursor, waiting: Sequence[Waiting], heard: Sequence[Heard]) -> Document | None:
        """Return what the cursor says once its facts are handed in; None where they wait for a reason."""
        if not self.processor.keeps_position(_kind_of(waiting)):
            return {"waiting": [], WAITS_SINCE: None}
        for one in heard:
            if cursor.version < one.version and waiting[0].version <= one.version + 1:
                return {"version": one.version, "last": one.last}
        return None

    async def _hand_in(self, ref: Ref[Cursor], waiting: Sequence[Waiting]) -> int:
        """Hand in the facts of one stream in their order; what fails goes its way round, as any other."""
        queue = self.names.work(self.service, partition_of(ref.community, self.partitions))
        deliveries = [Delivery(queue, early.wire, {"community": ref.community}) for early in waiting]
        await self.processor.handle(deliveries)
        return len(waiting)

    async def _end(self, ref: Ref[Cursor], revision: int, ended: Document) -> None:
        """Note that it was handed in, if nobody wrote the cursor meanwhile: it is not handed in for ever."""
        seen = {"_id": ref.key, "_rev": revision}
        await self.store.plain(STREAMS.name).update(seen, {"$set": ended, "$inc": {"_rev": 1}})


def _in_order(cursor: Cursor) -> list[Waiting]:
    return sorted(cursor.waiting, key=lambda early: early.version)


def _kind_of(waiting: Sequence[Waiting]) -> str:
    """Return a kind of the stream's family."""
    return str(orjson.loads(waiting[0].wire)["kind"])
