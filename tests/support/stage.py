"""A house on a stage: every seam may be cut, and it comes to rest."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from types import SimpleNamespace
from typing import Any, cast

import aiohttp

from services.chassis.mongo import Client, Store, open_client
from services.chassis.runner import ServiceProcess
from services.chassis.topology import Names
from services.composition import SERVICES, Settings, process_of
from tests.support.deployment import Deployments, Keys, jiwang, roomy
from tests.support.running import Running, broker
from tests.support.scene import TEXTS, Town
from tests.support.seams import LOOP, THE_TEST, Fault, Seams, seams

REST_SECONDS_MAX = 30.0


REACHED_SECONDS_MAX = 3.0
"""So long a run goes on for a call that is made by the clock."""


SLOW_SECONDS = 1.6


UNTOUCHED_SECONDS = 2.0
"""After so long an untouched run has told everybody everything."""


TENTHS: dict[str, Any] = {
    "database_seconds": 1.0,
    "commit_seconds": 0.5,
    "broker_seconds": 1.0,
    "heartbeat_seconds": 1,
    "member_seconds": 0.9,
    "ways_seconds": 1.5,
    "audit_seconds": 0.6,
    "watch_seconds": 0.5,
    "outbox_grace_seconds": 0.5,
    "retry_tiers_seconds": (0.1, 0.3, 1.0),
    "attempts_max": 12,
}


class NotAtRest(AssertionError):
    """Something was lost, doubled, or still waits."""


@dataclass
class Stage:
    """A town whose house is built anew for every run, over the same broker and database."""

    settings: Settings
    keys: Keys
    client: Client
    seams: Seams
    expected: Counter[str] | None = None
    """Notices by reader and kind that one demand's life brings; learnt in the untouched run."""
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(0, 1_000_000, len(TEXTS))))

    def store(self, service: str) -> Store:
        """Return a service's database."""
        return Store(self.client, f"{self.settings.database_prefix}_{service}")

    async def run(self, fault: Fault | None) -> None:
        """Start the house, live one demand's life, come to rest, stop.

        Raises:
            NotAtRest: something is not as it should be for longer than it may.
        """
        self.seams.arm(fault)
        built = process_of(self.settings)
        await asyncio.wait_for(built.start(), REST_SECONDS_MAX)
        try:
            demand = await asyncio.wait_for(self._live(built), REST_SECONDS_MAX)
            await self._rest(built, demand)
            if self.expected is None:
                await asyncio.sleep(UNTOUCHED_SECONDS)
                self.expected = await self._notices(demand)
        finally:
            await asyncio.wait_for(built.stop(), REST_SECONDS_MAX)

    async def _live(self, built: ServiceProcess) -> str:
        origin = SimpleNamespace(origin=f"http://127.0.0.1:{built.port}")
        processes = cast(Any, dict.fromkeys(SERVICES, origin))
        timeout = aiohttp.ClientTimeout(5)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            town = Town(processes, session, self.keys)
            await town.live(next(self.numbers))
        assert len(town.closed) == 1, "the story goes to its end"
        return town.closed[0]

    async def _rest(self, built: ServiceProcess, demand: str) -> None:
        """Return once everything is as it should be.

        Raises:
            NotAtRest: it is not within the time given; says what is missing.
        """
        began = monotonic()
        while True:
            wrong = await self._wrong(built, demand)
            waited = monotonic() - began
            if not wrong and (self.seams.is_over or waited > REACHED_SECONDS_MAX):
                return
            if wrong and waited > REST_SECONDS_MAX:
                raise NotAtRest("; ".join(wrong))
            await asyncio.sleep(0.1)

    async def _wrong(self, built: ServiceProcess, demand: str) -> list[str]:
        wrong = [str(built.broken)] if built.broken else []
        for service in built.services:
            store = self.store(service.name)
            ended = [task.get_name() for task in service.tasks if task.done()]
            wrong += [f"ended: {ended}"] if ended else []
            failing = service.supervisor.failing
            wrong += [f"failing: {failing}"] if failing else []
            held = len(service.partitions.held)
            wrong += [f"{service.name} holds {held}"] if held != self.settings.partitions else []
            unsent = await store.plain("outbox").count({"sent_at": None})
            wrong += [f"{unsent} unsent of {service.name}"] if unsent else []
            gaps = await store.plain("streams").count({"waits_since": {"$ne": None}})
            wrong += [f"{gaps} gaps in {service.name}"] if gaps else []
            parked = await store.plain("parked").count({})
            wrong += [f"{parked} parked in {service.name}"] if parked else []
        wrong += await self._kept(demand)
        return wrong + (await self._waiting() if not wrong else [])

    async def _kept(self, demand: str) -> list[str]:
        orders = await self.store("matching").plain("orders").count({"demand": demand})
        transfers = await self.store("points").plain("transfers").count({"order": f"{demand}-1"})
        notices = await self._notices(demand)
        expected = notices if self.expected is None else self.expected
        missing, more = dict(expected - notices), dict(notices - expected)
        wrong = [f"{orders} orders"] if orders != 1 else []
        wrong += [f"{transfers} transfers"] if transfers != 1 else []
        doubled = [key for key, times in notices.items() if times > 1]
        wrong += [f"doubled: {doubled}"] if doubled else []
        wrong += [f"not told: {missing}"] if missing else []
        wrong += [f"told too much: {more}"] if more else []
        return wrong

    async def _waiting(self) -> list[str]:
        names = Names(self.settings.bus_prefix)
        queues = [names.work(service, n) for service in SERVICES for n in range(self.settings.partitions)]
        async with broker(self.settings) as channel:
            counts = [
                (queue, (await channel.declare_queue(queue, passive=True)).declaration_result.message_count)
                for queue in queues
            ]
        return [f"{count} in {queue}" for queue, count in counts if count]

    async def _notices(self, demand: str) -> Counter[str]:
        rows = await self.store("notify").plain("notices").find({"demand": demand})
        return Counter(f"{row['recipient'].split(':')[0]} {row['kind']}" for row in rows)


@asynccontextmanager
async def stage(deployments: Deployments, keys: Keys) -> AsyncIterator[Stage]:
    """Provide a town with its community loaded, and seams at every call."""
    settings = deployments.new(**TENTHS)
    LOOP.set(THE_TEST)
    client = open_client(settings.mongo_url or "")
    with seams(SLOW_SECONDS) as found:
        built = process_of(settings)
        await built.start()
        async with aiohttp.ClientSession() as session:
            stores = {name: Store(client, f"{settings.database_prefix}_{name}") for name in SERVICES}
            await Running(built, settings, keys, session, stores).load(roomy(jiwang()))
        await built.stop()
        yield Stage(settings, keys, client, found)
    client.close()
