"""A scene of a town whose servers and services are killed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import orjson

from services.chassis.clock import now
from services.chassis.mongo import Store, open_client
from services.composition import SERVICES
from services.contracts.words import Role
from services.devserver import LocalBroker, LocalMongo
from services.devserver.pair import local_servers
from services.matching.domain.lifecycle import OPEN
from services.points.commands.verifying import verify
from tests.support.deployment import Deployments, Keys, jiwang
from tests.support.processes import ROOT, ChildProcess, service_processes

CLIENTS = 12


PAUSE_SECONDS = 0.5


LIVES_MAX = 2_000


SETTLE_SECONDS_MAX = 120.0


TRY_SECONDS = 0.25


TEXTS = (
    ("孩子们视力越来越差，能不能给孩子们查查眼睛", "binhe-jiayuan"),
    ("院里能不能放一张乒乓球台，老人锻炼孩子玩", "yuxiuyuan"),
    ("晚上院里漆黑一片，能不能装几盏路灯", "xinhe-dasha"),
    ("楼道里有人弹琴，想问问该找谁说", "jindu"),
)


PARTS = {"orders": "matching", "points": "points", "notices": "notify"}


@dataclass
class Town:
    """Residents who insist: every request is repeated with its key until it is answered."""

    processes: dict[str, ChildProcess]
    session: aiohttp.ClientSession
    keys: Keys
    demands: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    retried: int = 0

    async def call(
        self, method: str, path: str, subject: str, role: Role, body: object = None
    ) -> dict[str, Any]:
        """Return the answer, however often it has to be asked for; a refusal that should not be fails."""
        key = str(uuid4())
        token = self.keys.issuer.issue(subject, role, ("jiwang",), at=now(), life=timedelta(hours=1))
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        async with asyncio.timeout(SETTLE_SECONDS_MAX):
            while True:
                answer = await self._try(method, path, headers, body)
                if answer is not None:
                    return answer
                self.retried += 1
                await asyncio.sleep(TRY_SECONDS)

    async def _try(
        self, method: str, path: str, headers: dict[str, str], body: object
    ) -> dict[str, Any] | None:
        service = PARTS.get(path.strip("/").split("/")[0].split("?")[0], "intake")
        url = f"{self.processes[service].origin}/api/v1/communities/jiwang{path}"
        try:
            async with self.session.request(method, url, headers=headers, json=body) as response:
                answer: dict[str, Any] = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            return None
        if response.status in {429, 503}:
            return None
        assert response.status < 300, f"{method} {path}: {response.status} {answer}"
        return answer

    async def until(self, path: str, holds: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Look until it is as wanted."""
        async with asyncio.timeout(SETTLE_SECONDS_MAX):
            while True:
                seen = await self.call("GET", path, "staff-1", Role.STAFF)
                if holds(seen):
                    return seen
                await asyncio.sleep(TRY_SECONDS)

    async def live(self, number: int) -> None:
        """Take one demand from submission to its end; what nobody covers stays in review."""
        text, compound = TEXTS[number % len(TEXTS)]
        resident = f"resident-{number}"
        body = {"text": text, "compound": compound}
        demand = (await self.call("POST", "/demands", resident, Role.RESIDENT, body))["id"]
        self.demands.append(demand)
        placed = await self.until(f"/demands/{demand}", lambda seen: seen["status"] != "submitted")
        if placed["status"] == "in_review":
            return
        order, provider = f"/orders/{placed['order']}", placed["handler"]
        speaker, role = provider["id"], Role(provider["kind"])
        await self.call("POST", f"{order}/accept", speaker, role, {})
        done = {"summary": "办好了", "proof": [{"kind": "photo", "ref": "a.jpg"}]}
        await self.call("POST", f"{order}/complete", speaker, role, done)
        await self.until(f"/demands/{demand}", lambda seen: seen["status"] == "completed")
        opinion = {"solved": "solved", "satisfaction": "satisfied"}
        await self.call("POST", f"/demands/{demand}/rate", resident, Role.RESIDENT, opinion)
        await self.call("POST", f"{order}/verify", "staff-1", Role.STAFF, {})
        await self.until(f"/demands/{demand}", lambda seen: seen["status"] == "closed")
        self.closed.append(demand)

    @asynccontextmanager
    async def load(self) -> AsyncIterator[None]:
        """Keep residents coming for as long as the body lasts, then wait until each has been served."""
        numbers = iter(range(LIVES_MAX))
        over = asyncio.Event()

        async def client() -> None:
            while not over.is_set():
                await self.live(next(numbers))
                await asyncio.sleep(PAUSE_SECONDS)

        async with asyncio.TaskGroup() as clients:
            for _ in range(CLIENTS):
                clients.create_task(client())
            try:
                yield
            finally:
                over.set()


@dataclass(frozen=True)
class Scene:
    """A town on servers that can be killed."""

    town: Town
    broker: LocalBroker
    mongo: LocalMongo
    stores: dict[str, Store]

    async def rows(self, service: str, collection: str) -> list[dict[str, Any]]:
        """Return everything that a service keeps of a kind."""
        return await self.stores[service].plain(collection).find({})


@asynccontextmanager
async def scene(
    tmp_path: Path, keys: Keys, checkout: Path = ROOT, *, may_go_back: bool = False
) -> AsyncIterator[Scene]:
    """Run a town of four processes, of one release, on servers of its own.

    Arguments:
        may_go_back: the release before may come back.
    """
    async with local_servers(tmp_path / "servers", keep=False) as servers:
        assert servers.broker is not None
        assert servers.mongo is not None
        deployments = Deployments(servers, keys)
        settings = deployments.new(
            partitions=4,
            retry_tiers_seconds=(0.5, 1.0),
            attempts_max=10,
            outbox_grace_seconds=2.0,
            keep_all_cursors=may_go_back,
        )
        groups = tuple((name,) for name in SERVICES)
        timeout = aiohttp.ClientTimeout(5)
        async with (
            service_processes(settings, groups, tmp_path, checkout) as processes,
            aiohttp.ClientSession(timeout=timeout) as session,
        ):
            town = Town(dict(processes), session, keys)
            await _load_jiwang(town)
            client = open_client(servers.mongo_url)
            stores = {name: Store(client, f"{settings.database_prefix}_{name}") for name in SERVICES}
            try:
                yield Scene(town, servers.broker, servers.mongo, stores)
            finally:
                client.close()


async def _load_jiwang(town: Town) -> None:
    # What is not written is left out: an earlier release may not know it.
    file = jiwang().model_dump(mode="json", exclude_defaults=True)
    for provider in (*file["units"], *file["partners"]):
        provider["capacity"] = 10_000
    file["points"]["budget_points"] = 1_000_000
    token = town.keys.token("operator-1", Role.OPERATOR, "*")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/yaml"}
    url = f"{town.processes['intake'].origin}/api/v1/communities/jiwang"
    async with town.session.put(url, headers=headers, data=orjson.dumps(file)) as response:
        assert response.status == 200, await response.text()


async def assert_nothing_lost_and_nothing_doubled(scene: Scene) -> None:
    """Compare what every service keeps with what the residents were told."""
    town = scene.town
    demands = {row["id"]: row for row in await scene.rows("intake", "demands")}
    assert sorted(demands) == sorted(town.demands)
    assert len(set(town.demands)) == len(town.demands)

    orders = Counter(row["demand"] for row in await scene.rows("matching", "orders"))
    assert orders == Counter(town.demands)

    notices = await scene.rows("notify", "notices")
    told = Counter((row["kind"], row["demand"], row["recipient"]) for row in notices if row["demand"])
    assert set(told.values()) == {1}
    settled = {row["demand"] for row in notices if row["kind"] == "order.settled.v1"}
    assert settled == set(town.closed)

    for row in demands.values():
        kinds = Counter(line["what"] for line in row["timeline"])
        assert set(kinds.values()) == {1}, row["timeline"]

    await _assert_books_agree(scene)
    for service in SERVICES:
        assert await scene.rows(service, "parked") == []
        assert [row for row in await scene.rows(service, "streams") if row["waiting"]] == []
    kept = await scene.rows("matching", "orders")
    assert [row["id"] for row in kept if row["status"] in OPEN] == []


async def _assert_books_agree(scene: Scene) -> None:
    """Every settled order of a partner is paid once, and the ledger is what was posted and told."""
    orders = await scene.rows("matching", "orders")
    due = {row["id"] for row in orders if row["status"] == "settled" and row["provider"]["kind"] == "partner"}
    assert Counter(row["order"] for row in await awards(scene)) == Counter(due)
    verified = await verify(scene.stores, "jiwang", now())
    assert verified.wrong == []
    rows = await scene.rows("points", "transfers")
    told = sum(row.get("kind") in ("award", "approval") for row in rows)
    told += sum(len(row["rules"]) for row in await scene.rows("points", "rule_books"))
    assert verified.witnessed == told + len(await scene.rows("points", "days"))


async def awards(scene: Scene) -> list[dict[str, Any]]:
    """Return the transfers that pay what was earned."""
    return [row for row in await scene.rows("points", "transfers") if row.get("kind", "award") == "award"]


Blow = Callable[[Scene], Awaitable[None]]


def _service(name: str) -> Blow:
    async def blow(scene: Scene) -> None:
        process = scene.town.processes[name]
        await process.kill()
        await asyncio.sleep(0.5)
        await process.start()

    return blow


async def _broker(scene: Scene) -> None:
    scene.broker.kill()
    await asyncio.sleep(1.0)
    await scene.broker.start()


async def _database(scene: Scene) -> None:
    scene.mongo.kill()
    await asyncio.sleep(1.0)
    await scene.mongo.start()


BLOWS: dict[str, Blow] = {
    **{name: _service(name) for name in SERVICES},
    "rabbitmq": _broker,
    "mongod": _database,
}
