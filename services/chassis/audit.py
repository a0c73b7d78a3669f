"""Whether everybody heard what was said: what got lost on the way is found by comparing, and said again.

Every few seconds the first replica of a publisher tells each subscriber, partition by partition, which
parcels were confirmed since the subscriber last answered (eight bytes a parcel). The question travels the
same way as the parcels did, behind them, so that whoever answers it has had all of them before it. The answer
says which it never settled; those are published again from the outbox, where they are kept for days. What
comes twice by that is recognised, as always.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any

import orjson
import structlog
from pydantic import BaseModel, ConfigDict

from services.chassis import metrics
from services.chassis.bus import ServiceExchange
from services.chassis.handled_ids import HandledIds, digest
from services.chassis.mongo import RawCollection, Store
from services.chassis.outbox import COLLECTION, NotTaken, OutboxRow, parcel_id
from services.chassis.topology import AUDIT, HEARD, subscribers_of
from services.contracts.catalogue import hears

log = structlog.get_logger()

AUDITS = "audits"
ROWS_MAX = 5_000
"""Outbox rows compared at once; what is more waits for the next question."""
SETTLED_SECONDS = 1.0
"""What was confirmed later than this may still be on its way into the database's books."""
ASKED_AGAIN_LOOKS = 3
ASKED_STEADILY = 4
"""So often the same is asked at a steady pace; after that whoever does not answer is asked less and less."""
ASKED_MAX = 12
"""An answer to a question asked so often counts, even if it still misses something: it is told, and left."""
ASKED_AGAIN_SECONDS_MAX = 600.0
SAID_AT_ONCE_MAX = 200


class Question(BaseModel):
    """Which parcels a subscriber should have had."""

    model_config = ConfigDict(frozen=True)

    by: str
    since: datetime
    until: datetime
    parcels: tuple[int, ...]
    last: bool = False


class Answer(BaseModel):
    """Which of them it had not; `lost_seconds`: it lost what it had put off, for so long back."""

    model_config = ConfigDict(frozen=True)

    by: str
    since: datetime
    until: datetime
    missing: tuple[int, ...] = ()
    lost_seconds: float = 0.0
    last: bool = False


@dataclass(slots=True)
class Asked:
    """A question that is not answered yet.

    Arguments:
        at: when it was first asked, by the monotonic clock.
        next_at: when it is asked again.
        question: the very same.
    """

    at: float
    next_at: float
    wait: float
    question: Question
    times: int = 0


@dataclass
class Auditor:
    """Asks and says again, for one publishing service.

    Arguments:
        service: its name.
        store: its database, where the outbox is kept, and how far each subscriber has answered.
        exchange: on the bus.
        partitions: of the bus.
        is_first: whether this replica is the one that asks; should two do it, no harm is done.
        every_seconds: between two looks.
    """

    service: str
    store: Store
    exchange: ServiceExchange
    partitions: int
    is_first: Callable[[], bool]
    every_seconds: float = 10.0
    _asked: dict[tuple[str, int], Asked] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._outbox: RawCollection = self.store.plain(COLLECTION)
        self._audits: RawCollection = self.store.plain(AUDITS)

    # Asking.

    async def look(self) -> int:
        """Ask everybody about what was said since they last answered; return how often was asked."""
        if not self.is_first():
            self._asked.clear()
            self._tell_age()
            return 0
        until = await self.store.clock() - timedelta(seconds=SETTLED_SECONDS)
        heard = await self._heard_until(until)
        said, until = await self._said(min(heard.values(), default=until), until)
        asked = 0
        for way, since in heard.items():
            parcels = [parcel for sent_at, parcel in said.get(way, ()) if sent_at > since]
            asked += await self._ask(way, since, until, parcels)
        self._tell_age()
        return asked

    async def _heard_until(self, start: datetime) -> dict[tuple[str, int], datetime]:
        """Return by subscriber and partition up to when it has answered; a new one is asked from now on."""
        ways = [(who, n) for who in subscribers_of(self.service) for n in range(self.partitions)]
        rows = {row["_id"]: row["heard_until"] for row in await self._audits.find({})}
        for who, partition in ways:
            name = f"{who}/{partition}"
            if name not in rows:
                row = await self._audits.insert_if_absent({"_id": name, "heard_until": start})
                rows[name] = row["heard_until"]
        return {(who, n): rows[f"{who}/{n}"] for who, n in ways}

    async def _said(
        self, since: datetime, until: datetime
    ) -> tuple[dict[tuple[str, int], list[tuple[datetime, int]]], datetime]:
        """Return what was confirmed between two moments, by who hears it where; and up to when that is."""
        rows = await self._outbox.aggregate(
            [
                {"$match": {"sent_at": {"$gt": since, "$lte": until}}},
                {"$sort": {"sent_at": 1, "claimed_until": 1, "_id": 1}},
                {"$limit": ROWS_MAX},
                {"$project": {"sent_at": 1, "keys": _first_of_each("$parcels")}},
            ]
        )
        if len(rows) == ROWS_MAX:
            until = rows[-1]["sent_at"] - timedelta(milliseconds=1)
        said: dict[tuple[str, int], list[tuple[datetime, int]]] = {}
        for row in rows:
            for number, key in enumerate(row["keys"]):
                at, _, kind = key.partition(".")
                parcel = digest(parcel_id(row["_id"], number))
                for who in subscribers_of(self.service):
                    if hears(who, kind) and row["sent_at"] <= until:
                        said.setdefault((who, int(at[1:])), []).append((row["sent_at"], parcel))
        return said, until

    async def _ask(self, way: tuple[str, int], since: datetime, until: datetime, parcels: list[int]) -> int:
        """Ask once; the same question again, less and less often, until it is answered."""
        open_question = self._asked.get(way)
        if open_question is None or open_question.question.until <= since:
            self._asked.pop(way, None)
            if not parcels:
                return 0
            question = Question(by=self.service, since=since, until=until, parcels=tuple(parcels))
            open_question = Asked(monotonic(), 0.0, ASKED_AGAIN_LOOKS * self.every_seconds, question)
            self._asked[way] = open_question
        elif monotonic() < open_question.next_at:
            return 0
        elif open_question.times >= ASKED_STEADILY:
            open_question.wait = min(2 * open_question.wait, ASKED_AGAIN_SECONDS_MAX)
        open_question.times += 1
        open_question.next_at = monotonic() + open_question.wait
        who, partition = way
        last = {"last": open_question.times >= ASKED_MAX}
        body = open_question.question.model_copy(update=last).model_dump_json().encode()
        try:
            await self.exchange.say(AUDIT, partition, f"{AUDIT}.{who}", body)
        except NotTaken as no:
            log.warning("nobody_to_ask", service=self.service, subscriber=who, because=str(no))
            open_question.next_at = 0.0
        return 1

    def _tell_age(self) -> None:
        for who in subscribers_of(self.service):
            ages = [monotonic() - asked.at for (name, _), asked in self._asked.items() if name == who]
            metrics.UNHEARD_SECONDS.labels(self.service, who).set(max(ages, default=0.0))

    # Hearing the answer.

    async def note(self, partition: int, body: bytes) -> None:
        """Say again what somebody missed; once they miss nothing, note how far they have heard.

        Raises:
            Away, NotTaken: it could not be said; they are asked again.
            ValueError: it is no answer.
        """
        answer = Answer.model_validate_json(body)
        if answer.by not in subscribers_of(self.service):
            raise ValueError(f"{answer.by} hears nothing of {self.service}")
        since = answer.since
        wanted: frozenset[int] | None = frozenset(answer.missing)
        if answer.lost_seconds:
            since, wanted = min(since, answer.until - timedelta(seconds=answer.lost_seconds)), None
        if wanted or wanted is None:
            await self.say_again(partition, since, answer.until, partial(_is_meant, answer.by, wanted))
        if answer.missing and not answer.last:
            return  # they are asked again, and have heard it then
        if answer.missing:
            log.error("never_heard", service=self.service, subscriber=answer.by, parcels=len(answer.missing))
        later = {"_id": f"{answer.by}/{partition}", "heard_until": {"$lt": answer.until}}
        await self._audits.update(later, {"$set": {"heard_until": answer.until}})

    async def say_again(
        self, partition: int, since: datetime, until: datetime, is_meant: "Callable[[str, str], bool]"
    ) -> int:
        """Publish parcels of a partition again that were confirmed between two moments; return how many.

        Arguments:
            is_meant: by routing key's kind and the parcel's id.

        Raises:
            Away, NotTaken: one was not confirmed.
        """
        said, last = 0, since
        while True:
            rows = await self._outbox.find(
                {"sent_at": {"$gt": last, "$lte": until}}, sort=("sent_at",), limit=SAID_AT_ONCE_MAX
            )
            parcels = [
                parcel
                for row in rows
                for parcel in OutboxRow.from_document(row).parcels
                if parcel.routing_key.startswith(f"p{partition}.")
                and is_meant(parcel.routing_key.split(".", 1)[1], parcel.id)
            ]
            for failure in await self.exchange.publish(parcels):
                if failure is not None:
                    raise failure
            said += len(parcels)
            if len(rows) < SAID_AT_ONCE_MAX:
                break
            last = max(rows[-1]["sent_at"] - timedelta(milliseconds=1), last + timedelta(milliseconds=1))
        if said:
            metrics.SAID_AGAIN.labels(self.service).inc(said)
            log.error("said_again", service=self.service, partition=partition, parcels=said)
        return said


def _is_meant(who: str, wanted: frozenset[int] | None, kind: str, parcel: str) -> bool:
    return hears(who, kind) and (wanted is None or digest(parcel) in wanted)


def _first_of_each(array: str) -> Mapping[str, Any]:
    """Return the expression for the first element of every row of an array."""
    return {"$map": {"input": array, "as": "row", "in": {"$arrayElemAt": ["$$row", 0]}}}


@dataclass
class Listener:
    """Answers questions about what this service has heard, and hands on the answers to its own.

    Arguments:
        service: who answers.
        exchange: on the bus.
        heard: what was settled.
        auditor: of what this service says itself.
        lost_seconds: told once after something was lost that had been put off; 0 otherwise.
    """

    service: str
    exchange: ServiceExchange
    heard: HandledIds
    auditor: Auditor
    lost_seconds: Callable[[int], float] = lambda _: 0.0

    async def answer(self, control: str, queue: str, body: bytes) -> None:
        """Answer a question, or take an answer.

        Raises:
            Away, NotTaken: the answer did not get out; whoever asked asks again.
            ValueError: it is neither.
        """
        partition = int(queue.rpartition(".p")[2])
        if control == HEARD:
            await self.auditor.note(partition, body)
            return
        question = Question.model_validate_json(body)
        missing = self.heard.missing(queue, question.parcels)
        answer = Answer(
            by=self.service,
            since=question.since,
            until=question.until,
            missing=tuple(missing),
            lost_seconds=self.lost_seconds(partition),
            last=question.last,
        )
        key = f"{HEARD}.{question.by}"
        await self.exchange.say(HEARD, partition, key, orjson.dumps(answer.model_dump(mode="json")))
