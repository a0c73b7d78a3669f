"""Whether the seams find what they are for: a mend that is taken back is found, one after the other.

In `make chaos` only; with the mends in place the scenes are played in `make test`, here and in tests/edges.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from aio_pika import Exchange
from aio_pika.exceptions import DeliveryError
from pamqp import commands as spec

from services.chassis.audit import Auditor
from services.chassis.consumers import Partitions
from services.chassis.failures import Away
from services.chassis.members import share_of
from services.chassis.outbox import NotTaken, OutboxRow
from services.chassis.relay import Relay
from services.chassis.supervision import PeriodicJob, Supervisor
from services.composition import SERVICES, process_of
from services.contracts.catalogue import partition_of
from services.devserver import Servers
from tests.faults import test_kills
from tests.support import stage as stages
from tests.support.deployment import Deployments, Keys, jiwang, roomy
from tests.support.running import Running, eventually, running_house
from tests.support.seams import LOOP, Fault
from tests.support.stage import NotAtRest, Stage, stage
from tests.support.wire import Wire

WHOLE = os.environ.get("WHOLE") == "1"
FOUND_SECONDS = 10.0
TEXT = "下水道堵了，想找人疏通"


def no_supervision(patch: pytest.MonkeyPatch) -> None:
    """Let a chore end at its first failure, as a bare task does."""

    async def bare(self: Supervisor, chore: PeriodicJob) -> None:
        LOOP.set(f"{self.service}.{chore.name}")
        while True:
            await chore.look()
            await asyncio.sleep(chore.every_seconds)

    patch.setattr(Supervisor, "_repeat", bare)


def nothing_is_compared(patch: pytest.MonkeyPatch) -> None:
    """Believe the broker's confirmations for good."""

    async def blind(_: Auditor) -> int:
        return 0

    patch.setattr(Auditor, "look", blind)


def held_whatever_happens(patch: pytest.MonkeyPatch) -> None:
    """Keep the partitions however long nobody answers."""

    async def share(self: Partitions) -> frozenset[int]:
        try:
            async with asyncio.timeout(self.silence_seconds / 6):
                living = await self.members.sign()
        except (Away, TimeoutError):
            return self.held
        return share_of(self.members.me, living, self.count)

    patch.setattr(Partitions, "_share", share)


def all_or_none(patch: pytest.MonkeyPatch) -> None:
    """Take a portion back as a whole when one of it is not taken, and begin with the same again."""

    async def send(self: Relay, outbox_rows: list[OutboxRow]) -> Away | None:
        outcomes = await self.publisher.publish(
            [parcel for outbox_row in outbox_rows for parcel in outbox_row.parcels]
        )
        if any(isinstance(outcome, NotTaken | Away) for outcome in outcomes):
            return Away("one of them was not taken")
        await self._note(
            outbox_rows, {parcel.id for outbox_row in outbox_rows for parcel in outbox_row.parcels}
        )
        return None

    patch.setattr(Relay, "_send", send)


# What the seams themselves find.

LOST = Fault("intake.relay publish", 1, "lost")
AWAY = Fault("notify.watch to_list", 1, "away")
BY_A_SEAM = {"the loops": (AWAY, no_supervision), "the lost way": (LOST, nothing_is_compared)}


@pytest.fixture
async def place(
    deployments: Deployments, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    """A stage where a run that does not come to rest is told soon."""
    monkeypatch.setattr(stages, "REST_SECONDS_MAX", FOUND_SECONDS)
    monkeypatch.setattr(test_kills, "TRY_SECONDS", 0.03)
    async with stage(deployments, keys) as found:
        yield found


async def test_a_message_that_is_confirmed_and_lost_is_said_again(place: Stage) -> None:
    await place.run(None)
    await place.run(LOST)
    assert place.seams.struck


@pytest.mark.skipif(not WHOLE, reason="make chaos takes the mends back")
@pytest.mark.parametrize("mend", list(BY_A_SEAM))
async def test_a_mend_that_is_taken_back_is_found_by_a_seam(
    place: Stage, monkeypatch: pytest.MonkeyPatch, mend: str
) -> None:
    fault, plant = BY_A_SEAM[mend]
    await place.run(fault)
    with monkeypatch.context() as patch:
        plant(patch)
        with pytest.raises((NotAtRest, TimeoutError)):
            await place.run(fault)


# What needs a scene: a queue that is full for one community only, a second replica.


@asynccontextmanager
async def a_full_queue(running: Running, full: str, free: str) -> AsyncIterator[list[str]]:
    """Accept demands of two communities while the broker is away; then only one's queue takes them."""
    way = f"p{partition_of(full, running.settings.partitions)}.demand"
    publish = Exchange.publish
    is_away = True

    async def picky(self: Exchange, message: Any, routing_key: str, **named: Any) -> Any:
        if is_away:
            raise ConnectionResetError("away")
        if routing_key.startswith(way):
            raise DeliveryError(None, spec.Basic.Nack())
        return await publish(self, message, routing_key, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Exchange, "publish", picky)
        for _ in range(60):
            (await running.resident(at=full).post("/demands", {"text": TEXT})).ok()
        late = [
            (await running.resident(at=free).post("/demands", {"text": TEXT})).ok()["id"] for _ in range(3)
        ]
        relay = running.process.services[SERVICES.index("intake")].relay

        async def left_behind() -> bool:
            return not relay._in_hand

        await eventually(left_behind, 60)
        is_away = False
        yield late


async def neighbours_are_served(running: Running, full: str, free: str) -> bool:
    """Return whether a neighbour is served while a queue is full."""
    async with a_full_queue(running, full, free) as late:

        async def placed() -> bool:
            orders = running.stores["matching"].plain("orders")
            return await orders.count({"demand": {"$in": late}}) == len(late)

        try:
            await eventually(placed, FOUND_SECONDS)
        except AssertionError:
            return False
    return True


@pytest.mark.parametrize("is_planted", [False, True], ids=["in place", "taken back"])
async def test_a_head_that_blocks_the_line_is_found(
    deployments: Deployments, keys: Keys, monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    if is_planted:
        if not WHOLE:
            pytest.skip("make chaos takes the mends back")
        all_or_none(monkeypatch)
    settings = deployments.new()
    names = [f"c{n}" for n in range(8)]
    full, free = names[0], next(n for n in names if partition_of(n, 2) != partition_of(names[0], 2))
    async with running_house(settings, keys) as running:
        for name in (full, free):
            await running.load(roomy(jiwang(name)))
        assert await neighbours_are_served(running, full, free) is not is_planted


@pytest.mark.skipif(not WHOLE, reason="make chaos takes the mends back")
async def test_a_holder_that_cannot_work_is_found(
    deployments: Deployments, keys: Keys, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_whatever_happens(monkeypatch)
    settings = deployments.new(partitions=4, member_seconds=1.5)
    wire = Wire(urlsplit(servers.mongo_url).port or 0)
    await wire.mend()
    behind = f"mongodb://127.0.0.1:{wire.port}/?directConnection=true"
    async with running_house(settings, keys) as healthy:
        sick = process_of(settings.model_copy(update={"mongo_url": behind}), ["matching"])
        await sick.start()
        held = sick.services[0].partitions
        held.oldest_call_seconds = lambda: 0.0

        async def shared() -> bool:
            return len(held.held) == 2

        await eventually(shared, 20)
        await wire.cut()
        await asyncio.sleep(FOUND_SECONDS)
        assert len(held.held) == 2, "it holds what it cannot work on"
        await wire.mend()
        await sick.stop()
        await wire.cut()
        await healthy.drained()
