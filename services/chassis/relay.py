"""The relay: publishes what was committed, at once what this process wrote, later what anybody left behind.

Every parcel is confirmed and noted by itself, so what one queue does not take holds up nobody else: its way
(partition and family) is left alone for a while, tried with one parcel, and opened when that one is taken.
"""

import asyncio
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Protocol

import structlog

from services.chassis import metrics
from services.chassis.clock import now
from services.chassis.failures import Away
from services.chassis.mongo import RawCollection, Store
from services.chassis.outbox import COLLECTION, NotTaken, OutboxRow, Parcel, number_of

log = structlog.get_logger()

ROWS_IN_MEMORY_MAX = 1_000
ROWS_AT_ONCE_MAX = 50
CLAIM_SECONDS = 30.0
BLOCKED_SECONDS_MIN = 1.0
BLOCKED_SECONDS_MAX = 30.0
LEFT_ALONE_SECONDS = 60.0
"""How long a row whose way is blocked is left alone at most; it is free at once when the way opens."""
AWAY_SECONDS = 0.2
FORGOTTEN_AT_ONCE_MAX = 1_000
MEASURED_MAX = 5_000
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
SENT = {
    "$currentDate": {"sent_at": True},
    "$set": {"claimed_until": NEVER},  # a release that knows no `sent_at` leaves claimed rows alone
    "$unset": {"left": "", "blocked": ""},
}


class Publisher(Protocol):
    """Who hands parcels to the broker."""

    async def publish(self, parcels: Sequence[Parcel]) -> list[Exception | None]:
        """Return for each parcel None once it is confirmed, NotTaken, or Away where nobody knows."""


@dataclass(slots=True)
class Blocked:
    """A way that does not take what is sent: how long it is left alone, and until when.

    Arguments:
        seconds: the last wait; it doubles.
        until: moment of the monotonic clock.
    """

    seconds: float = 0.0
    until: float = 0.0

    def again(self) -> None:
        """Wait longer than before."""
        self.seconds = min(BLOCKED_SECONDS_MAX, max(BLOCKED_SECONDS_MIN, 2 * self.seconds))
        self.until = monotonic() + self.seconds


@dataclass
class Relay:
    """Publishes one service's announcements.

    Arguments:
        store: of the service.
        publisher: to the broker.
        grace_seconds: age at which a row counts as left behind.
        service: label of the metrics.
        kept_hours: how long what was sent is kept, to be said again if it got lost on the way.
    """

    store: Store
    publisher: Publisher
    grace_seconds: float
    service: str
    kept_hours: float = 72.0
    _blocked: dict[str, Blocked] = field(default_factory=dict)
    _in_hand: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._outbox: RawCollection = self.store.plain(COLLECTION)
        self._waiting: asyncio.Queue[OutboxRow] = asyncio.Queue(ROWS_IN_MEMORY_MAX)
        self._stopping = asyncio.Event()

    def hand_over(self, outbox_rows: Sequence[OutboxRow]) -> None:
        """Take outbox rows that have just been committed; those that find no room are swept up later."""
        for outbox_row in outbox_rows:
            if not self._waiting.full():
                self._in_hand.add(outbox_row.id)
                self._waiting.put_nowait(outbox_row)

    async def run(self) -> None:
        """Publish until stopped, then publish what is still in hand."""
        stopped = asyncio.create_task(self._stopping.wait())
        try:
            while not (self._stopping.is_set() and self._waiting.empty()):
                if outbox_rows := await self._next(stopped):
                    await self._send_fresh(outbox_rows)
        finally:
            stopped.cancel()

    def stop(self) -> None:
        """Ask `run` to come to its end."""
        self._stopping.set()

    async def _next(self, stopped: "asyncio.Task[bool]") -> list[OutboxRow]:
        """Return what waits, once something does: a commit's rows together. Empty when told to stop."""
        outbox_rows: list[OutboxRow] = []
        if self._waiting.empty() and not self._stopping.is_set():
            getter = asyncio.create_task(self._waiting.get())
            await asyncio.wait({getter, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if getter.done():
                outbox_rows.append(getter.result())
            else:
                getter.cancel()
        while not self._waiting.empty() and len(outbox_rows) < ROWS_AT_ONCE_MAX:
            outbox_rows.append(self._waiting.get_nowait())
        return outbox_rows

    async def _send_fresh(self, outbox_rows: list[OutboxRow]) -> None:
        """Send what was just committed. What fails stays in the outbox, where the sweep finds it."""
        try:
            away = await self._send(outbox_rows)
            if away is not None:
                log.warning(
                    "announcements_wait",
                    service=self.service,
                    outbox_rows=len(outbox_rows),
                    because=str(away),
                )
                await asyncio.sleep(AWAY_SECONDS)
        except Away as away:
            log.warning(
                "sent_but_not_noted", service=self.service, outbox_rows=len(outbox_rows), because=str(away)
            )
            await asyncio.sleep(AWAY_SECONDS)
        finally:
            self._in_hand.difference_update(outbox_row.id for outbox_row in outbox_rows)

    async def _send(self, outbox_rows: Sequence[OutboxRow]) -> Away | None:
        """Publish outbox rows and note what was taken; return why the broker is away, if it is.

        Raises:
            Away: the database does not answer.
        """
        parcels = [
            parcel for outbox_row in outbox_rows for parcel in outbox_row.parcels if self._may_try(parcel.way)
        ]
        outcomes = await self.publisher.publish(parcels)
        taken: set[str] = set()
        refused: dict[str, NotTaken] = {}
        away: Away | None = None
        for parcel, outcome in zip(parcels, outcomes, strict=True):
            if outcome is None:
                taken.add(parcel.id)
            elif isinstance(outcome, NotTaken):
                refused[parcel.way] = outcome
            elif isinstance(outcome, Away):
                away = outcome
            else:
                raise outcome
        for way, because in refused.items():
            self._block(way, because)
        await self._note(outbox_rows, taken)
        await self._open({parcel.way for parcel in parcels if parcel.id in taken} - refused.keys())
        return away

    async def _note(self, outbox_rows: Sequence[OutboxRow], taken: set[str]) -> None:
        """Note what was taken: whole rows together, each of the others by itself."""
        whole = [
            outbox_row.id
            for outbox_row in outbox_rows
            if all(parcel.id in taken for parcel in outbox_row.parcels)
        ]
        if whole:
            await self._outbox.update({"_id": {"$in": whole}}, SENT)
        for outbox_row in outbox_rows:
            left = [parcel for parcel in outbox_row.parcels if parcel.id not in taken]
            if not left:
                continue
            change: dict[str, Any] = {}
            if len(left) < len(outbox_row.parcels):
                change["left"] = [number_of(parcel) for parcel in left]
            blocked = next((parcel.way for parcel in left if parcel.way in self._blocked), None)
            if blocked is not None:
                later = now() + timedelta(seconds=LEFT_ALONE_SECONDS)
                change |= {"blocked": blocked, "claimed_until": later}
            if change:
                await self._outbox.update({"_id": outbox_row.id}, {"$set": change})

    # Ways that do not take what is sent.

    def _may_try(self, way: str) -> bool:
        """Return whether a parcel may be sent on its way: on a blocked one a single parcel now and then."""
        blocked = self._blocked.get(way)
        if blocked is None:
            return True
        if monotonic() < blocked.until:
            return False
        blocked.until = monotonic() + BLOCKED_SECONDS_MAX
        return True

    def _block(self, way: str, because: NotTaken) -> None:
        if way not in self._blocked:
            log.error("way_blocked", service=self.service, way=way, because=str(because))
        self._blocked.setdefault(way, Blocked()).again()
        metrics.WAYS_BLOCKED.labels(self.service).set(len(self._blocked))

    async def _open(self, ways: Set[str]) -> None:
        """Free what was left alone on ways that take again."""
        opened = [way for way in sorted(ways) if self._blocked.pop(way, None)]
        if opened:
            metrics.WAYS_BLOCKED.labels(self.service).set(len(self._blocked))
            log.info("way_open", service=self.service, ways=opened)
            free = {"$set": {"claimed_until": None}, "$unset": {"blocked": ""}}
            await self._outbox.update({"sent_at": None, "blocked": {"$in": opened}}, free)

    # What was left behind.

    async def sweep(self) -> int:
        """Send what was left behind, portion by portion; return how many rows there were.

        Raises:
            Away: broker or database do not answer.
        """
        await self._try_blocked()
        swept = 0
        while found := await self._sweep_portion():
            swept += found
        return swept

    async def _sweep_portion(self) -> int:
        at = now()
        rows = await self._outbox.find(
            {"sent_at": None, "_id": {"$nin": list(self._in_hand)}, "$and": [_free(at), self._left(at)]},
            sort=("claimed_until", "_id"),
            limit=ROWS_AT_ONCE_MAX,
        )
        if not rows:
            return 0
        # Claiming keeps replicas from sending the same; should two do it, the receivers drop one.
        ids = {"_id": {"$in": [row["_id"] for row in rows]}, "sent_at": None}
        await self._outbox.update(ids, {"$set": {"claimed_until": at + timedelta(seconds=CLAIM_SECONDS)}})
        away = await self._send([OutboxRow.from_document(row) for row in rows])
        if away is not None:
            unblocked = {**ids, "blocked": None}
            await self._outbox.update(unblocked, {"$set": {"claimed_until": None}})
            raise away
        return len(rows)

    def _left(self, at: datetime) -> dict[str, Any]:
        """What its writer should have sent by now; one whose clock is ahead may be dead all the same."""
        grace = timedelta(seconds=self.grace_seconds)
        return {"$or": [{"at": {"$lt": at - grace}}, {"at": {"$gt": at + grace}}]}

    async def _try_blocked(self) -> None:
        """Try every blocked way whose wait is over with one parcel that was left for it."""
        for way in [way for way, blocked in self._blocked.items() if monotonic() >= blocked.until]:
            rows = await self._outbox.find({"sent_at": None, "blocked": way}, sort="sent_at", limit=1)
            if rows:
                await self._send([OutboxRow.from_document(rows[0])])
            else:
                del self._blocked[way]  # whoever comes next finds out

    async def measure(self) -> float:
        """Tell the age of the oldest announcement that is not sent, and return it in seconds.

        Apart from the sweep, so that it is told whatever the sweep does; of very many, those that were never
        tried count before those whose way is blocked.
        """
        oldest = await self._outbox.aggregate(
            [
                {"$match": {"sent_at": None}},
                {"$sort": {"sent_at": 1, "claimed_until": 1, "_id": 1}},
                {"$limit": MEASURED_MAX},
                {"$group": {"_id": None, "at": {"$min": "$at"}}},
            ]
        )
        age = max(0.0, (now() - oldest[0]["at"]).total_seconds()) if oldest else 0.0
        metrics.OUTBOX_OLDEST.labels(self.service).set(age)
        return age

    async def forget(self) -> int:
        """Delete a portion of what was sent so long ago that nobody asks for it; return how much it was."""
        long_ago = now() - timedelta(hours=self.kept_hours)
        found = await self._outbox.find(
            {"sent_at": {"$lt": long_ago}}, sort="sent_at", limit=FORGOTTEN_AT_ONCE_MAX, fields=["_id"]
        )
        return await self._outbox.delete({"_id": {"$in": [row["_id"] for row in found]}}) if found else 0


def _free(at: datetime) -> dict[str, Any]:
    """What nobody has claimed, or whose claim is over or none that a clock of ours would have made."""
    longest = timedelta(seconds=2 * LEFT_ALONE_SECONDS)
    past, absurd = {"claimed_until": {"$lt": at}}, {"claimed_until": {"$gt": at + longest}}
    return {"$or": [{"claimed_until": None}, past, absurd]}
