"""What waits for nothing any more is handed in once more: applied, or left to wait."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, cast

import pytest

from services.chassis import waiting
from services.chassis.batches import Batches
from services.chassis.documents import Heard, Ref
from services.chassis.mongo import Store
from services.chassis.processor import Delivery, MessageProcessor, RetryPolicy
from services.chassis.streams import STREAMS, Cursor, Positions, Waiting, digest_of
from services.chassis.topology import Names
from services.chassis.waiting import WaitingFacts
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.demands import DemandUrged
from services.contracts.envelope import Envelope
from tests.stores.things import Nobody
from tests.support.post import Parking, Tiers
from tests.support.streams import (
    AT,
    CURSOR,
    GUARDED,
    KEPT,
    RECOGNISED,
    STREAM,
    THE_ONE,
    WHO,
    Kept,
    effect,
    once,
    wire_of,
)

LATER = AT + timedelta(minutes=1)


class Scene:
    """A service that may have been left with something that waits."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.tiers = Tiers()
        self.batches = Batches(store, Nobody(), 1, lambda: AT)
        self.processor = MessageProcessor(
            service="matching",
            effects={DemandUrged.kind: effect},
            batches=self.batches,
            parking=Parking(),
            retries=self.tiers,
            retry=RetryPolicy((1.0,), 4),
            partitions=1,
            positions=GUARDED,
        )

    async def leave(self, put: Callable[[UnitOfWork], None]) -> None:
        origin = Origin("here", WHO, "c")
        await self.batches.run([Work(origin, (CURSOR, THE_ONE), put)])

    def job(self, *, is_first: bool = True, seconds: float = 10.0) -> WaitingFacts:
        return WaitingFacts(
            "matching", self.store, Names("t"), 1, self.processor, lambda: is_first, lambda: LATER, seconds
        )

    async def look(self, *, is_first: bool = True, seconds: float = 10.0) -> int:
        return await self.job(is_first=is_first, seconds=seconds).look()

    async def notes(self) -> tuple[str, ...]:
        return ((await self.store.load([THE_ONE]))[THE_ONE].value or Kept()).notes

    async def cursor(self) -> Cursor:
        return cast(Cursor, (await self.store.load([CURSOR]))[CURSOR].present)


@pytest.fixture
async def scene(store: Store) -> Scene:
    await store.prepare([KEPT, STREAMS])
    return Scene(store)


def waits(*versions: int, heard: int) -> Callable[[UnitOfWork], None]:
    """Leave a cursor with what waits, beside a document that was written by another meanwhile."""

    def put(uow: UnitOfWork) -> None:
        waiting = tuple(Waiting(version, wire_of(version)) for version in versions)
        uow.put(CURSOR, Cursor(1, waiting, waits_since=AT))
        uow.put(THE_ONE, Kept(("before",)))
        uow.changes[THE_ONE].heard = (Heard(STREAM, heard, digest_of(wire_of(heard))),)

    return put


async def test_what_two_replicas_left_between_them_goes_on(scene: Scene) -> None:
    await scene.leave(waits(4, 5, heard=3))
    assert await scene.look() == 2
    assert await scene.notes() == ("before", "n4", "n5")
    assert (await scene.cursor()).waits_since is None
    assert await scene.look() == 0


async def test_what_waits_for_good_reason_goes_on_waiting(scene: Scene) -> None:
    await scene.leave(waits(4, heard=2))
    before = await scene.cursor()
    assert await scene.look() == 0
    assert await scene.cursor() == before
    assert await scene.notes() == ("before",)


async def test_those_behind_a_portion_have_their_turn(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "AT_ONCE_MAX", 1)
    await scene.leave(waits(4, heard=3))
    stuck = Ref(STREAMS, "here", "demands/another")

    def put(uow: UnitOfWork) -> None:
        uow.put(stuck, Cursor(1, (Waiting(3, wire_of(3)),), waits_since=AT - timedelta(days=1)))

    await scene.batches.run([Work(Origin("here", WHO, "c"), (stuck,), put)])
    job = scene.job()
    assert [await job.look() for _ in range(2)] == [0, 1]
    assert await scene.notes() == ("before", "n4")


async def test_only_one_replica_looks_and_what_has_just_come_is_left_alone(scene: Scene) -> None:
    await scene.leave(waits(4, heard=3))
    assert await scene.look(is_first=False) == 0
    assert await scene.look(seconds=120.0) == 0
    assert await scene.notes() == ("before",)


async def test_what_an_earlier_release_left_of_a_stream_that_is_recognised_now_is_done(scene: Scene) -> None:
    await scene.leave(waits(4, 7, heard=1))
    scene.processor.effects = {DemandUrged.kind: cast(Any, once)}
    scene.processor.positions = RECOGNISED
    assert await scene.look() == 2
    assert await scene.notes() == ("before", "n4", "n7")
    assert ((await scene.cursor()).waiting, (await scene.cursor()).waits_since) == ((), None)
    assert await scene.look() == 0


async def test_what_fails_is_handed_in_once_and_goes_its_way_round(scene: Scene) -> None:
    def fails(_: Envelope) -> Work[None]:
        raise RuntimeError("not today")

    await scene.leave(waits(4, heard=3))
    scene.processor.effects = {DemandUrged.kind: fails}
    assert [await scene.look() for _ in range(3)] == [1, 0, 0]
    assert len(scene.tiers.later) == 1
    scene.processor.effects = {DemandUrged.kind: effect}
    ((queue, _, body, headers),) = scene.tiers.later
    await scene.processor.handle([Delivery(queue, body, headers)])
    assert await scene.notes() == ("before", "n4")
    assert (await scene.cursor()).waits_since is None


class Beside:
    """Hears a family beside the way."""

    family = "demand"

    def __init__(self) -> None:
        self.heard: list[int] = []

    async def plan(self, envelopes: Sequence[Envelope]) -> list[Work[Any] | None]:
        self.heard += [envelope.version for envelope in envelopes]
        return [None] * len(envelopes)

    def done(self, envelope: Envelope) -> None:
        """Nothing is noted here."""


async def test_what_an_earlier_release_left_of_a_family_heard_beside_now_is_done(
    scene: Scene,
) -> None:
    await scene.leave(waits(4, 7, heard=1))
    scene.processor.positions = Positions()
    scene.processor.beside = beside = Beside()
    assert [await scene.look() for _ in range(2)] == [2, 0]
    assert beside.heard == [4, 7]
    assert (await scene.cursor()).waits_since is None
