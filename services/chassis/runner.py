"""Runs services: one or all of them in a process, from the first connection to a clean end."""

import asyncio
import gc
import signal
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from aiohttp import web

from services.chassis import metrics, openapi
from services.chassis.batches import Batches
from services.chassis.bus import BusPublisher, Link, declare_topology
from services.chassis.clock import now
from services.chassis.consumers import Partitions, QueueReader, Tray, queue_length
from services.chassis.failures import Away
from services.chassis.front import FrontOffice
from services.chassis.identity import Tokens
from services.chassis.mailroom import Delivery, Mailroom, RetryPolicy
from services.chassis.members import Members
from services.chassis.mongo import Client, Store, open_client
from services.chassis.once import ANSWERS
from services.chassis.outbox import Relay
from services.chassis.pace import Pace
from services.chassis.parking import ParkingLot
from services.chassis.settings import Settings
from services.chassis.shelf import Shelf
from services.chassis.streams import STREAMS, EffectOf
from services.chassis.topology import Names
from services.chassis.web import Door, Route, json_response, problems

log = structlog.get_logger()

PLAIN_COLLECTIONS = ("outbox", "parked", "parked_actions", "members")
PREFETCH_DEAD = 10
LAG_SECONDS = 5.0
PING_SECONDS_MAX = 2.0
START_WAIT_SECONDS_MAX = 5.0


@dataclass(frozen=True, slots=True)
class Kit:
    """What a service is built with.

    Arguments:
        batches: run the works of its chores; None where only its routes are wanted.
    """

    settings: Settings
    store: Store
    batches: Batches | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """What a service consists of.

    Arguments:
        routes: its doors over HTTP.
        effects: what it does about which event.
        chores: what it does by itself, each until cancelled.
    """

    routes: Sequence[Route]
    effects: Mapping[str, EffectOf]
    chores: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A service before it runs: its name, its shelves, and how its parts are put together."""

    name: str
    shelves: Sequence[Shelf[Any]]
    build: Callable[[Kit], Parts]


@dataclass
class Service:
    """One running service: store, relay, front office and partitions, without a port of its own."""

    blueprint: Blueprint
    settings: Settings
    client: Client
    publisher: BusPublisher
    consuming: Link
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings, name = self.settings, self.blueprint.name
        self.name = name
        self.store = Store(self.client, f"{settings.database_prefix}_{name}")
        self.relay = Relay(self.store, self.publisher, settings.outbox_grace_seconds, name)
        self.batches = Batches(self.store, self.relay, settings.partitions, now)
        pace = Pace(settings.http_pace_seconds)
        self.front = FrontOffice(name, self.batches, settings.batch_max, settings.http_waiting_max, pace)
        self.parts = self.blueprint.build(Kit(settings, self.store, self.batches))
        self.mailroom = Mailroom(
            service=name,
            effects=self.parts.effects,
            batches=self.batches,
            lot=ParkingLot(self.store),
            later=self.publisher,
            retry=RetryPolicy(settings.retry_tiers_seconds, settings.attempts_max),
            partitions=settings.partitions,
        )
        members = Members(self.store, settings.member_seconds)
        self.partitions = Partitions(
            name, members, settings.partitions, self._reader, settings.member_seconds / 3
        )
        self.tray = Tray(self.mailroom.handle, Pace(settings.bus_pace_seconds))
        self.dead_tray = Tray(self._park_dead, Pace(settings.bus_pace_seconds))
        self.dead = QueueReader(self.consuming, self._names.dead_of(name), self.dead_tray, PREFETCH_DEAD)

    @property
    def _names(self) -> Names:
        return Names(self.settings.bus_prefix)

    def _reader(self, partition: int) -> QueueReader:
        queue = self._names.work(self.name, partition)
        return QueueReader(self.consuming, queue, self.tray, self.settings.prefetch)

    async def _park_dead(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            await self.mailroom.park_dead(delivery)

    async def prepare(self) -> None:
        """Make the database ready; repeating it is harmless."""
        await self.store.prepare([*self.blueprint.shelves, STREAMS, ANSWERS], PLAIN_COLLECTIONS)

    def start(self) -> None:
        """Take work. Called once, when everything is prepared."""
        taking = [self.partitions.run(), self.dead.run(), self.tray.run(), self.dead_tray.run()]
        runs = [
            self.relay.run(),
            self.front.run(),
            self._watch_lag(),
            *(chore() for chore in self.parts.chores),
        ]
        self.tasks = [asyncio.create_task(run) for run in (*taking, *runs)]
        for task in self.tasks:
            task.add_done_callback(partial(_complain, self.name))

    async def stop(self) -> None:
        """Take no more work, finish what is in hand, send what is announced."""
        partitions, dead, tray, dead_tray, relay, front, *others = self.tasks
        for taking in (self.partitions, self.dead, self.tray, self.dead_tray):
            taking.stop()
        await asyncio.gather(partitions, dead, tray, dead_tray)
        self.front.stop()
        await front
        # What a chore announced at last is still sent.
        await _cancelled(others)
        self.relay.stop()
        await relay

    async def _watch_lag(self) -> None:
        queues = [self._names.work(self.name, n) for n in range(self.settings.partitions)]
        while True:
            await asyncio.sleep(LAG_SECONDS)
            with suppress(Away):
                metrics.QUEUE_LAG.labels(self.name).set(await queue_length(self.consuming, queues))


def _complain(service: str, task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("service_broken", service=service, exc_info=task.exception())


async def _cancelled(tasks: Sequence["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class PortTaken(Exception):
    """Somebody else listens where we are to listen."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} cannot be listened on; set SANDAN_HTTP_PORT to another port")


class House:
    """Some or all services in one process, behind one port.

    Arguments:
        settings: of the deployment; both server addresses must be set.
        blueprints: the services to run.
        reference: the OpenAPI document to serve.
    """

    def __init__(
        self, settings: Settings, blueprints: Sequence[Blueprint], reference: Mapping[str, Any] | None = None
    ) -> None:
        self._settings = settings
        self._client = open_client(settings.mongo_url or "")
        names = "+".join(blueprint.name for blueprint in blueprints)
        self._publishing = Link(settings.amqp_urls, f"sandan {names} publishes")
        self._consuming = Link(settings.amqp_urls, f"sandan {names} consumes")
        publisher = BusPublisher(self._publishing, Names(settings.bus_prefix))
        self.services = [
            Service(blueprint, settings, self._client, publisher, self._consuming) for blueprint in blueprints
        ]
        self._tokens = Tokens(settings.token_public_keys, settings.token_audience, settings.token_issuer)
        self._reference = reference
        self._running = False
        self._draining = False
        self._site: web.AppRunner | None = None
        self.port = 0

    async def start(self) -> None:
        """Open the port, then connect, waiting for broker and database as long as it takes."""
        await self._open_port()
        wait = 0.2
        while True:
            try:
                await declare_topology(self._consuming, self._settings)
                for service in self.services:
                    await service.prepare()
                break
            except Away as away:
                log.warning("start_waits", because=str(away))
                await asyncio.sleep(wait)
                wait = min(2 * wait, START_WAIT_SECONDS_MAX)
        for service in self.services:
            service.start()
        self._running = True
        _settle_memory()
        log.info("ready", services=[service.name for service in self.services], port=self.port)

    async def _open_port(self) -> None:
        app = web.Application(middlewares=[problems])
        for service in self.services:
            door = Door(
                service.name,
                self._tokens,
                service.front,
                self._settings.idempotency_hours,
                self._settings.http_body_bytes_max,
                lambda: self._running and not self._draining,
            )
            door.add(app, service.parts.routes)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/api/openapi.json", self._openapi)
        self._site = web.AppRunner(app, access_log=None, shutdown_timeout=self._settings.drain_seconds / 2)
        await self._site.setup()
        site = web.TCPSite(self._site, self._settings.http_host, self._settings.http_port, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            await self._site.cleanup()
            raise PortTaken(f"{self._settings.http_host}:{self._settings.http_port}") from error
        self.port = self._site.addresses[0][1]

    async def stop(self) -> None:
        """Finish what is in hand within the time given, leave the rest to be delivered again; once."""
        if self._draining:
            return
        self._draining = True
        try:
            async with asyncio.timeout(self._settings.drain_seconds):
                if self._site is not None:
                    await self._site.cleanup()
                if self._running:
                    await asyncio.gather(*(service.stop() for service in self.services))
        except TimeoutError:
            log.error("drain_cut_short", seconds=self._settings.drain_seconds)
        for service in self.services:
            await _cancelled(service.tasks)
        await self._consuming.close()
        await self._publishing.close()
        # It says goodbye over the network and waits for an answer, so it must not hold up the loop.
        await asyncio.to_thread(self._client.close)
        log.info("stopped")

    async def drop_databases(self) -> None:
        """Drop what the services kept: for throw-away deployments and tests, after `stop`."""
        client = open_client(self._settings.mongo_url or "")
        try:
            for service in self.services:
                await Store(client, service.store.name).drop()
        finally:
            client.close()

    async def _healthz(self, _: web.Request) -> web.Response:
        broken = [s.name for s in self.services if any(_broke(task) for task in s.tasks)]
        body = {"status": "broken" if broken else "alive", "broken": broken}
        return web.json_response(body, status=500 if broken else 200)

    async def _readyz(self, _: web.Request) -> web.Response:
        missing = [] if self._running else ["start"]
        missing += ["draining"] if self._draining else []
        missing += [] if self._consuming.is_up and await self._publishes() else ["rabbitmq"]
        missing += [] if await self._keeps() else ["mongodb"]
        body = {"ready": not missing, "missing": missing}
        return web.json_response(body, status=503 if missing else 200)

    async def _publishes(self) -> bool:
        try:
            await self._publishing.connection()
        except Away:
            return False
        return True

    async def _keeps(self) -> bool:
        try:
            async with asyncio.timeout(PING_SECONDS_MAX):
                await self.services[0].store.ping()
        except (Away, TimeoutError):
            return False
        return True

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=metrics.exposition(), headers={"Content-Type": metrics.CONTENT_TYPE})

    async def _openapi(self, _: web.Request) -> web.Response:
        own = openapi.document((service.name, service.parts.routes) for service in self.services)
        return json_response(self._reference or own)


def _settle_memory() -> None:
    """What is there at the start stays, so the collector need not look at it again and again.

    A batch makes thousands of short-lived values, none of them in a cycle: with the default threshold the
    collector ran after every few demands and took a tenth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _broke(task: "asyncio.Task[None]") -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None


async def run_until_signal(house: House) -> None:
    """Run a house until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    starting = asyncio.create_task(house.start())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not stop.is_set():
        await starting
        await stopping
    await _cancelled([starting])
    await house.stop()
