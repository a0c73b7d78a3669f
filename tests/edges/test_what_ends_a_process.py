"""What cannot go on ends the process with an error, so that whoever runs it starts it anew."""

import asyncio
import sys
from pathlib import Path

import aio_pika
import pytest

from services.chassis import supervision
from services.chassis.settings import Misconfigured
from services.chassis.topology import Names
from services.composition import Settings, process_of
from services.devserver import Servers
from tests.support.deployment import Deployments, Keys
from tests.support.processes import ROOT, ChildProcess
from tests.support.running import broker, eventually, running_house

BREAKING = """
from services.chassis import inbound, supervision
supervision.PAUSE_SECONDS_MAX = 0.001
async def broken(self):
    raise ValueError("a bug of ours")
inbound.InboundBuffer._answer_those_asked = broken
from services.composition import serve
serve("points")
"""


async def test_a_core_loop_that_cannot_go_on_ends_the_process_with_an_error(
    settings: Settings, tmp_path: Path
) -> None:
    process = ChildProcess(settings, ("points",), tmp_path / "log")
    ended = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        BREAKING,
        cwd=ROOT,
        env=process._environment(),
        stderr=asyncio.subprocess.PIPE,
    )
    await eventually(lambda: _put_something(settings), 20)
    _, said = await asyncio.wait_for(ended.communicate(), 60)
    assert ended.returncode == 1
    assert "points.inbound failed" in said.decode()


async def _put_something(settings: Settings) -> bool:
    """Put a message into its queue, for its loop to run into it; False while there is no queue."""
    try:
        async with broker(settings) as channel:
            queue = Names(settings.bus_prefix).work("points", 0)
            await channel.default_exchange.publish(aio_pika.Message(b"x"), queue)
    except aio_pika.exceptions.AMQPError:
        return False
    return True


async def test_a_house_that_is_broken_says_so_and_is_not_ready(deployments: Deployments, keys: Keys) -> None:
    async with running_house(deployments.new(), keys) as running:
        running.process._break(supervision.Broken("matching.inbound failed"))
        health = await running.bearer(None).ask_at("GET", "/healthz")
        ready = await running.bearer(None).ask_at("GET", "/readyz")
        assert (health.status, health.body["broken"]) == (500, ["matching.inbound failed"])
        assert (ready.status, ready.body["missing"]) == (503, ["broken"])
        assert str(await running.process.breakdown()) == "matching.inbound failed"


async def test_another_number_of_partitions_is_refused_at_the_start(
    deployments: Deployments, keys: Keys
) -> None:
    settings = deployments.new()
    async with running_house(settings, keys):
        pass
    another = process_of(settings.model_copy(update={"partitions": 3}))
    with pytest.raises(Misconfigured, match="SANDAN_PARTITIONS is 3, but this deployment has 2"):
        await another.start()
    await another.stop()


async def test_nobody_is_answered_before_it_is_ready(settings: Settings, servers: Servers) -> None:
    unreachable = settings.model_copy(update={"mongo_url": "mongodb://127.0.0.1:1/?replicaSet=none"})
    waiting = process_of(Settings.model_validate(unreachable.model_dump() | {"vault_key": ""}))
    starting = asyncio.create_task(waiting.start())
    await asyncio.sleep(0.5)
    assert waiting.port
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", waiting.port)
    starting.cancel()
    await asyncio.wait_for(asyncio.gather(starting, return_exceptions=True), 10)
    await waiting.stop()
    assert servers.mongo_url


async def test_a_start_that_is_told_to_end_at_any_moment_ends(settings: Settings) -> None:
    for moment in range(40):
        starting_house = process_of(settings)
        starting = asyncio.create_task(starting_house.start())
        # Close together while the broker is asked, then on to the end of the start.
        await asyncio.sleep(0.002 * moment + 0.0004 * moment**2)
        starting.cancel()
        _, running = await asyncio.wait({starting}, timeout=10)
        assert not running, f"told to end at moment {moment}"
        assert starting.cancelled() or starting.exception() is None
        await starting_house.stop()
