"""Under full load, for ten minutes, no healthy replica loses a partition: slow is not silent.

In `make chaos`: it takes these ten minutes.
"""

import asyncio
import os
from pathlib import Path
from time import monotonic

import aiohttp
import orjson
import pytest

from services.composition import Settings
from services.contracts.words import Role
from tests.support.deployment import Deployments, Keys, jiwang, roomy
from tests.support.processes import ChildProcess, service_processes

WHOLE = os.environ.get("WHOLE") == "1"
SECONDS = 600.0
CLIENTS = 32
COMMUNITIES = ("east", "west", "north", "south")
TEXT = "下水道堵了，想找人疏通"
AS_THEY_COME = ("member_seconds", "heartbeat_seconds", "partitions", "http_pace_seconds", "bus_pace_seconds")


async def load(session: aiohttp.ClientSession, url: str, keys: Keys, community: str) -> None:
    """Load a community."""
    file = roomy(jiwang(community)).model_dump_json().encode()
    token = keys.token("operator-1", Role.OPERATOR, "*")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/yaml"}
    async with session.put(f"{url}/api/v1/communities/{community}", headers=headers, data=file) as answer:
        assert answer.status == 200, await answer.text()


async def ask(session: aiohttp.ClientSession, url: str, token: str, community: str, until: float) -> int:
    """Ask again and again; return how often it was accepted."""
    accepted = 0
    headers = {"Authorization": f"Bearer {token}"}
    while monotonic() < until:
        async with session.post(
            f"{url}/api/v1/communities/{community}/demands", headers=headers, json={"text": TEXT}
        ) as answer:
            accepted += answer.status == 201
    return accepted


async def let_go(process: ChildProcess) -> list[str]:
    """Return the lines in which a process says that it let partitions go, or could not sign."""
    lines = (await asyncio.to_thread(process.log.read_bytes)).splitlines()
    said = [orjson.loads(line) for line in lines if line.startswith(b"{")]
    return [line["service"] for line in said if line.get("event") == "partitions_let_go"]


@pytest.mark.skipif(not WHOLE, reason="make chaos loads for ten minutes")
async def test_no_healthy_replica_loses_a_partition(
    deployments: Deployments, keys: Keys, tmp_path: Path
) -> None:
    usual = {name: Settings.model_fields[name].default for name in AS_THEY_COME}
    settings = deployments.new(**usual, log_level="INFO")
    groups = (("intake",), ("matching",), ("points",), ("notify",))
    async with service_processes(settings, groups, tmp_path) as processes:
        second = ChildProcess(settings, ("matching",), tmp_path / "matching-2.log")
        await second.start()
        url = processes["intake"].origin
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(60)) as session:
            for community in COMMUNITIES:
                await load(session, url, keys, community)
            until = monotonic() + SECONDS
            asking = (
                ask(session, url, keys.token(f"r{n}", Role.RESIDENT, home), home, until)
                for n in range(CLIENTS)
                for home in (COMMUNITIES[n % len(COMMUNITIES)],)
            )
            accepted = sum(await asyncio.gather(*asking))
        lost = [service for each in (*processes.values(), second) for service in await let_go(each)]
        assert accepted > 5 * SECONDS
        assert lost == []
        assert await second.stop() == 0
