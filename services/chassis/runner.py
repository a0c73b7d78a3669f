"""Runs services: one or all of them in a process, from the first connection to a clean end."""

import asyncio
import ctypes
import gc
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web

from services import __version__
from services.chassis import metrics
from services.chassis.bus import BrokerConnection, BusPublisher
from services.chassis.clock import run_ahead
from services.chassis.failures import Away
from services.chassis.http import openapi
from services.chassis.http.answers import entrance, json_response
from services.chassis.http.identity import Tokens
from services.chassis.http.listening import HttpListener, bounds_of
from services.chassis.http.readers import Readers
from services.chassis.http.web import HttpApi, api_limits_of
from services.chassis.mongo import Store, open_client
from services.chassis.service import Service, cancelled
from services.chassis.settings import Settings
from services.chassis.spec import ServiceSpec
from services.chassis.supervision import Broken
from services.chassis.together import all_of
from services.chassis.topology import SERVICES
from services.chassis.ways import declare

log = structlog.get_logger()

PING_SECONDS_MAX = 2.0
START_WAIT_SECONDS_MAX = 5.0
ARENAS = 2
SWITCH_SECONDS = 0.001
_M_ARENA_MAX = -8
"""A parameter of `mallopt(3)`."""


class PortTaken(Exception):
    """Somebody else listens where we are to listen."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} cannot be listened on; set SANDAN_HTTP_PORT to another port")


class ServiceProcess:
    """Some or all services in one process, behind one port.

    Arguments:
        settings: of the deployment; both server addresses must be set.
        specs: the services to run.
        reference: makes the OpenAPI document to serve, when somebody first asks for it; else that of its own
            routes is served.
    """

    def __init__(
        self,
        settings: Settings,
        specs: Sequence[ServiceSpec],
        reference: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        _share_arenas()
        self._settings = settings
        self._client = open_client(settings.mongo_url or "", call_seconds=settings.database_seconds)
        names = "+".join(spec.name for spec in specs)
        self._publishing = BrokerConnection(settings, f"sandan {names} publishes")
        self._consuming = BrokerConnection(settings, f"sandan {names} consumes")
        publisher = BusPublisher(self._publishing, settings.broker_seconds)
        self.services = [
            Service(spec, settings, self._client, publisher, self._consuming, self._break) for spec in specs
        ]
        self.broken: Broken | None = None
        self._ended = asyncio.Event()
        self._tokens = Tokens(settings.token_public_keys, settings.token_audience, settings.token_issuer)
        self._reference = reference
        self._build = {"version": __version__, "build": settings.build}
        metrics.BUILD.labels(**self._build).set(1)
        self._running = False
        self._draining = False
        self._site: HttpListener | None = None
        self._readers = Readers()
        self.port = 0

    def _break(self, broken: Broken) -> None:
        """Note that something cannot go on; whoever runs the process ends it."""
        log.critical("service_broken", because=str(broken))
        self.broken = self.broken or broken
        self._ended.set()

    async def breakdown(self) -> Broken:
        """Return once something cannot go on."""
        await self._ended.wait()
        assert self.broken is not None, "it is set before the event"
        return self.broken

    async def start(self) -> None:
        """Connect, waiting for broker and database as long as it takes, then listen.

        Raises:
            PortTaken: the port is somebody else's.
            Misconfigured: the settings are not those of this deployment.
        """
        if self._settings.clock_file:
            run_ahead(Path(self._settings.clock_file))
            log.warning("clock_runs_ahead", file=self._settings.clock_file)
        listening = self._bound()
        try:
            await self._prepare()
        except BaseException:
            listening.close()
            raise
        for service in self.services:
            service.start()
        self._running = True
        await self._listen(listening)
        _settle_memory()
        names = [service.name for service in self.services]
        log.info("ready", services=names, port=self.port, **self._build)

    async def _prepare(self) -> None:
        wait = 0.2
        everything = self._settings.bus_declares == "everything"
        declared = SERVICES if everything else [service.name for service in self.services]
        if everything:
            log.info("bus_rights_off", because="one broker user may do everything; see docs/operations.md")
        while True:
            try:
                await declare(self._consuming, self._settings, declared)
                await all_of(service.prepare() for service in self.services)
                for service in self.services:  # one after the other: the first that disagrees ends it
                    await service.agree()
            except Away as away:
                log.warning("start_waits", because=str(away))
                await asyncio.sleep(wait)
                wait = min(2 * wait, START_WAIT_SECONDS_MAX)
            else:
                return

    def _bound(self) -> socket.socket:
        """Return a socket with our address that does not listen yet: nobody is answered before we can."""
        host, port = self._settings.http_host, self._settings.http_port
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            bound = socket.socket(family, kind, protocol)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except OSError as error:
            raise PortTaken(f"{host}:{port}") from error
        self.port = bound.getsockname()[1]
        return bound

    async def _listen(self, bound: socket.socket) -> None:
        app = web.Application(middlewares=[entrance])
        api_limits = api_limits_of(self._settings, self._replicas)
        for service in self.services:
            api = HttpApi(
                service.name,
                self._tokens,
                service.writes,
                api_limits,
                self._readers,
                lambda: self._running and not self._draining,
            )
            api.add(app, service.parts.routes)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/api/openapi.json", self._openapi)
        site = HttpListener(app, bounds_of(self._settings))
        try:
            await site.open(bound)
        except OSError as error:
            raise PortTaken(f"{self._settings.http_host}:{self.port}") from error
        self._site = site

    def _replicas(self) -> int:
        return max(service.members.living for service in self.services)

    async def stop(self) -> None:
        """Finish what is in hand within the time given, leave the rest to be delivered again; once."""
        if self._draining:
            return
        self._draining = True
        if self._settings.clock_file:
            run_ahead(None)
        try:
            async with asyncio.timeout(self._settings.drain_seconds):
                if self._site is not None:
                    await self._site.close()
                if self._running:
                    await asyncio.gather(*(service.stop() for service in self.services))
        except TimeoutError:
            log.error("drain_cut_short", seconds=self._settings.drain_seconds)
        for service in self.services:
            await cancelled(service.tasks)
        await self._consuming.close()
        await self._publishing.close()
        self._readers.close()
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
        broken = [str(self.broken)] if self.broken else []
        failing = [f"{s.name}.{loop}" for s in self.services for loop in s.supervisor.failing]
        body = {
            "status": "broken" if broken else "alive",
            "broken": broken,
            "failing": failing,
            **self._build,
        }
        return web.json_response(body, status=500 if broken else 200)

    async def _readyz(self, _: web.Request) -> web.Response:
        missing = [] if self._running else ["start"]
        missing += ["draining"] if self._draining else []
        missing += ["broken"] if self.broken else []
        missing += [f"ways of {service.name}" for service in self.services if not service.ways.are_whole]
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
        if self._reference is None:
            own = openapi.document((service.name, service.parts.routes) for service in self.services)
            return json_response(own)
        return json_response(await asyncio.to_thread(self._reference))


def _share_arenas() -> None:
    """Let threads share what the C library sets aside for each: the interpreter runs one at a time anyway.

    With an arena for each of the driver's threads a process of all services took 20 MB more.
    """
    with suppress(OSError, AttributeError):  # another C library than glibc
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)


def _settle_memory() -> None:
    """What is there at the start stays, so the collector need not look at it again and again.

    A batch makes thousands of short-lived values, none of them in a cycle: with the default threshold the
    collector ran after every few demands and took a tenth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    # What is learnt or compiled in a thread gives way to the loop this soon, not after five milliseconds.
    sys.setswitchinterval(SWITCH_SECONDS)


async def run_until_signal(process: ServiceProcess) -> None:
    """Run services until SIGTERM or SIGINT.

    Raises:
        Broken: something could not go on; what could be finished is.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    starting = asyncio.create_task(process.start())
    stopping = asyncio.create_task(stop.wait())
    breaking = asyncio.create_task(process.breakdown())
    try:
        await asyncio.wait({starting, stopping, breaking}, return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set() and not breaking.done():
            await starting
            await asyncio.wait({stopping, breaking}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancelled([starting, stopping, breaking])
        await process.stop()
    if process.broken:
        raise process.broken
