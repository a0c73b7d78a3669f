"""The outbox: announcements are kept in the transaction that causes them, and sent by the relay."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any, Protocol

import structlog

from services.chassis import metrics
from services.chassis.clock import new_id, now
from services.chassis.failures import Away
from services.chassis.mongo import Collection, Store
from services.contracts.catalogue import partition_of
from services.contracts.envelope import (
    EVENTS_PER_PARCEL_MAX,
    PARCEL_BYTES_MAX,
    Envelope,
    parcel_of,
    to_wire,
)

log = structlog.get_logger()

PACKS_IN_MEMORY_MAX = 1_000
PACKS_AT_ONCE_MAX = 50
PACK_BYTES_MAX = 4 * 1024 * 1024
COLLECTION = "outbox"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message for the broker: consecutive envelopes of one kind and one community."""

    routing_key: str
    community: str
    body: bytes
    envelopes: int


@dataclass(frozen=True, slots=True)
class Pack:
    """The parcels of one transaction, and since when they wait."""

    id: str
    at: datetime
    parcels: tuple[Parcel, ...]

    def to_document(self) -> dict[str, Any]:
        """Return the outbox row. It is deleted once every parcel is confirmed: being there is its state."""
        rows = [[p.routing_key, p.community, p.body, p.envelopes] for p in self.parcels]
        return {"_id": self.id, "at": self.at, "claimed_until": None, "parcels": rows}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "Pack":
        """Return the pack that an outbox row holds."""
        parcels = tuple(Parcel(key, who, bytes(body), n) for key, who, body, n in document["parcels"])
        return cls(document["_id"], document["at"], parcels)


def pack_up(said: Sequence[Envelope], partitions: int, at: datetime) -> list[Pack]:
    """Return the envelopes as packs, in their order; several only where one row would grow too large."""
    packs: list[Pack] = []
    parcels: list[Parcel] = []
    size = 0
    for parcel in _parcels(said, partitions):
        if parcels and size + len(parcel.body) > PACK_BYTES_MAX:
            packs.append(Pack(new_id(), at, tuple(parcels)))
            parcels, size = [], 0
        parcels.append(parcel)
        size += len(parcel.body)
    if parcels:
        packs.append(Pack(new_id(), at, tuple(parcels)))
    return packs


def _parcels(said: Sequence[Envelope], partitions: int) -> Iterator[Parcel]:
    """Put together what travels together; only within a community does the order matter."""
    by_community: dict[str, list[Envelope]] = {}
    for envelope in said:
        by_community.setdefault(envelope.community, []).append(envelope)
    for community, envelopes in by_community.items():
        for kind, run in groupby(envelopes, key=attrgetter("kind")):
            key = f"p{partition_of(community, partitions)}.{kind}"
            for letters in _bounded(map(to_wire, run)):
                yield Parcel(key, community, parcel_of(letters), len(letters))


def _bounded(letters: Iterator[bytes]) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    size = 0
    for letter in letters:
        if chunk and (len(chunk) == EVENTS_PER_PARCEL_MAX or size + len(letter) > PARCEL_BYTES_MAX):
            yield chunk
            chunk, size = [], 0
        chunk.append(letter)
        size += len(letter) + 1
    if chunk:
        yield chunk


class Publisher(Protocol):
    """Who hands parcels to the broker."""

    async def publish(self, parcels: Sequence[Parcel]) -> None:
        """Return once every parcel is confirmed; raise Away when one of them may not have arrived."""


class Relay:
    """Publishes what was committed: at once what this process wrote, later what anybody left behind.

    Arguments:
        store: of the service.
        publisher: to the broker.
        grace_seconds: age at which a pack counts as left behind.
        service: label of the metrics.
    """

    def __init__(self, store: Store, publisher: Publisher, grace_seconds: float, service: str) -> None:
        self._outbox: Collection = store.plain(COLLECTION)
        self._publisher = publisher
        self._grace = timedelta(seconds=grace_seconds)
        self._service = service
        self._waiting: asyncio.Queue[Pack] = asyncio.Queue(PACKS_IN_MEMORY_MAX)
        self._in_hand: set[str] = set()
        self._stopping = asyncio.Event()

    def hand_over(self, packs: Sequence[Pack]) -> None:
        """Take packs that have just been committed; those that find no room are swept up later."""
        for pack in packs:
            if not self._waiting.full():
                self._in_hand.add(pack.id)
                self._waiting.put_nowait(pack)

    async def run(self) -> None:
        """Publish until stopped, then publish what is still in hand."""
        sweeper = asyncio.create_task(self._sweep_for_ever())
        stopped = asyncio.create_task(self._stopping.wait())
        try:
            while not (self._stopping.is_set() and self._waiting.empty()):
                await self._wait_for_packs(stopped)
                await self._send_waiting()
        finally:
            sweeper.cancel()
            stopped.cancel()

    def stop(self) -> None:
        """Ask `run` to come to its end."""
        self._stopping.set()

    async def _wait_for_packs(self, stopped: "asyncio.Task[bool]") -> None:
        if not self._waiting.empty() or self._stopping.is_set():
            return
        getter = asyncio.create_task(self._waiting.get())
        await asyncio.wait({getter, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if getter.done():
            await self._send([getter.result()])
        else:
            getter.cancel()

    async def _send_waiting(self) -> None:
        packs: list[Pack] = []
        while not self._waiting.empty() and len(packs) < PACKS_AT_ONCE_MAX:
            packs.append(self._waiting.get_nowait())
        if packs:
            await self._send(packs)

    async def _send(self, packs: list[Pack]) -> None:
        """Publish, then forget. What fails stays in the outbox, where the sweep finds it."""
        try:
            await self._publisher.publish([parcel for pack in packs for parcel in pack.parcels])
            await self._outbox.delete({"_id": {"$in": [pack.id for pack in packs]}})
        except Away as away:
            log.warning("announcements_wait", service=self._service, packs=len(packs), because=str(away))
            await asyncio.sleep(0.2)
        finally:
            self._in_hand.difference_update(pack.id for pack in packs)

    async def _sweep_for_ever(self) -> None:
        """Look for packs left behind, also when the broker was away."""
        while True:
            try:
                while await self._sweep():
                    pass
            except Away as away:
                log.warning("sweep_waits", service=self._service, because=str(away))
            await asyncio.sleep(min(1.0, self._grace.total_seconds() / 2))

    async def _sweep(self) -> bool:
        """Send one portion of what was left behind; return whether there may be more."""
        at = now()
        oldest = await self._outbox.find({}, sort="_id", limit=1)
        age = (at - oldest[0]["at"]).total_seconds() if oldest else 0.0
        metrics.OUTBOX_OLDEST.labels(self._service).set(max(0.0, age))
        free = {"$or": [{"claimed_until": None}, {"claimed_until": {"$lt": at}}]}
        left = {"at": {"$lt": at - self._grace}, "_id": {"$nin": list(self._in_hand)}, **free}
        rows = await self._outbox.find(left, sort="_id", limit=PACKS_AT_ONCE_MAX)
        if not rows:
            return False
        # Claiming keeps replicas from sending the same; should two do it, the receivers drop one.
        ids = [row["_id"] for row in rows]
        claim = {"$set": {"claimed_until": at + timedelta(seconds=30)}}
        await self._outbox.update({"_id": {"$in": ids}}, claim)
        try:
            await self._publisher.publish([p for row in rows for p in Pack.from_document(row).parcels])
        except Away:
            await self._outbox.update({"_id": {"$in": ids}}, {"$set": {"claimed_until": None}})
            raise
        await self._outbox.delete({"_id": {"$in": ids}})
        return len(rows) == PACKS_AT_ONCE_MAX
