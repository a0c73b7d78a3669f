"""What a neighbour feels: calm, beside a flood of another community's, and beside hostile messages.

Probes at an even pace, from asked over HTTP to the provider's notice, in a community that shares the
partition of the one that floods, and in one that does not.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import uuid4

import aio_pika
import aiohttp

from services.chassis.mongo import open_client
from services.chassis.settings import Settings
from services.chassis.topology import Names
from services.cli.local import Deployment
from services.contracts.catalogue import partition_of
from services.contracts.words import Role
from tests.bench.systems import EACH_ALONE, running

FLOODING = "bench-0"
FLOOD = 10_000
FLOOD_CLIENTS = 64
HOSTILE = 100_000
HOSTILE_AT_ONCE = 500
PROBES = 60
PROBE_EVERY_SECONDS = 0.2
PROBE_SECONDS_MAX = 120.0
LIMITS = {"SANDAN_LIMIT_ADDRESS_PER_MINUTE": "0", "SANDAN_LIMIT_RESIDENT_PER_MINUTE": "0"}
"""One address and few persons stand for many; what a community may is as it comes."""


def neighbours() -> tuple[str, str]:
    """Return a community on the flooding one's partition, and one on another."""
    partitions = Settings().partitions
    here = partition_of(FLOODING, partitions)
    names = [f"bench-{n}" for n in range(1, 200)]
    near = next(name for name in names if partition_of(name, partitions) == here)
    far = next(name for name in names if partition_of(name, partitions) != here)
    return near, far


@dataclass(frozen=True, slots=True)
class Street:
    """A running system, and how to ask in it."""

    place: Deployment
    prefix: str
    port: int
    session: aiohttp.ClientSession
    notices: Any
    text: tuple[str, str]

    async def submit(self, community: str) -> tuple[int, str]:
        """Submit a demand; return the status, and its id if it was accepted."""
        token = self.place.keys.token(f"r-{uuid4().hex[:8]}", Role.RESIDENT, community)
        url = f"http://127.0.0.1:{self.port}/api/v1/communities/{community}/demands"
        body = {"text": self.text[0], "compound": self.text[1]}
        headers = {"Authorization": f"Bearer {token}"}
        async with self.session.post(url, json=body, headers=headers) as answer:
            found = await answer.json(content_type=None)
            return answer.status, found.get("id", "")

    async def probe(self, community: str) -> float:
        """Return the seconds from submitting a demand to its provider's notice, refusals included."""
        began = monotonic()
        status, demand = await self.submit(community)
        if status != 201:
            raise RuntimeError(f"a neighbour was refused: {status}")
        to_provider = {"demand": demand, "recipient": {"$regex": "^provider:"}}
        while await self.notices.count_documents(to_provider) == 0:
            if monotonic() - began > PROBE_SECONDS_MAX:
                return PROBE_SECONDS_MAX
            await asyncio.sleep(0.01)
        return monotonic() - began

    async def probes(self, community: str, count: int = PROBES) -> list[float]:
        """Return the waits of probes, begun at an even pace, sorted."""
        tasks = []
        for _ in range(count):
            tasks.append(asyncio.create_task(self.probe(community)))
            await asyncio.sleep(PROBE_EVERY_SECONDS)
        return sorted(await asyncio.gather(*tasks))

    async def flood(self) -> float:
        """Ask for ten thousand demands of one community at once; return the share that was accepted."""
        numbers, accepted = iter(range(FLOOD)), 0

        async def client() -> None:
            nonlocal accepted
            for _ in numbers:
                accepted += (await self.submit(FLOODING))[0] == 201

        await asyncio.gather(*(client() for _ in range(FLOOD_CLIENTS)))
        return accepted / FLOOD

    async def hostile(self) -> None:
        """Put a hundred thousand messages that nobody can read into one partition of matching."""
        settings = self.place.settings
        queue = Names(self.prefix).work("matching", partition_of(FLOODING, settings.partitions))
        connection = await aio_pika.connect(settings.amqp_url or "")
        async with connection:
            channel = await connection.channel()
            for at in range(0, HOSTILE, HOSTILE_AT_ONCE):
                bodies = (aio_pika.Message(f"junk {at + n}".encode()) for n in range(HOSTILE_AT_ONCE))
                await asyncio.gather(*(channel.default_exchange.publish(body, queue) for body in bodies))


async def measure(place: Deployment, file_of: Mapping[str, str], text: tuple[str, str]) -> dict[str, float]:
    """Return the figures: waits in seconds, and ratios to calm.

    Arguments:
        file_of: community → its file, with the flooding one and both neighbours among them.
        text: a demand that is dispatched, and its compound.
    """
    near, far = neighbours()
    prefix = f"bench_{uuid4().hex[:6]}"
    files = {name: file_of[name] for name in (FLOODING, near, far)}
    client = open_client(place.settings.mongo_url or "")
    async with (
        running(place, prefix, EACH_ALONE, files, LIMITS) as system,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        street = Street(place, prefix, system.port, session, client[f"{prefix}_notify"]["notices"], text)
        await street.probes(near, 10)
        figures = await _beside(street, near, far)
    client.close()
    return figures


async def _beside(street: Street, near: str, far: str) -> dict[str, float]:
    calm = await street.probes(near)
    figures = {"neighbour_calm_p99_seconds": _p99(calm)}
    flooding = asyncio.create_task(street.flood())
    flooded = await street.probes(near)
    figures["flood_accepted_share_ratio"] = await flooding
    figures["neighbour_flooded_p99_ratio"] = _p99(flooded) / _p99(calm)
    await asyncio.sleep(5.0)
    hostile = asyncio.create_task(street.hostile())
    beside, behind = await asyncio.gather(street.probes(far), street.probes(near))
    await hostile
    figures["hostile_other_partition_p99_ratio"] = _p99(beside) / _p99(calm)
    figures["hostile_same_partition_worst_seconds"] = behind[-1]
    return figures


def _p99(waits: list[float]) -> float:
    return waits[min(len(waits) - 1, int(len(waits) * 0.99))]
