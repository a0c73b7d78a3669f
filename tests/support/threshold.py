"""A door without a house behind it: routes of a test's own, and bounds that a test can wait for."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, cast

import aiohttp
from aiohttp import web
from pydantic import BaseModel

from services.chassis.clock import now
from services.chassis.http.answers import entrance
from services.chassis.http.bodies import Command
from services.chassis.http.identity import Tokens
from services.chassis.http.listening import HttpListener, bounds_of
from services.chassis.http.once import Reply
from services.chassis.http.readers import Readers
from services.chassis.http.web import ApiRequest, HttpApi, Route, api_limits_of, show
from services.chassis.work import UnitOfWork, Work
from services.chassis.write_queue import WriteQueue
from services.composition import Settings
from services.contracts.words import Role
from tests.support.client import Visitor
from tests.support.deployment import NO_LIMITS, Keys

EVERYBODY = frozenset(Role)


class Words(Command):
    """A body."""

    text: str = ""


class Said(BaseModel):
    """An answer."""

    text: str = ""


class AtOnce:
    """A front office that does every work at once, over nothing."""

    def __init__(self) -> None:
        self.done = 0

    async def do(self, work: Work[Reply]) -> Reply:
        """Do a work."""
        self.done += 1
        return work.decide(UnitOfWork(work.origin, now(), {}))


def write(ask: ApiRequest[Words]) -> Work[Reply]:
    """Say back what was said, as a write."""
    return Work(ask.origin(), (), lambda _: show(Said(text=ask.body.text)))


async def look(ask: ApiRequest[Any]) -> Reply:
    """Say that somebody looked."""
    return show(Said(text="seen"))


WRITE = Route("POST", "/words", EVERYBODY, write, "Say something", Said, body=Words)
LOOK = Route("GET", "/words", EVERYBODY, look, "Hear something", Said)


@dataclass
class Threshold:
    """An open door, and who may knock at it."""

    port: int
    site: HttpListener
    writes: AtOnce
    keys: Keys
    session: aiohttp.ClientSession
    wires: list[asyncio.StreamWriter] = field(default_factory=list)

    def visitor(self, subject: str = "resident-1", role: Role = Role.RESIDENT, at: str = "jiwang") -> Visitor:
        """Return somebody with a token."""
        return Visitor(self.session, f"http://127.0.0.1:{self.port}", at, self.keys.token(subject, role, at))

    def stranger(self, token: str | None = None) -> Visitor:
        """Return somebody with whatever token."""
        return Visitor(self.session, f"http://127.0.0.1:{self.port}", "jiwang", token)

    def head(self, *headers: str, token: str | None = None) -> bytes:
        """Return the head of a POST as it goes over the wire."""
        bearer = self.keys.token("resident-1", Role.RESIDENT) if token is None else token
        lines = [
            "POST /api/v1/communities/jiwang/words HTTP/1.1",
            "Host: x",
            f"Authorization: Bearer {bearer}",
            "Content-Type: application/json",
            *headers,
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def wire(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a connection of one's own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.wires.append(writer)
        return reader, writer

    async def hang_up(self) -> None:
        """Close every connection of one's own."""
        for writer in self.wires:
            writer.transport.abort()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def threshold(
    keys: Keys,
    *routes: Route,
    clock: Callable[[], float] = monotonic,
    replicas: Callable[[], int] = lambda: 1,
    **changes: Any,
) -> AsyncIterator[Threshold]:
    """Open a door with routes, those above unless others are given.

    Arguments:
        clock: of the limits.
        replicas: that share them.
        changes: settings; without any there are no limits.
    """
    given = {**NO_LIMITS, "token_public_keys": keys.issuer.public_key, "drain_seconds": 2.0, **changes}
    settings = Settings.model_validate(given)
    writes, readers = AtOnce(), Readers()
    tokens = Tokens(settings.token_public_keys, settings.token_audience, settings.token_issuer)
    app = web.Application(middlewares=[entrance])
    door = HttpApi(
        "door", tokens, cast(WriteQueue, writes), api_limits_of(settings, replicas, clock), readers
    )
    door.add(app, routes or (WRITE, LOOK))
    site = HttpListener(app, bounds_of(settings))
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    port = bound.getsockname()[1]
    await site.open(bound)
    timeout = aiohttp.ClientTimeout(20)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        opened = Threshold(port, site, writes, keys, session)
        try:
            yield opened
        finally:
            await opened.hang_up()
            await site.close()
            readers.close()
