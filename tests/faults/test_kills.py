"""kill -9 of services, broker and database in the middle of a load: nothing lost, nothing doubled."""

import asyncio
import random
from pathlib import Path

import pytest

from services.composition import SERVICES
from tests.support.deployment import Keys
from tests.support.scene import (
    BLOWS,
    SETTLE_SECONDS_MAX,
    TRY_SECONDS,
    Scene,
    assert_nothing_lost_and_nothing_doubled,
    awards,
    scene,
)


@pytest.mark.parametrize("seed", [20261123])
async def test_kill_9_of_everything_in_turn_loses_and_doubles_nothing(
    tmp_path: Path, keys: Keys, seed: int
) -> None:
    order = list(BLOWS)
    random.Random(seed).shuffle(order)
    async with scene(tmp_path, keys) as town:
        async with town.town.load():
            await asyncio.sleep(2.0)
            for name in order:
                await BLOWS[name](town)
                await asyncio.sleep(1.0)
        await _settled(town)
        await assert_nothing_lost_and_nothing_doubled(town)
        assert town.town.retried > 0, "the blows fell on nobody"


async def test_sigterm_in_the_middle_of_a_load_loses_and_doubles_nothing(tmp_path: Path, keys: Keys) -> None:
    async with scene(tmp_path, keys) as town:
        async with town.town.load():
            await asyncio.sleep(1.5)
            for name in SERVICES:
                assert await town.town.processes[name].stop() == 0
                await town.town.processes[name].start()
        await _settled(town)
        await assert_nothing_lost_and_nothing_doubled(town)


async def _settled(scene: Scene) -> None:
    """Wait until every announcement is sent and every notice of a closed demand is there."""
    async with asyncio.timeout(SETTLE_SECONDS_MAX):
        while True:
            rows = [row for service in SERVICES for row in await scene.rows(service, "outbox")]
            unsent = [row for row in rows if row.get("sent_at") is None]
            notices = await scene.rows("notify", "notices")
            settled = {row["demand"] for row in notices if row["kind"] == "order.settled.v1"}
            transfers = await awards(scene)
            due = [
                row
                for row in await scene.rows("matching", "orders")
                if row["status"] == "settled" and row["provider"]["kind"] == "partner"
            ]
            if not unsent and settled == set(scene.town.closed) and len(transfers) >= len(due):
                return
            await asyncio.sleep(TRY_SECONDS)
