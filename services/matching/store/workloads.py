"""How things stand in a community, for whoever decides: read from its orders and tallies, held for a moment.

Nobody writes down how many places are taken: it is counted from the orders themselves, so steps of different
orders have nothing in common that they could race for. What is held here may be a little behind what other
processes did. It is for ranking; that no place is given away twice is seen to by an index over the orders,
and whoever is turned away counts anew.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, Protocol

from services.chassis.batches import Documents
from services.chassis.changes import Changes
from services.chassis.documents import Collection, Due, Ref, Versioned, from_document
from services.chassis.failures import Away, Stale, TooSlow, Unwritable
from services.matching.domain.lifecycle import OPEN
from services.matching.domain.record import NO_RECORD, Record
from services.matching.domain.workload import Tally, Workload
from services.matching.store.catalogues import CATALOGUES
from services.matching.store.orders import ORDERS
from services.matching.store.shards import TallyShard
from services.matching.store.tallies import TALLIES, WORKLOADS

FRESH_SECONDS = 5.0
"""For how long a count of places is good enough; for longer where counting takes long (`COUNTING_SHARE`)."""
TALLIED_SECONDS = 10.0
"""For how long sums of the other shards are good enough; what this process adds is seen at once."""
COUNTING_SHARE = 50
"""What is read anew is held for at least so many times as long as the reading took."""
COMMUNITIES_MAX = 2_000
"""Communities held at the same time; the one longest unused makes room."""
_HELD = ("community", "status", "provider.id", "seat")
Row = Mapping[str, Any]
Prepare = Callable[[Mapping[str, Versioned[Any]]], Awaitable[None]]


class Books(Documents, Protocol):
    """Matching's store."""

    def plain(self, name: str) -> Any: ...

    async def due(
        self,
        collection: Collection[Any],
        field: str,
        until: datetime,
        *,
        limit: int,
        after: Due | None = None,
    ) -> list[Due]: ...


@dataclass(slots=True)
class _Held:
    """What is held of one community.

    Arguments:
        orders: open order → who has it and in which of its places.
        tallies: sums by shard.
        load: all of it together.
        version: counts the changes of the places taken.
        counted, tallied: until when that is fresh.
        reading: one at a time reads it anew.
        missed: orders that were written here while they were counted; None while they are not.
    """

    orders: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    load: Workload = field(default_factory=Workload)
    version: int = 1
    counted: float = -1.0
    tallied: float = -1.0
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    missed: list[Row] | None = None


class WorkloadView:
    """Stands before matching's store: what is asked for of the collection of loads is made up here.

    Arguments:
        books: the store itself.
        fresh_seconds, tallied_seconds: for how long what was read is used again.
        clock: seconds, for what is fresh.
    """

    def __init__(
        self,
        books: Books,
        fresh_seconds: float = FRESH_SECONDS,
        tallied_seconds: float = TALLIED_SECONDS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.shard = TallyShard()
        self.prepare: Prepare | None = None
        """Told of the catalogues that were loaded, by community, before anybody decides by them."""
        self._books = books
        self._fresh_seconds = fresh_seconds
        self._tallied_seconds = tallied_seconds
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._written: dict[str, int] = {}

    async def load(self, refs: Iterable[Ref[Any]]) -> dict[Ref[Any], Versioned[Any]]:
        """Return everything asked for, as the store does."""
        wanted = list(refs)
        # Counted first: what is read after it can only be newer, and an order says itself what it takes.
        loads = {ref: await self._standing(ref.community) for ref in wanted if ref.collection is WORKLOADS}
        rest = [ref for ref in wanted if ref.collection is not WORKLOADS]
        loaded = await self._books.load(rest) if rest else {}
        if self.prepare is not None:
            await self.prepare(
                {r.community: kept for r, kept in loaded.items() if r.collection is CATALOGUES}
            )
        self._look_at_shards(loaded)
        return {**loaded, **loads}

    async def commit(self, changes: Changes) -> None:
        """Write all of it or none of it, as the store does, and hold what it changed.

        Raises:
            Stale: also when a place has been given away; it is counted anew before the next decision.
            Unwritable, TooSlow, Away: as of the store.
        """
        changes.inserts.pop(WORKLOADS.name, None)
        changes.replaces.pop(WORKLOADS.name, None)
        try:
            if changes:
                await self._books.commit(changes)
        except (Stale, Unwritable, TooSlow, Away):
            for row in _rows(changes, ORDERS.name):
                self._hold(row["community"]).counted = -1.0
            raise
        self._note(changes)

    async def due(
        self,
        collection: Collection[Any],
        field: str,
        until: datetime,
        *,
        limit: int,
        after: Due | None = None,
    ) -> list[Due]:
        """Return what is due in any community, as the store does."""
        return await self._books.due(collection, field, until, limit=limit, after=after)

    async def now(self, community: str) -> Workload:
        """Return how things stand at this moment, whatever other processes did."""
        held = self._hold(community)
        held.counted = held.tallied = -1.0
        return (await self._standing(community)).value or Workload()

    async def _standing(self, community: str) -> Versioned[Workload]:
        held = self._hold(community)
        self._held[community] = self._held.pop(community)
        if self._clock() >= min(held.counted, held.tallied):
            async with held.reading:
                if self._clock() >= held.counted:
                    await self._count(community, held)
                if self._clock() >= held.tallied:
                    await self._tally(community, held)
        return Versioned(held.load, held.version)

    def _hold(self, community: str) -> _Held:
        held = self._held.setdefault(community, _Held())
        if len(self._held) > COMMUNITIES_MAX:
            del self._held[next(iter(self._held))]
        return held

    async def _count(self, community: str, held: _Held) -> None:
        """Count the places taken anew, from the open orders."""
        began, missed = self._clock(), list[Row]()
        held.missed = missed
        query = {"community": community, "status": {"$in": sorted(OPEN)}, "provider": {"$ne": None}}
        try:
            rows = await self._books.plain(ORDERS.name).find(query, fields=_HELD)
        finally:
            held.missed = None
        orders: dict[str, tuple[str, int | None]] = {}
        for row in (*rows, *missed):
            _put(orders, row)
        if orders != held.orders:
            held.orders = orders
            held.version += 1
            held.load = _counted(held.load, orders)
        held.counted = self._until(began, self._fresh_seconds)

    async def _tally(self, community: str, held: _Held) -> None:
        """Add all shards up anew, and with them what an earlier release kept in one document."""
        began = self._clock()
        query = {"_id": {"$gte": f"{community}/", "$lt": f"{community}0"}}
        rows = await self._books.plain(TALLIES.name).find(query)
        held.tallies = {row["_id"]: from_document(TALLIES, row).value or Tally() for row in rows}
        held.load = _summed(held.load, held.tallies.values())
        held.tallied = self._until(began, self._tallied_seconds)

    def _until(self, began: float, seconds: float) -> float:
        ended = self._clock()
        return ended + max(seconds, COUNTING_SHARE * (ended - began)) if seconds else -1.0

    def _note(self, changes: Changes) -> None:
        """Hold what this process has just written, without reading it again."""
        for row in _rows(changes, ORDERS.name):
            held = self._held.get(row["community"])
            if held is not None:
                if held.missed is not None:
                    held.missed.append(row)
                self._move(held, row)
        for row in _rows(changes, TALLIES.name):
            held = self._held.get(row["community"])
            self._written[row["_id"]] = row["_rev"]
            if held is not None:
                tally = from_document(TALLIES, row).value or Tally()
                before = held.tallies.get(row["_id"], Tally())
                held.tallies[row["_id"]] = tally
                held.load = _added(held.load, before, tally)

    def _move(self, held: _Held, row: Row) -> None:
        before = held.orders.get(row["_id"])
        _put(held.orders, row)
        after = held.orders.get(row["_id"])
        if before != after:
            held.version += 1
            held.load = _moved(held.load, before, after)

    def _look_at_shards(self, loaded: Mapping[Ref[Any], Versioned[Any]]) -> None:
        """Leave a shard that somebody else has written to as well."""
        for ref, kept in loaded.items():
            if ref.collection is TALLIES and self._written.get(ref.key, kept.revision) < kept.revision:
                self._written = {}
                self.shard.leave()
                return


def _rows(changes: Changes, name: str) -> list[dict[str, Any]]:
    return [*changes.inserts.get(name, ()), *(row for _, row in changes.replaces.get(name, ()))]


def _put(orders: dict[str, tuple[str, int | None]], row: Row) -> None:
    """Hold who has an order, or forget it where nobody's place is taken by it any more."""
    if row["status"] in OPEN and row.get("provider"):
        orders[row["_id"]] = (row["provider"]["id"], row.get("seat"))
    else:
        orders.pop(row["_id"], None)


def _counted(load: Workload, orders: Mapping[str, tuple[str, int | None]]) -> Workload:
    """Return the workload with the places that orders take."""
    taken: dict[str, int] = {}
    seats: dict[str, int] = {}
    seatless: dict[str, int] = {}
    for provider, seat in orders.values():
        taken[provider] = taken.get(provider, 0) + 1
        if seat is None:
            seatless[provider] = seatless.get(provider, 0) + 1
        else:
            seats[provider] = seats.get(provider, 0) | 1 << seat
    return Workload(taken, load.records, load.lessons, seats, seatless)


def _moved(
    load: Workload, before: tuple[str, int | None] | None, after: tuple[str, int | None] | None
) -> Workload:
    """Return the workload with one order elsewhere."""
    taken, seats, seatless = dict(load.open), dict(load.seats), dict(load.seatless)
    for place, change in ((before, -1), (after, 1)):
        if place is None:
            continue
        provider, seat = place
        taken[provider] = taken.get(provider, 0) + change
        if seat is None:
            seatless[provider] = seatless.get(provider, 0) + change
        else:
            seats[provider] = seats.get(provider, 0) ^ 1 << seat
    return Workload(_some(taken), load.records, load.lessons, _some(seats), _some(seatless))


def _some(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count > 0}


def _summed(load: Workload, tallies: Iterable[Tally]) -> Workload:
    """Return the workload with the sums of all shards."""
    bare = Workload(load.open, {}, 0, load.seats, load.seatless)
    for tally in tallies:
        bare = _added(bare, Tally(), tally)
    return bare


def _added(load: Workload, before: Tally, after: Tally) -> Workload:
    """Return the workload with a shard's sums as they are after, in place of those before."""
    records: dict[str, Record] = dict(load.records)
    for provider, record in after.records.items():
        known = before.records.get(provider, NO_RECORD)
        if record != known:
            records[provider] = records.get(provider, NO_RECORD).plus(record).plus(known, -1)
    lessons = load.lessons + after.lessons - before.lessons
    return Workload(load.open, records, lessons, load.seats, load.seatless)
