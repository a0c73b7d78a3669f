"""A replica that cannot work holds nothing: its partitions go to one that can."""

import asyncio
import os
import signal
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import pytest

from services.chassis.failures import Away
from services.composition import SERVICES, process_of
from services.devserver import Servers
from tests.support.deployment import Deployments, Keys
from tests.support.messages import TEXT
from tests.support.processes import ChildProcess
from tests.support.running import Running, eventually, running_house
from tests.support.wire import Wire

PARTITIONS = 4


async def holds(running: Running, count: int) -> None:
    """Wait until every service of a house holds so many partitions."""

    async def held() -> bool:
        return all(len(service.partitions.held) == count for service in running.process.services)

    await eventually(held, 20)


async def placed(running: Running, demands: list[str], seconds: float) -> None:
    """Wait until every demand has its order."""

    async def all_of_them() -> bool:
        rows = await running.stores["matching"].plain("orders").count({"demand": {"$in": demands}})
        return rows == len(demands)

    await eventually(all_of_them, seconds)


async def submit(running: Running, count: int = 12) -> list[str]:
    resident = running.resident()
    answers = await asyncio.gather(*(resident.post("/demands", {"text": TEXT}) for _ in range(count)))
    return [answer.ok()["id"] for answer in answers]


async def test_a_replica_that_is_cut_off_from_its_database_lets_its_partitions_go(
    deployments: Deployments, keys: Keys, servers: Servers
) -> None:
    settings = deployments.new(partitions=PARTITIONS, member_seconds=1.5)
    wire = Wire(urlsplit(servers.mongo_url).port or 0)
    await wire.mend()
    cut_off = settings.model_copy(
        update={"mongo_url": f"mongodb://127.0.0.1:{wire.port}/?directConnection=true"}
    )
    async with running_house(settings, keys) as healthy:
        sick = process_of(cut_off, ["matching"])
        await sick.start()
        (matching,) = sick.services

        async def shared() -> bool:
            return len(matching.partitions.held) == PARTITIONS // 2

        await eventually(shared, 20)
        await wire.cut()

        async def let_go() -> bool:
            return not matching.partitions.held

        await eventually(let_go, 3 * settings.member_seconds)
        demands = await submit(healthy)
        await placed(healthy, demands, 3 * settings.member_seconds)
        await wire.mend()
        await eventually(shared, 30)
        await sick.stop()
        await wire.cut()
        await holds(healthy, PARTITIONS)
        await healthy.drained()
        assert [await healthy.parked(name) for name in SERVICES] == [[], [], [], []]


@pytest.mark.parametrize("which", ["sign", "call"])
async def test_a_call_that_is_not_answered_is_as_good_as_no_sign_of_life(
    deployments: Deployments, keys: Keys, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    async with running_house(deployments.new(member_seconds=0.6), keys) as running:
        matching = running.process.services[SERVICES.index("matching")]
        assert matching.partitions.held
        if which == "sign":

            async def silent() -> list[str]:
                await asyncio.sleep(60)
                raise Away("never")

            monkeypatch.setattr(matching.partitions.members, "sign", silent)
        else:
            matching.store._calls._began["a call"] = monotonic() - 60

        async def let_go() -> bool:
            return not matching.partitions.held

        await eventually(let_go, 8)
        monkeypatch.undo()
        matching.store._calls._began.pop("a call", None)
        await holds(running, running.settings.partitions)


async def test_a_replica_that_is_frozen_loses_its_partitions_when_the_broker_misses_its_heartbeat(
    deployments: Deployments, keys: Keys, tmp_path: Path
) -> None:
    settings = deployments.new(partitions=PARTITIONS, heartbeat_seconds=1, member_seconds=1.5)
    async with running_house(settings, keys) as running:
        frozen = ChildProcess(settings, ("matching",), tmp_path / "frozen.log")
        await frozen.start()
        matching = running.process.services[SERVICES.index("matching")]

        async def shared() -> bool:
            return len(matching.partitions.held) == PARTITIONS // 2

        await eventually(shared, 20)
        os.kill(frozen.pid, signal.SIGSTOP)
        try:
            demands = await submit(running)
            await placed(running, demands, 20)
        finally:
            os.kill(frozen.pid, signal.SIGCONT)
            assert await frozen.stop() == 0
        await running.drained()
        assert [await running.parked(name) for name in SERVICES] == [[], [], [], []]
