"""What a neighbour feels: calm, beside a flood of another community's, and beside hostile messages.

Demands at a quarter of full load, from asked over HTTP to the provider's notice, in a community that shares
the partition of the one that floods, and in one that does not.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from services.chassis.topology import Names
from services.cli.local import Deployment
from services.composition import Settings
from services.contracts.catalogue import partition_of
from services.contracts.words import Role
from tests.bench.systems import EACH_ALONE, System, in_a_process, running

FLOODING = "bench-0"
FLOOD = 10_000
CLIENTS = 64
HOSTILE = 100_000
SECONDS = 12
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
    """A running system, and how to ask in it.

    Arguments:
        per_second: at which its people ask: a quarter of what the system can do.
    """

    place: Deployment
    prefix: str
    system: System
    texts: list[tuple[str, str]]
    per_second: float

    def _tokens(self, community: str) -> list[str]:
        people = (f"{community}-{n}" for n in range(CLIENTS))
        return [self.place.keys.token(who, Role.RESIDENT, community) for who in people]

    async def p99(self, community: str, seconds: float = SECONDS) -> float:
        """Return within how many seconds 99 of 100 demands of a community come to their provider."""
        given = {
            "port": self.system.port,
            "count": int(self.per_second * seconds),
            "per_second": self.per_second,
            "people": [(community, token) for token in self._tokens(community)],
            "said": [(*text, None, False) for text in self.texts],
            "mongo_url": self.place.settings.mongo_url,
            "prefix": self.prefix,
            "key": uuid4().hex,
        }
        found = await in_a_process("tests.bench.load", given)
        if found["refused"]:
            raise RuntimeError(f"{found['refused']} of a neighbour's demands were refused")
        return float(found["asked_p99"])

    async def flood(self) -> float:
        """Let ten thousand demands of one community arrive at once; return the share that was accepted."""
        text, compound = self.texts[0]
        given: dict[str, Any] = {
            "url": f"http://127.0.0.1:{self.system.port}/api/v1/communities/{FLOODING}/demands",
            "tokens": self._tokens(FLOODING),
            "count": FLOOD,
            "body": {"text": text, "compound": compound},
        }
        return float((await in_a_process("tests.bench.noise", {"flood": given}))["accepted"]) / FLOOD

    async def hostile(self) -> None:
        """Put a hundred thousand messages that nobody can read into one partition of matching."""
        settings = self.place.settings
        queue = Names(self.prefix).work("matching", partition_of(FLOODING, settings.partitions))
        given = {"amqp_url": settings.amqp_url, "queue": queue, "count": HOSTILE}
        await in_a_process("tests.bench.noise", {"hostile": given})


async def measure(
    place: Deployment, file_of: Mapping[str, str], texts: list[tuple[str, str]], full: float
) -> dict[str, float]:
    """Return the figures: waits in seconds, and ratios to calm.

    Arguments:
        file_of: community → its file, with the flooding one and both neighbours among them.
        texts: demands that are dispatched, each with its compound.
        full: demands a second that the system can do.
    """
    near, far = neighbours()
    prefix = f"bench_{uuid4().hex[:6]}"
    files = {name: file_of[name] for name in (FLOODING, near, far)}
    async with running(place, prefix, EACH_ALONE, files, LIMITS) as system:
        return await _beside(Street(place, prefix, system, texts, full / 4), near, far)


async def _beside(street: Street, near: str, far: str) -> dict[str, float]:
    await street.p99(near, 2)
    calm = await street.p99(near)
    figures = {"neighbour_calm_p99_seconds": calm}
    flooding = asyncio.create_task(street.flood())
    figures["neighbour_flooded_p99_ratio"] = await street.p99(near) / calm
    figures["flood_accepted_share_ratio"] = await flooding
    await street.p99(near, 5)
    # The backlog is there before anybody asks: what is measured is the system, not who makes the noise.
    async with street.system.without("matching"):
        await street.hostile()
    beside, behind = await asyncio.gather(street.p99(far), street.p99(near, 1))
    figures["hostile_other_partition_p99_ratio"] = beside / calm
    figures["hostile_same_partition_p99_seconds"] = behind
    return figures
