"""How far a stream was heard stands in the document that it writes, or in a cursor; the further counts."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import bson
import pytest

from services.chassis.batches import Batches
from services.chassis.documents import Heard
from services.chassis.processor import Delivery, MessageProcessor, RetryPolicy
from services.chassis.streams import (
    Cursor,
    Positions,
    digest_of,
)
from services.chassis.work import Origin, UnitOfWork, Work
from services.composition import SPECS, built_of
from services.contracts.catalogue import KINDS, SUBSCRIPTIONS, hears, hears_whole_family
from services.contracts.demands import DemandUrged
from services.contracts.envelope import parcel_of
from tests.support.documents import MemoryDocuments
from tests.support.post import Parking, Post, Tiers
from tests.support.streams import (
    AT,
    CURSOR,
    GUARDED,
    RECOGNISED,
    STREAM,
    THE_ONE,
    WHO,
    Kept,
    effect,
    once,
    wire_of,
)


@dataclass
class Scene:
    """A processor over documents in memory."""

    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    parking: Parking = field(default_factory=Parking)

    def __post_init__(self) -> None:
        self.batches = Batches(self.documents, Post(), 1, lambda: AT)
        self.processor = MessageProcessor(
            service="matching",
            effects={DemandUrged.kind: effect},
            batches=self.batches,
            parking=self.parking,
            retries=Tiers(),
            retry=RetryPolicy((1.0,), 4),
            partitions=1,
            positions=GUARDED,
        )

    async def hear(self, *facts: tuple[int, str], skip: bool = False) -> None:
        """Deliver each fact in a parcel of its own."""
        headers = {"x-sandan-skip": True} if skip else {}
        for fact in facts:
            body = parcel_of([wire_of(*fact)])
            await self.processor.handle([Delivery("t.matching.p0", body, headers)])

    async def notes(self) -> tuple[str, ...]:
        return ((await self.documents.load([THE_ONE]))[THE_ONE].value or Kept()).notes

    async def heard(self) -> tuple[Heard, ...]:
        return (await self.documents.load([THE_ONE]))[THE_ONE].heard

    async def cursor(self) -> Cursor | None:
        value: Cursor | None = (await self.documents.load([CURSOR]))[CURSOR].value
        return value

    async def leave(self, put: Callable[[UnitOfWork], None]) -> None:
        """Leave what an earlier release left."""
        origin = Origin("here", WHO, "c")
        await self.batches.run([Work(origin, (CURSOR, THE_ONE), put)])


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_what_writes_the_document_keeps_its_position_there_and_writes_no_cursor(scene: Scene) -> None:
    await scene.hear((1, ""), (2, ""))
    assert await scene.notes() == ("n1", "n2")
    assert await scene.heard() == (Heard(STREAM, 2, digest_of(wire_of(2))),)
    assert await scene.cursor() is None


async def test_a_position_survives_what_others_write(scene: Scene) -> None:
    await scene.hear((1, ""))
    await scene.leave(lambda uow: uow.put(THE_ONE, Kept(("theirs",))))
    await scene.hear((1, ""))
    assert await scene.notes() == ("theirs",)


async def test_repetitions_change_nothing_in_whatever_order(scene: Scene) -> None:
    await scene.hear((1, ""), (2, ""), (1, ""), (2, ""), (3, ""), (2, ""), (3, ""))
    assert await scene.notes() == ("n1", "n2", "n3")


async def test_what_comes_too_early_waits_in_a_cursor_and_is_applied_in_its_turn(scene: Scene) -> None:
    await scene.hear((1, ""), (4, ""), (3, ""))
    waiting = await scene.cursor()
    assert waiting is not None
    assert (waiting.version, [early.version for early in waiting.waiting]) == (1, [4, 3])
    assert waiting.waits_since == AT
    await scene.hear((2, ""))
    assert await scene.notes() == ("n1", "n2", "n3", "n4")
    after = await scene.cursor()
    assert after is not None
    assert (after.waiting, after.waits_since) == ((), None)


async def test_what_writes_nothing_keeps_its_position_in_a_cursor(scene: Scene) -> None:
    await scene.hear((1, ""), (2, "-quiet"), (3, "no"), (2, "-quiet"), (3, "no"))
    cursor = await scene.cursor()
    assert cursor is not None
    assert cursor.version == 3
    await scene.hear((4, ""))
    assert await scene.notes() == ("n1", "n4")
    assert (await scene.heard())[0].version == 4
    await scene.hear((3, "no"), (5, "-quiet"), (4, ""))
    assert (await scene.cursor() or Cursor()).version == 5
    assert await scene.notes() == ("n1", "n4")


async def test_another_fact_under_a_number_that_was_heard_is_put_aside_wherever_the_position_stands(
    scene: Scene,
) -> None:
    await scene.hear((1, ""), (1, "another"))
    await scene.hear((2, "-quiet"), (2, "-another"))
    assert [parked.reason for parked in scene.parking.parked] == ["contradiction", "contradiction"]
    assert await scene.notes() == ("n1",)


async def test_what_an_earlier_release_heard_is_not_done_again(scene: Scene) -> None:
    await scene.leave(lambda uow: uow.put(CURSOR, Cursor(2, last=digest_of(wire_of(2)))))
    await scene.hear((1, ""), (2, ""), (3, ""))
    assert await scene.notes() == ("n3",)


async def test_both_are_written_where_an_earlier_release_may_come_back(scene: Scene) -> None:
    scene.processor.positions = replace(GUARDED, keep_all=True)
    await scene.hear((1, ""), (2, ""))
    assert (await scene.cursor() or Cursor()).version == 2
    assert (await scene.heard())[0].version == 2


async def test_what_a_person_let_go_is_passed_by(scene: Scene) -> None:
    await scene.hear((1, ""), (3, ""))
    await scene.hear((2, ""), skip=True)
    assert await scene.notes() == ("n1", "n3")
    assert (await scene.cursor() or Cursor(waits_since=AT)).waits_since is None


async def test_a_document_of_before_has_heard_nothing_and_one_that_heard_nothing_says_nothing(
    scene: Scene,
) -> None:
    await scene.leave(lambda uow: uow.put(THE_ONE, Kept(("old",))))
    (raw,) = scene.documents.rows["kept"].values()
    assert "_heard" not in bson.decode(raw)
    assert await scene.heard() == ()
    await scene.hear((1, ""))
    (raw,) = scene.documents.rows["kept"].values()
    assert bson.decode(raw)["_heard"] == [[STREAM, 1, digest_of(wire_of(1))]]


async def test_what_recognises_its_own_repetition_is_done_in_any_order_and_keeps_no_position() -> None:
    scene = Scene()
    scene.processor.effects = {DemandUrged.kind: cast(Any, once)}
    scene.processor.positions = RECOGNISED
    await scene.hear((3, ""), (1, ""), (3, ""), (2, "no"), (1, ""))
    assert await scene.notes() == ("n3", "n1")
    assert (await scene.heard(), await scene.cursor()) == ((), None)
    scene.processor.effects = {}
    await scene.hear((9, ""))
    assert await scene.cursor() is None


async def test_what_is_recognised_goes_in_order_where_an_earlier_release_may_come_back() -> None:
    scene = Scene()
    scene.processor.effects = {DemandUrged.kind: cast(Any, once)}
    scene.processor.positions = replace(RECOGNISED, keep_all=True)
    await scene.hear((2, ""), (1, ""), (2, ""))
    assert await scene.notes() == ("n1", "n2")
    assert (await scene.cursor() or Cursor()).version == 2


async def test_of_a_part_of_a_family_nothing_is_kept_even_then() -> None:
    scene = Scene()
    scene.processor.effects = {DemandUrged.kind: cast(Any, once)}
    scene.processor.positions = Positions(
        recognised=frozenset({"demand"}), in_part=frozenset({"demand"}), keep_all=True
    )
    await scene.hear((7, ""), (3, ""), (7, ""))
    assert (await scene.notes(), await scene.cursor()) == (("n7", "n3"), None)


@pytest.mark.parametrize("service", SUBSCRIPTIONS)
def test_whoever_hears_part_of_a_family_recognises_repetitions(service: str) -> None:
    """Its streams have gaps there, so nothing that was heard before says what comes next."""
    spec = SPECS[service]
    heard = [kind for kind in KINDS if hears(service, kind) and not hears_whole_family(service, kind)]
    positions = built_of(spec).positions
    assert {kind.partition(".")[0] for kind in heard} == positions.in_part <= positions.recognised
