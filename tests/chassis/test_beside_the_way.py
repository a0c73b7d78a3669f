"""What a service does about a family of events beside the way: after the rest, and without a cursor."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import bson
import pytest

from services.chassis.batches import Batches as RealBatches
from services.chassis.documents import Ref, from_document
from services.chassis.processor import Delivery, MessageProcessor, RetryPolicy
from services.chassis.streams import STREAMS, Cursor, Positions, Waiting
from services.chassis.work import Origin, Work
from services.contracts.demands import DemandUrged
from services.contracts.envelope import Envelope, parcel_of, to_wire
from services.contracts.ids import DemandId
from services.contracts.words import Actor, Message, Role
from tests.support.documents import MemoryDocuments
from tests.support.post import Parking, Post, Tiers

AT = datetime(2026, 1, 31, tzinfo=UTC)
WHO = Actor(subject="r1", role=Role.RESIDENT)
URGED = DemandUrged(demand=DemandId("d1"), note="", times=1, round=1)


def _delivery(*facts: tuple[str, Message], skip: bool = False) -> Delivery:
    rows = [
        Envelope(
            id=name,
            kind=fact.kind,
            community="here",
            stream="demands/d1",
            version=7,
            at=AT,
            actor=WHO,
            correlation="c",
            body=fact,
        )
        for name, fact in facts
    ]
    headers = {"x-sandan-skip": True} if skip else {}
    return Delivery("t.intake.p0", parcel_of(map(to_wire, rows)), headers)


def _named(name: str) -> Work[Any]:
    return Work(Origin("here", WHO, "c"), (), lambda _: name)


@dataclass
class Heard:
    """Plans a work for each envelope whose id says so, and notes what was done."""

    planned: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    family: str = "demand"

    async def plan(self, envelopes: Sequence[Envelope]) -> list[Work[Any] | None]:
        self.planned += [envelope.id for envelope in envelopes]
        return [_named(one.id) if one.id.startswith("work") else None for one in envelopes]

    def done(self, envelope: Envelope) -> None:
        self.finished.append(envelope.id)


@dataclass
class Batches:
    """Runs works without a database; fails for those named."""

    failing: frozenset[str] = frozenset()
    ran: list[str] = field(default_factory=list)

    async def run(self, works: Sequence[Work[Any]]) -> list[Any]:
        names = [work.decide(cast(Any, None)) for work in works]
        self.ran += names
        return [RuntimeError(name) if name in self.failing else name for name in names]


def _processor(heard: Heard, batches: Batches, tiers: Tiers) -> MessageProcessor:
    return MessageProcessor(
        service="intake",
        effects={},
        batches=cast(Any, batches),
        parking=Parking(),
        retries=tiers,
        retry=RetryPolicy((1.0,), 4),
        partitions=1,
        beside=heard,
    )


async def test_it_is_planned_together_and_only_what_needs_a_work_is_run() -> None:
    heard, batches = Heard(), Batches()
    await _processor(heard, batches, Tiers()).handle(
        [_delivery(("work-1", URGED), ("nothing", URGED)), _delivery(("work-2", URGED))]
    )
    assert heard.planned == ["work-1", "nothing", "work-2"]
    assert batches.ran == ["work-1", "work-2"]
    assert heard.finished == heard.planned


async def test_what_fails_is_tried_again_later_and_is_not_done() -> None:
    heard, batches, tiers = Heard(), Batches(frozenset({"work-1"})), Tiers()
    await _processor(heard, batches, tiers).handle([_delivery(("work-1", URGED), ("work-2", URGED))])
    assert heard.finished == ["work-2"]
    assert [b"work-1" in body for _, _, body, _ in tiers.later] == [True]


async def test_how_far_a_stream_was_heard_is_noted_where_an_earlier_release_may_come_back() -> None:
    documents = MemoryDocuments()
    batches = RealBatches(documents, Post(), 1, lambda: AT)
    processor = _processor(Heard(), cast(Any, batches), Tiers())
    processor.positions = Positions(keep_all=True)
    for _ in range(2):
        await processor.handle([_delivery(("nothing", URGED))])
    (cursor,) = [
        from_document(STREAMS, bson.decode(raw)).present for raw in documents.rows["streams"].values()
    ]
    assert (cursor.version, cursor.waiting) == (7, ())
    assert cursor.last


async def test_what_a_person_let_go_is_not_planned_and_nothing_waits_for_it_any_more() -> None:
    heard, documents = Heard(), MemoryDocuments()
    batches = RealBatches(documents, Post(), 1, lambda: AT)
    ref = Ref(STREAMS, "here", "demands/d1")
    left = Cursor(2, (Waiting(9, b"{}"),), waits_since=AT)
    await batches.run([Work(Origin("here", WHO, "c"), (ref,), lambda uow: uow.put(ref, left))])
    await _processor(heard, cast(Any, batches), Tiers()).handle([_delivery(("work-1", URGED), skip=True)])
    assert heard.planned == heard.finished == []
    cursor = (await documents.load([ref]))[ref].present
    assert (cursor.version, cursor.waiting, cursor.waits_since) == (9, (), None)


async def test_a_fault_in_one_is_found_and_put_aside_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard, tiers, parking = Heard(), Tiers(), Parking()
    processor = _processor(heard, Batches(), tiers)
    processor.parking = parking
    plan = heard.plan

    async def picky(envelopes: Sequence[Envelope]) -> list[Work[Any] | None]:
        if any(envelope.id == "broken" for envelope in envelopes):
            raise ValueError("broken")
        return await plan(envelopes)

    monkeypatch.setattr(heard, "plan", picky)
    await processor.handle([_delivery(("work-1", URGED), ("broken", URGED), ("work-2", URGED))])
    assert heard.finished == ["work-1", "work-2"]
    assert [parked.reason for parked in parking.parked] == ["fault"]
