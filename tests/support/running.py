"""A house that runs on a free port, with a community loaded, and people who knock at its door."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any

import aio_pika
import aiohttp
import orjson

from services.chassis import metrics
from services.chassis.clock import now
from services.chassis.mongo import RawCollection, Store, open_client
from services.chassis.parking import Parked, ParkingLot
from services.chassis.runner import ServiceProcess
from services.chassis.topology import Names
from services.composition import SERVICES, Settings, process_of
from services.contracts.community_file import CommunityFile
from services.contracts.words import Role
from services.intake.store.demands import DEMANDS
from services.matching.store.orders import ORDERS, TIMER
from tests.support.client import Visitor
from tests.support.deployment import Keys, jiwang, roomy

FENCE = b"a fence, and no message: "
_MACHINERY = frozenset({"outbox", "parked", "parked_actions", "members", "audits", "deployment"})
_SHORT_LIVED = frozenset({"recent"})
"""What the database deletes after a minute, whoever looks."""


@dataclass
class Running:
    """A running house and whoever visits it."""

    process: ServiceProcess
    settings: Settings
    keys: Keys
    session: aiohttp.ClientSession
    stores: dict[str, Store]

    @property
    def origin(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.process.port}"

    def visitor(
        self,
        subject: str,
        role: Role,
        *communities: str,
        at: str = "jiwang",
        life: timedelta = timedelta(hours=1),
    ) -> Visitor:
        """Return somebody with a token, who asks for the community `at`."""
        token = self.keys.token(subject, role, *communities, life=life)
        return Visitor(self.session, self.origin, at, token)

    def bearer(self, token: str | None, at: str = "jiwang") -> Visitor:
        """Return somebody with just this token, or none."""
        return Visitor(self.session, self.origin, at, token)

    def resident(self, subject: str = "resident-1", at: str = "jiwang") -> Visitor:
        """Return a resident."""
        return self.visitor(subject, Role.RESIDENT, at, at=at)

    def staff(self, at: str = "jiwang") -> Visitor:
        """Return a member of the community's staff."""
        return self.visitor("staff-1", Role.STAFF, at, at=at)

    def grid_worker(self) -> Visitor:
        """Return a grid worker."""
        return self.visitor("grid-1", Role.GRID_WORKER)

    def unit(self, unit: str) -> Visitor:
        """Return a co-building unit."""
        return self.visitor(unit, Role.UNIT)

    def partner(self, partner: str) -> Visitor:
        """Return a partner merchant."""
        return self.visitor(partner, Role.PARTNER)

    def operator(self, at: str = "jiwang") -> Visitor:
        """Return an operator of the whole deployment."""
        return self.visitor("operator-1", Role.OPERATOR, "*", at=at)

    async def load(self, file: CommunityFile) -> None:
        """Load a community and wait until matching and points have heard of it."""
        community = file.community.id
        operator = self.operator(at=community)
        (await operator.ask("PUT", "", data=file.model_dump_json().encode())).ok()
        await eventually(lambda: self._is_known(community))

    async def _is_known(self, community: str) -> bool:
        catalogues = self.stores["matching"].plain("catalogues")
        rules = self.stores["points"].plain("rules")
        where = {"community": community}
        return await catalogues.count(where) == 1 and await rules.count(where) == 1

    async def submitted(
        self, text: str, compound: str | None = None, by: Visitor | None = None, **more: Any
    ) -> Any:
        """Return a demand once matching has placed it."""
        resident = by or self.resident()
        demand = (await resident.post("/demands", {"text": text, "compound": compound, **more})).ok()
        return await resident.until(f"/demands/{demand['id']}", lambda seen: seen["order"])

    async def settled(self, text: str, compound: str | None = None) -> Any:
        """Return a demand that its partner has done, the resident praised and staff found done."""
        resident, staff = self.resident(), self.staff()
        demand = await self.submitted(text, compound, by=resident)
        order, doer = f"/orders/{demand['order']}", self.partner(demand["handler"]["id"])
        (await doer.post(f"{order}/accept")).ok()
        done = {"summary": "办好了", "proof": [{"kind": "photo", "ref": "p1.jpg"}]}
        (await doer.post(f"{order}/complete", done)).ok()
        path = f"/demands/{demand['id']}"
        await resident.until(path, lambda seen: seen["status"] == "completed")
        (await resident.post(f"{path}/rate", {"solved": "solved", "satisfaction": "satisfied"})).ok()
        (await staff.post(f"{order}/verify")).ok()
        return demand

    async def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Return everything that the four services keep, without the machinery's own books."""
        client = open_client(self.settings.mongo_url or "")
        try:
            names = {
                (service, name)
                for service, store in self.stores.items()
                for name in await client[store.name].list_collection_names()
                if name not in _MACHINERY | _SHORT_LIVED
            }
        finally:
            client.close()
        kept = sorted(names)
        found = await asyncio.gather(*(self.stores[service].plain(name).find({}) for service, name in kept))
        return {f"{service}.{name}": rows for (service, name), rows in zip(kept, found, strict=True)}

    async def demand_waits_no_more(self, demand: str, clock: str) -> None:
        """Let a clock of one demand, by the name of its field, have run out a month ago."""
        passed = {"$set": {clock: now() - timedelta(days=30)}}
        found = await self.stores["intake"].plain(DEMANDS.name).update({"_id": f"jiwang/{demand}"}, passed)
        assert found == 1

    async def month_goes_by(self, order: str, *clocks: str) -> None:
        """Let clocks of one order, by the names of their fields, have run out a month ago."""
        long_ago = now() - timedelta(days=30)
        passed = {"$set": dict.fromkeys((*clocks, TIMER), long_ago)}
        found = await self.stores["matching"].plain(ORDERS.name).update({"_id": f"jiwang/{order}"}, passed)
        assert found == 1

    async def parked(self, service: str) -> list[Parked]:
        """Return what a service has put aside, oldest first."""
        return await ParkingLot(self.stores[service]).list()

    async def drained(self) -> None:
        """Return once no message and no announcement is on its way anywhere."""
        before = -1.0
        while (after := _envelopes_handled()) != before:
            before = after
            await eventually(self._nothing_to_announce)
            # The second fence is taken up only once the batch of the first is done.
            await self._pass_fences(b"1")
            await self._pass_fences(b"2")
            await eventually(self._nothing_to_announce)

    async def _nothing_to_announce(self) -> bool:
        unsent = {"sent_at": None}
        return not [1 for store in self.stores.values() if await store.plain("outbox").count(unsent)]

    async def _pass_fences(self, number: bytes) -> None:
        names = Names(self.settings.bus_prefix)
        queues = {
            service: [names.work(service, n) for n in range(self.settings.partitions)] for service in SERVICES
        }
        async with broker(self.settings) as channel:
            for queue in (queue for several in queues.values() for queue in several):
                message = aio_pika.Message(FENCE + number + queue.encode())
                await channel.default_exchange.publish(message, queue)
        for service, several in queues.items():
            parked = self.stores[service].plain("parked")
            bodies = {"body": {"$in": [FENCE + number + queue.encode() for queue in several]}}

            async def passed(
                parked: RawCollection = parked, bodies: Any = bodies, most: int = len(several)
            ) -> bool:
                return await parked.count(bodies) == most

            await eventually(passed, 30)
            await parked.delete(bodies)


def _envelopes_handled() -> float:
    figures = (metrics.HANDLED, metrics.REPEATED, metrics.REFUSED, metrics.FAILED)
    return sum(
        sample.value
        for figure in figures
        for family in figure.collect()
        for sample in family.samples
        if sample.name.endswith("_total")
    )


@asynccontextmanager
async def broker(settings: Settings) -> AsyncIterator[aio_pika.abc.AbstractChannel]:
    """A channel of the test's own, beside whatever the services use."""
    connection = await aio_pika.connect(settings.amqp_url or "")
    async with connection:
        yield await connection.channel(publisher_confirms=True, on_return_raises=True)


async def eventually(holds: Callable[[], Awaitable[object]], seconds: float = 15.0) -> Any:
    """Wait until something holds, and return it."""
    end = monotonic() + seconds
    while True:
        found = await holds()
        if found:
            return found
        assert monotonic() < end, f"{holds} did not come true within {seconds} s"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def running_house(
    settings: Settings, keys: Keys, *, file: CommunityFile | None = None, services: tuple[str, ...] = SERVICES
) -> AsyncIterator[Running]:
    """Run a house, with Jiwang loaded unless another file is given, and stop it at the end."""
    built = process_of(settings, services)
    client = open_client(settings.mongo_url or "")
    connector = aiohttp.TCPConnector(limit=200)
    session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(30))
    stores = {name: Store(client, f"{settings.database_prefix}_{name}") for name in SERVICES}
    running = Running(built, settings, keys, session, stores)
    try:
        await built.start()
        if services == SERVICES:
            await running.load(file or roomy(jiwang()))
        yield running
    finally:
        await session.close()
        await built.stop()
        await asyncio.to_thread(client.close)


def envelope(kind: str, body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return an envelope as it goes over the wire, of Jiwang's first demand unless changed."""
    plain: dict[str, Any] = {
        "id": f"test-{orjson.dumps(sorted(body.items(), key=str)).hex()[:40]}-{kind}",
        "kind": kind,
        "community": "jiwang",
        "stream": "demands/d1",
        "version": 1,
        "at": "2026-01-05T09:00:00+00:00",
        "actor": {"subject": "resident-1", "role": "resident"},
        "correlation": "d1",
        "cause": None,
        "body": body,
    }
    return {**plain, **changes}
