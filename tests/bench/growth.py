"""Growth: many communities with a history each, and whether they are felt.

One community lives through its history over HTTP; the database copies its documents into all others. Then
the services are started anew, everything cold: how soon they serve, how long the first demand of a community
takes, what throughput is left of that without a history, how long reading takes, and whether every query has
an index.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import uuid4

import aiohttp

from services.chassis.mongo import open_client
from services.cli.client import Client, Refusal
from services.cli.local import Deployment
from services.composition import SERVICES
from services.contracts.words import Role
from tests.bench.systems import EACH_ALONE, System, in_a_process, running

COMMUNITIES = int(os.environ.get("GROWTH_COMMUNITIES", "1000"))
EACH = int(os.environ.get("GROWTH_EACH", "1000"))
LOAD = 8_000
AT_ONCE = 60
READS = 200
READS_LOOKED_AT = 20
READS_PER_SECOND = 50.0
COLD = 20
ORDER_SECONDS = 10.0
DONE_SHARE = 0.95
"""Of a community's history that is over; the rest is still open."""
NOT_COPIED = frozenset(
    {"outbox", "answers", "recent", "parked", "members", "audits", "deployment"}
    | {"places", "files", "catalogues", "rules"}
)
"""The machinery's books, and what comes with a community's file."""
ONE_WHOLE = frozenset({"accounts", "transfers"})
"""A ledger is copied as a whole, in place of what approving the budget made of it."""
LIMITS = {
    "SANDAN_LIMIT_ADDRESS_PER_MINUTE": "0",
    "SANDAN_LIMIT_RESIDENT_PER_MINUTE": "0",
    "SANDAN_LIMIT_STAFF_PER_MINUTE": "0",
    "SANDAN_LIMIT_PROVIDER_PER_MINUTE": "0",
    "SANDAN_LIMIT_COMMUNITY_PER_SECOND": "0",
}
PROOF = [{"kind": "photo", "ref": "完工照片.jpg"}]
SOURCE = "bench-0"
Figures = dict[str, float]


def names() -> list[str]:
    """Return the communities."""
    return [f"bench-{n}" for n in range(COMMUNITIES)]


@dataclass(frozen=True, slots=True)
class Growth:
    """A deployment that grows.

    Arguments:
        prefix: of its databases and queues.
        files: community → text of its file.
        said: texts with their compounds.
    """

    place: Deployment
    prefix: str
    files: Mapping[str, str]
    said: Sequence[tuple[str, str]]

    @asynccontextmanager
    async def system(self, files: Mapping[str, str]) -> AsyncIterator[System]:
        """Run the services on what is kept so far."""
        async with running(self.place, self.prefix, EACH_ALONE, files, LIMITS) as system:
            yield system

    def _client(self, session: aiohttp.ClientSession, system: System, community: str, of: str) -> Client:
        port = system.ports[of]
        return Client(session, f"http://127.0.0.1:{port}", community)

    # A history.

    async def live(self, system: System) -> None:
        """Let one community live through its history: most of it is over, some is still open."""
        numbers = iter(range(EACH))
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
            await asyncio.gather(*(self._one_life(session, system, numbers) for _ in range(AT_ONCE)))

    async def _one_life(self, session: aiohttp.ClientSession, system: System, numbers: Any) -> None:
        intake = self._client(session, system, SOURCE, "intake")
        matching = self._client(session, system, SOURCE, "matching")
        staff = self.place.keys.token("bench-staff", Role.STAFF, SOURCE)
        for number in numbers:
            resident = self.place.keys.token(f"resident-{number % 300}", Role.RESIDENT, SOURCE)
            text, compound = self.said[number % len(self.said)]
            demand = (await intake.post("/demands", resident, {"text": text, "compound": compound}))["id"]
            if number / EACH >= DONE_SHARE:
                continue
            order = await self._order(matching, staff, demand)
            if order is None:
                continue
            if order["status"] == "proposed":
                await matching.post(f"/orders/{order['id']}/dispatch", staff, {"provider": "community"})
                who = staff
            else:
                handler = order["provider"]
                who = self.place.keys.token(handler["id"], Role(handler["kind"]), SOURCE)
            path = f"/orders/{order['id']}"
            await matching.post(f"{path}/accept", who)
            await matching.post(f"{path}/complete", who, {"summary": "已办好", "proof": PROOF})
            await self._rated(intake, resident, demand)
            await matching.post(f"{path}/verify", staff)

    async def _order(self, matching: Client, staff: str, demand: str) -> dict[str, Any] | None:
        """Return the order once it is somebody's turn; None where staff may not read it, or others decide."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ORDER_SECONDS):
                return await self._until_placed(matching, staff, demand)
        return None

    async def _until_placed(self, matching: Client, staff: str, demand: str) -> dict[str, Any]:
        while True:
            try:
                order = await matching.get(f"/orders/{demand}-1", staff)
            except Refusal as refusal:
                if refusal.status != 404:
                    raise
            else:
                if order["status"] in ("proposed", "dispatched"):
                    return order
            await asyncio.sleep(0.1)

    async def _rated(self, intake: Client, resident: str, demand: str) -> None:
        opinion = {"solved": "solved", "satisfaction": "satisfied", "comment": "办得好"}
        async with asyncio.timeout(60):
            while True:
                try:
                    await intake.post(f"/demands/{demand}/rate", resident, opinion)
                except Refusal as refusal:
                    if refusal.status != 409:
                        raise
                    await asyncio.sleep(0.1)
                else:
                    return

    # What it feels like.

    async def throughput(self, system: System) -> float:
        """Return how many demands a second come through, from two thousand people in all communities."""
        people = [
            (home, f"growth-{n}") for n, home in enumerate(names()[n % COMMUNITIES] for n in range(2_000))
        ]
        given = {
            "port": system.port,
            "count": LOAD,
            "per_second": 0,
            "people": [(home, self.place.keys.token(who, Role.RESIDENT, home)) for home, who in people],
            "said": [(*text, None, False) for text in self.said],
            "mongo_url": self.place.settings.mongo_url,
            "prefix": self.prefix,
            "key": uuid4().hex,
            "watched": True,
        }
        flat = await in_a_process("tests.bench.load", given)
        return float(flat["count"]) / float(flat["seconds"])

    async def reads(self, system: System, count: int) -> Figures:
        """Return the 99th percentile of what people read, in seconds, at moderate load.

        Each community is read from twice: whoever is the first of a cold one may wait for its catalogue.
        """
        figures: Figures = {}
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
            for name, asked in (await self._asked(session, system)).items():
                for once in ("first_", ""):
                    waits = sorted(await self._read(session, system, asked, count))
                    figures[f"{name}_{once}p99_seconds"] = waits[int(len(waits) * 0.99)]
        return figures

    async def _read(
        self, session: aiohttp.ClientSession, system: System, asked: tuple[str, str, str, str], count: int
    ) -> list[float]:
        """Read something from one community after another; return how long each took."""
        service, path, subject, role = asked
        waits: list[float] = []
        began = monotonic()
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / READS_PER_SECOND - monotonic()))
            community = names()[1 + number * 7 % (COMMUNITIES - 1)]
            token = self.place.keys.token(subject, Role(role), community)
            start = monotonic()
            await self._client(session, system, community, service).get(path, token)
            waits.append(monotonic() - start)
        return waits

    async def _asked(
        self, session: aiohttp.ClientSession, system: System
    ) -> dict[str, tuple[str, str, str, str]]:
        """Return what is read, by name: service, path, and whose token."""
        staff = self.place.keys.token("bench-staff", Role.STAFF, SOURCE)
        page = await self._client(session, system, SOURCE, "intake").get("/demands?limit=20", staff)
        demand = page["items"][0]["id"]
        return {
            "read_demand": ("intake", f"/demands/{demand}", "bench-staff", "staff"),
            "read_list": ("intake", "/demands?limit=20", "bench-staff", "staff"),
            "read_queue": ("matching", "/orders?status=proposed&limit=20", "bench-staff", "staff"),
            "read_inbox": ("notify", "/notices?limit=20", "bench-staff", "staff"),
            "read_own": ("intake", "/demands?limit=20", "resident-1", "resident"),
        }

    async def cold(self, system: System) -> float:
        """Return how long the slowest of the first demands of communities that nobody has used yet takes."""
        client = open_client(self.place.settings.mongo_url or "")
        waits: list[float] = []
        try:
            async with aiohttp.ClientSession() as session:
                for number in range(COLD):
                    waits.append(await self._first_of_all(session, system, client, names()[-1 - number]))
        finally:
            client.close()
        return max(waits)

    async def _first_of_all(
        self, session: aiohttp.ClientSession, system: System, client: Any, community: str
    ) -> float:
        text, compound = self.said[0]
        resident = self.place.keys.token("first", Role.RESIDENT, community)
        intake = self._client(session, system, community, "intake")
        began = monotonic()
        demand = (await intake.post("/demands", resident, {"text": text, "compound": compound}))["id"]
        notices = client[f"{self.prefix}_notify"]["notices"]
        told = {"_id": {"$gte": f"{community}/", "$lt": f"{community}0"}, "demand": demand}
        async with asyncio.timeout(60):
            while not await notices.count_documents(told, limit=1):  # noqa: ASYNC110 - happens in other processes
                await asyncio.sleep(0.02)
        return monotonic() - began

    async def copy(self) -> int:
        """Copy the history into every other community; return how many documents there are."""
        client = open_client(self.place.settings.mongo_url or "", call_seconds=600)
        documents = 0
        try:
            for service in SERVICES:
                database = client[f"{self.prefix}_{service}"]
                for name in await database.list_collection_names():
                    if name in NOT_COPIED or name.startswith("system."):
                        continue
                    for community in names()[1:]:
                        if name in ONE_WHOLE:
                            await database[name].delete_many({"community": community})
                        await database[name].aggregate(_copies(name, community)).to_list(None)
                    documents += await database[name].estimated_document_count()
        finally:
            client.close()
        return documents


def _copies(collection: str, community: str) -> list[dict[str, Any]]:
    """Return the stages that copy a collection's documents of the source into another community."""
    own = {"$concat": [community, {"$substrCP": ["$_id", len(SOURCE), {"$strLenCP": "$_id"}]}]}
    return [
        {"$match": {"_id": {"$gte": f"{SOURCE}/", "$lt": f"{SOURCE}0"}}},
        {"$set": {"_id": own, "community": community}},
        {"$merge": {"into": collection, "whenMatched": "keepExisting"}},
    ]


@asynccontextmanager
async def _profiled(place: Deployment, prefix: str) -> AsyncIterator[list[str]]:
    """Note every query while the context lasts; afterwards the list says what had no index."""
    client, wrong = open_client(place.settings.mongo_url or ""), list[str]()
    databases = [client[f"{prefix}_{service}"] for service in SERVICES]
    try:
        for database in databases:
            await database.command("profile", 2)
        yield wrong
        for database in databases:
            await database.command("profile", 0)
            scanned = {"planSummary": {"$regex": "COLLSCAN"}, "ns": {"$not": {"$regex": r"\\.system\\."}}}
            async for row in database["system.profile"].find(scanned):
                query = row["command"].get("filter") or row["command"].get("query") or row["command"].get("q")
                wrong.append(f"{row['ns']} {sorted(query or ())}")
    finally:
        client.close()


async def measure(
    place: Deployment, files: Mapping[str, str], said: Sequence[tuple[str, str]], tell: Any
) -> Figures:
    """Return the figures: seconds, ratios and counts.

    Arguments:
        files: community → text of its file.
        said: texts with their compounds.
        tell: is told how far it has come.
    """
    empty = Growth(place, f"bench_{uuid4().hex[:6]}", files, said)
    figures: Figures = {}
    async with empty.system(files) as system:
        tell("throughput without a history …")
        figures["empty_per_second"] = await empty.throughput(system)
    grown = Growth(place, f"bench_{uuid4().hex[:6]}", files, said)
    async with grown.system(files) as system:
        tell(f"a history of {EACH:,} demands …")
        await grown.live(system)
        await system.quiet()
    tell(f"copying it into {COMMUNITIES - 1:,} communities …")
    figures["documents"] = await grown.copy()
    async with grown.system({}) as system:
        figures |= {f"ready_{name}_seconds": seconds for name, seconds in system.ready_seconds.items()}
        tell("the first demands of cold communities …")
        figures["cold_first_demand_seconds"] = await grown.cold(system)
        tell("reading …")
        figures |= await grown.reads(system, READS)
        async with _profiled(place, grown.prefix) as wrong:
            await grown.reads(system, READS_LOOKED_AT)
            await grown.cold(system)
        tell("throughput with a history …")
        figures["grown_per_second"] = await grown.throughput(system)
        figures["grown_ratio"] = figures["grown_per_second"] / figures["empty_per_second"]
        figures |= {f"memory_{name}_mb": peak for name, peak in system.memory_peak_mb().items()}
    figures["queries_without_an_index"] = len(wrong)
    for one in sorted(set(wrong)):
        tell(f"without an index: {one}")
    return figures
