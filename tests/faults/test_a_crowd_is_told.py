"""A demand that ten thousand follow, and a project of many steps: told in bounded memory, others go on."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import aio_pika
import orjson
import psutil
import pytest

from services.chassis.mongo import Store, open_client
from services.chassis.topology import Names
from services.composition import Settings
from services.contracts.catalogue import partition_of
from tests.support.deployment import Deployments
from tests.support.processes import ChildProcess, service_processes
from tests.support.running import broker, envelope, eventually

WHOLE = bool(os.environ.get("WHOLE"))
STEPS = 60 if WHOLE else 3
FOLLOWERS = 10_000
RSS_MAX_BYTES = 250_000_000
PROBE_SECONDS_MAX = 5.0
TOLD_SECONDS_MAX = 420.0
UNIT = {"id": "u1", "name": "某局", "kind": "unit"}


@dataclass
class Crowd:
    """A notify of its own that is told of a project in one community, and of small things in another."""

    settings: Settings
    process: ChildProcess
    store: Store
    rss_most: int = 0
    probes: list[float] = field(default_factory=list)

    async def publish(self, rows: list[dict[str, Any]]) -> None:
        """Say facts of one community and one kind as matching does."""
        community, kind = rows[0]["community"], rows[0]["kind"]
        key = f"p{partition_of(community, self.settings.partitions)}.{kind}"
        async with broker(self.settings) as channel:
            events = Names(self.settings.bus_prefix).events("matching")
            exchange = await channel.get_exchange(events, ensure=False)
            message = aio_pika.Message(orjson.dumps(rows), headers={"community": community})
            await exchange.publish(message, key)

    async def follow(self, community: str, count: int) -> None:
        """Let people follow as the release before kept it: all of them on one record."""
        people = [f"resident-{number:05d}" for number in range(count)]
        row = {"_id": f"{community}/d1", "community": community, "_rev": 1, "_facts": 0, "people": people}
        await self.store.plain("followings").put(row)

    async def told(self, community: str, text: str = "") -> int:
        """Return how many have been told, of everything or of something."""
        where: dict[str, Any] = {"community": community, **({"text": text} if text else {})}
        return await self.store.plain("notices").count(where)

    async def probe(self, number: int) -> None:
        """Measure how long it takes until the last of thirty in another community is told."""
        began = monotonic()
        body = {
            "order": "d1-1",
            "demand": "d1",
            "asked_by": "asker",
            "provider": {**UNIT, "name": f"{number}"},
        }
        said = envelope("order.accepted.v1", body, id=f"probe-{number}", community="elsewhere")
        await self.publish([{**said, "stream": "orders/d1-1", "version": number}])
        await eventually(lambda: self._is_told(f"{number}已接单"), 60)
        self.probes.append(monotonic() - began)

    async def _is_told(self, text: str) -> bool:
        return await self.told("elsewhere", text) == 31

    async def watch(self) -> None:
        """Look at the memory and at how others fare, until cancelled."""
        process, number = psutil.Process(self.process.pid), 0
        while True:
            self.rss_most = max(self.rss_most, process.memory_info().rss)
            number += 1
            await self.probe(number)
            await asyncio.sleep(0.2)


@pytest.fixture
async def crowd(deployments: Deployments, tmp_path: Path) -> AsyncIterator[Crowd]:
    """Notify as a process of its own."""
    async with _crowd(deployments.new(), tmp_path) as made:
        yield made


@asynccontextmanager
async def _crowd(settings: Settings, directory: Path) -> AsyncIterator[Crowd]:
    client = open_client(settings.mongo_url or "")
    async with service_processes(settings, (("notify",),), directory) as processes:
        yield Crowd(settings, processes["notify"], Store(client, f"{settings.database_prefix}_notify"))
    await asyncio.to_thread(client.close)


def steps() -> list[dict[str, Any]]:
    """Return that every step of the project was reached."""
    body = {"order": "d1-1", "demand": "d1", "asked_by": "asker", "provider": UNIT}
    return [
        envelope(
            "order.milestone_done.v1",
            {**body, "milestone": {"id": f"m{number}", "title": f"第{number}步"}},
            id=f"step-{number}",
            stream="orders/d1-1",
            version=number,
        )
        for number in range(1, STEPS + 1)
    ]


async def test_ten_thousand_are_told_of_every_step_in_bounded_memory_while_others_go_on(
    crowd: Crowd,
) -> None:
    await crowd.follow("jiwang", FOLLOWERS)
    await crowd.follow("elsewhere", 30)
    began = monotonic()
    await crowd.publish(steps())
    watching = asyncio.create_task(crowd.watch())
    try:
        await eventually(lambda: _all_told(crowd), TOLD_SECONDS_MAX)
    finally:
        watching.cancel()
    seconds = monotonic() - began
    for number in (1, STEPS):
        assert await crowd.told("jiwang", f"您的诉求有新进展：第{number}步") == FOLLOWERS + 1
    assert await crowd.store.plain("parked").count({}) == 0
    print(  # noqa: T201 - figures for whoever runs it with -s
        f"{STEPS * FOLLOWERS} notices in {seconds:.0f} s, {crowd.rss_most / 1e6:.0f} MB, "
        f"{len(crowd.probes)} probes, slowest {max(crowd.probes):.2f} s"
    )
    assert crowd.rss_most < RSS_MAX_BYTES
    assert len(crowd.probes) >= 2
    assert max(crowd.probes) < PROBE_SECONDS_MAX


async def _all_told(crowd: Crowd) -> bool:
    await asyncio.sleep(0.5)
    return await crowd.told("jiwang") == STEPS * (FOLLOWERS + 1)
