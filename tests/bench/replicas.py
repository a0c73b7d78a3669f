"""More replicas: how long a provider's steps take through one replica of matching and through three.

One community, whose orders are declined ninety at once while demands keep coming in. Runs both in one go, so
that the same machine bears both; prints and returns median and 99th percentile and their ratios.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic
from typing import Any
from uuid import uuid4

import aiohttp
import orjson
import uvloop

from services.chassis.logs import set_up_logs
from services.chassis.mongo import open_client
from services.cli.client import Client
from services.cli.local import DATA_DIR, Deployment, deployment
from services.cli.route import router_of
from services.composition import Settings
from services.contracts.words import Role
from services.intake.community_file import parse_community_file
from services.matching.commands.lines import DemandLine
from tests.support.processes import ROOT, ChildProcess

COMMUNITY = "bench-0"
DECLINES = 600
AT_ONCE = 90
WARM_UP = 90
INCOMING_PER_SECOND = 10.0
CAPACITY = 10_000
REPLICAS = (1, 3)
WAIT_SECONDS_MAX = 120.0
SOURCE = ROOT / "deploy" / "communities" / "jiwang.yaml"
TEXTS = ROOT / "tests" / "data" / "demands.jsonl"
LIMITS = {
    "limit_address_per_minute": 0,
    "limit_resident_per_minute": 0,
    "limit_provider_per_minute": 0,
    "limit_community_per_second": 0.0,
}


def community_file() -> str:
    """Return a community like the sample one, with room for the whole load."""
    file = parse_community_file(SOURCE.read_text(), SOURCE.name).model_dump(mode="json")
    file["community"]["id"] = COMMUNITY
    for provider in (*file["units"], *file["partners"]):
        provider["capacity"] = CAPACITY
    return orjson.dumps(file).decode()


def sure_demands(file: str) -> list[tuple[str, str]]:
    """Return demands that the router dispatches by itself, each with its compound."""
    parsed = parse_community_file(file, "bench")
    router, place = router_of(parsed), parsed.compounds[0].id
    texts = [orjson.loads(line)["text"] for line in TEXTS.read_text().splitlines() if line.strip()]
    asked = [DemandLine(id="1", text=text, compound=place) for text in texts]
    return [(line.text, place) for line in asked if router.route(line).ranking.decision == "dispatch"]


@dataclass(frozen=True, slots=True)
class Wait:
    """How long requests took, in seconds, and how many a second were answered."""

    p50: float
    p99: float
    per_second: float

    @classmethod
    def of(cls, seconds: Sequence[float], wall: float) -> "Wait":
        """Return what single waits come to."""
        ordered = sorted(seconds)
        return cls(ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], len(ordered) / wall)


@dataclass(slots=True)
class Town:
    """One running deployment.

    Arguments:
        place: servers and keys.
        session: for all requests.
        intake: where demands are submitted.
        matching: where orders are answered, by replica.
        database: of matching.
    """

    place: Deployment
    session: aiohttp.ClientSession
    intake: str
    matching: Sequence[str]
    database: str
    demands: list[tuple[str, str]]
    declined: list[float] = field(default_factory=list)

    async def submit(self, number: int) -> None:
        """Let somebody submit a demand."""
        text, compound = self.demands[number % len(self.demands)]
        token = self.place.keys.token(f"resident-{number}", Role.RESIDENT, COMMUNITY)
        client = Client(self.session, self.intake, COMMUNITY)
        await client.post("/demands", token, {"text": text, "compound": compound})

    async def dispatched(self) -> list[tuple[str, str, str]]:
        """Return the orders that wait for an answer: id, provider and its kind."""
        client = open_client(self.place.settings.mongo_url or "")
        try:
            rows = await client[self.database]["orders"].find({"status": "dispatched"}).to_list(None)
        finally:
            client.close()
        return [(row["id"], row["provider"]["id"], row["provider"]["kind"]) for row in rows]

    async def decline(self, number: int, order: str, provider: str, kind: str) -> None:
        """Let a provider decline, at the replica whose turn it is."""
        origin = self.matching[number % len(self.matching)]
        token = self.place.keys.token(provider, Role(kind), COMMUNITY)
        began = monotonic()
        await Client(self.session, origin, COMMUNITY).post(
            f"/orders/{order}/decline", token, {"reason": "人手不够"}
        )
        self.declined.append(monotonic() - began)


@asynccontextmanager
async def town(place: Deployment, replicas: int) -> AsyncIterator[Town]:
    """Run the services, matching so many times, with the community loaded."""
    prefix = f"bench_{uuid4().hex[:6]}"
    given = {**place.settings.model_dump(), **LIMITS, "database_prefix": prefix, "bus_prefix": prefix}
    settings = Settings.model_validate(given)
    directory = Path(mkdtemp(dir=DATA_DIR))
    groups = [("intake", "points", "notify"), *[("matching",)] * replicas]
    processes = [ChildProcess(settings, group, directory / f"{n}.log") for n, group in enumerate(groups)]
    async with AsyncExitStack() as stack:
        for process in processes:
            await process.start()
            stack.push_async_callback(process.stop)
        connector = aiohttp.TCPConnector(limit=AT_ONCE + 20)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        file = community_file()
        intake, matching = processes[0].origin, [process.origin for process in processes[1:]]
        operator = place.keys.token("bench", Role.OPERATOR)
        await Client(session, intake, COMMUNITY).load(file, operator)
        yield Town(place, session, intake, matching, f"{prefix}_matching", sure_demands(file))


async def until_dispatched(running: Town, count: int) -> list[tuple[str, str, str]]:
    """Wait until so many orders wait for an answer, and return them."""
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while len(found := await running.dispatched()) < count:  # noqa: ASYNC110 - happens in other processes
            await asyncio.sleep(0.2)
    return found


async def measured(place: Deployment, replicas: int, declines: int = DECLINES) -> Wait:
    """Return how long a provider's answer takes through so many replicas."""
    async with town(place, replicas) as running:
        wanted = declines + WARM_UP
        asked = wanted + wanted // 20  # a few that are nearly unsure become so while their provider has much
        for first in range(0, asked, AT_ONCE):
            portion = range(first, min(asked, first + AT_ONCE))
            await asyncio.gather(*map(running.submit, portion))
        found = await until_dispatched(running, wanted)
        # A replica that has no partition of the community compiles its catalogue with the first step.
        await asyncio.gather(*(running.decline(n, *order) for n, order in enumerate(found[:WARM_UP])))
        running.declined.clear()
        orders = found[WARM_UP:wanted]
        incoming = asyncio.create_task(_keep_submitting(running, asked))
        began = monotonic()
        numbered = iter(enumerate(orders))
        try:
            await asyncio.gather(*(_decline_in_turn(running, numbered) for _ in range(AT_ONCE)))
        finally:
            incoming.cancel()
        return Wait.of(running.declined, monotonic() - began)


async def _decline_in_turn(running: Town, numbered: Any) -> None:
    for number, order in numbered:
        await running.decline(number, *order)


async def _keep_submitting(running: Town, number: int) -> None:
    while True:
        await running.submit(number)
        number += 1
        await asyncio.sleep(1 / INCOMING_PER_SECOND)


def ratios(one: Wait, several: Wait) -> dict[str, float]:
    """Return by how much longer it takes through several replicas than through one."""
    return {"p50": several.p50 / one.p50, "p99": several.p99 / one.p99}


async def run(place: Deployment, declines: int = DECLINES) -> dict[str, Any]:
    """Measure each number of replicas, over the servers of a deployment."""
    waits = {count: await measured(place, count, declines) for count in REPLICAS}
    few, many = min(REPLICAS), max(REPLICAS)
    return {
        **{f"{name}_seconds_{n}": getattr(waits[n], name) for n in REPLICAS for name in ("p50", "p99")},
        **{f"per_second_{n}": waits[n].per_second for n in REPLICAS},
        **{f"{name}_ratio": ratio for name, ratio in ratios(waits[few], waits[many]).items()},
    }


async def main() -> None:
    """Run it by itself."""
    set_up_logs("ERROR")
    async with deployment(DATA_DIR, keep=False) as place:
        for measure, value in (await run(place)).items():
            sys.stdout.write(f"{measure} {value:.3f}\n")


if __name__ == "__main__":
    uvloop.run(main())
