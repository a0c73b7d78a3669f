"""A broker or a database that hangs instead of dying: the connection stands, and nobody answers."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import monotonic

import pytest

from services.devserver.pair import local_servers
from tests.support.deployment import Deployments, Keys
from tests.support.running import Running, running_house

DRAIN_SECONDS = 4.0
GOODBYE_SECONDS = 8.0
LAMPS = "晚上院里漆黑一片，能不能装几盏路灯"


@contextmanager
def frozen(pid: int | None) -> Iterator[None]:
    """Let a process hang."""
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def town(tmp_path: Path, keys: Keys) -> AsyncIterator[tuple[Running, dict[str, int | None]]]:
    """A house on servers of its own, and their processes."""
    async with local_servers(tmp_path / "servers", keep=False) as servers:
        assert servers.broker is not None
        assert servers.mongo is not None
        settings = Deployments(servers, keys).new(drain_seconds=DRAIN_SECONDS)
        async with running_house(settings, keys) as running:
            yield running, {"rabbitmq": servers.broker.pid, "mongod": servers.mongo.pid}


async def test_what_is_asked_while_the_broker_hangs_is_dispatched_when_it_wakes(
    tmp_path: Path, keys: Keys
) -> None:
    async with town(tmp_path, keys) as (running, pids):
        resident = running.resident()
        with frozen(pids["rabbitmq"]):
            demand = (await resident.post("/demands", {"text": LAMPS, "compound": "xinhua"})).ok()
            await asyncio.sleep(1.0)
            assert (await resident.get(f"/demands/{demand['id']}")).ok()["status"] == "submitted"
        seen = await resident.until(f"/demands/{demand['id']}", lambda found: found["order"], 60)
        assert seen["status"] == "dispatched"
        assert await running.parked("matching") == []


async def test_a_database_that_hangs_makes_it_unready_and_is_waited_for(tmp_path: Path, keys: Keys) -> None:
    async with town(tmp_path, keys) as (running, pids):
        resident = running.resident()
        with frozen(pids["mongod"]):
            began = monotonic()
            ready = await running.bearer(None).ask_at("GET", "/readyz")
            assert ready.status == 503
            assert ready.body["missing"] == ["mongodb"]
            assert monotonic() - began < 5
        demand = await running.submitted(LAMPS, "xinhua", by=resident)
        assert demand["status"] == "dispatched"


@pytest.mark.parametrize("hanging", ["rabbitmq", "mongod"])
async def test_it_stops_in_time_although_a_server_hangs(tmp_path: Path, keys: Keys, hanging: str) -> None:
    async with town(tmp_path, keys) as (running, pids):
        with frozen(pids[hanging]):
            began = monotonic()
            await running.process.stop()
            assert monotonic() - began < DRAIN_SECONDS + GOODBYE_SECONDS
