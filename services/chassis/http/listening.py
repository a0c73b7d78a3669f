"""The port: connections are few enough, headers come in time, and what was refused is not read to its end.

aiohttp waits for headers as long as for the next request on an idle connection, and reads the rest of a
refused body. So a guard stands between the socket and aiohttp, and passes on what is to be heard.
"""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from aiohttp import web

from services.chassis import metrics
from services.chassis.http.once import problem
from services.chassis.http.rejections import Unavailable
from services.chassis.settings import Settings

BACKLOG = 1_024
LINGER_SECONDS = 1.0
"""After a refusal: time for the client to read it before the connection is closed on the rest of its body."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a connection may take.

    Arguments:
        connections_max: open at the same time in this process.
        header_seconds: from the beginning of a request to the end of its headers.
        idle_seconds: without a request.
        answer_seconds: until a client that does not take its answer is dropped.
        drain_seconds: for what is in hand when the port closes.
    """

    connections_max: int
    header_seconds: float
    idle_seconds: float
    answer_seconds: float
    drain_seconds: float


def bounds_of(settings: Settings) -> Bounds:
    """Return the bounds that a deployment has set."""
    return Bounds(
        settings.http_connections_max,
        settings.http_header_seconds,
        settings.http_idle_seconds,
        settings.http_request_seconds,
        settings.drain_seconds / 2,
    )


class ConnectionGuard(asyncio.Protocol):
    """Stands before one connection's handler."""

    def __init__(
        self, handler: Callable[[], asyncio.Protocol], bounds: Bounds, open_: set["ConnectionGuard"]
    ) -> None:
        self._make_handler = handler
        self._handler: asyncio.Protocol | None = None
        self._bounds = bounds
        self._open = open_
        self._transport: asyncio.Transport | None = None
        self._header: asyncio.TimerHandle | None = None
        self._answer: asyncio.TimerHandle | None = None
        self._serving = False
        self._deaf = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or turn it away when there are too many."""
        self._transport = cast(asyncio.Transport, transport)
        if len(self._open) >= self._bounds.connections_max:
            self._turn_away(self._transport)
            return
        self._open.add(self)
        self._handler = self._make_handler()
        self._handler.connection_made(transport)
        self._await_header()

    def _turn_away(self, transport: asyncio.Transport) -> None:
        metrics.CONNECTIONS_CLOSED.labels("full").inc()
        transport.write(_FULL)
        transport.close()

    def data_received(self, data: bytes) -> None:
        """Pass on what comes, unless the rest was refused."""
        if self._deaf or self._handler is None:
            self._stop_reading()
            return
        if not self._serving and self._header is None:
            self._await_header()
        self._handler.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass on that nothing more comes."""
        return self._handler.eof_received() if self._handler else None

    def pause_writing(self) -> None:
        """Give a client that does not take its answer some time."""
        if self._handler is not None:
            self._answer = self._later(self._bounds.answer_seconds, self._abort)
            self._handler.pause_writing()

    def resume_writing(self) -> None:
        """Go on with a client that takes its answer."""
        _cancel(self._answer)
        if self._handler is not None:
            self._handler.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        _cancel(self._header)
        _cancel(self._answer)
        self._open.discard(self)
        if self._handler is not None:
            self._handler.connection_lost(exc)

    def request_begins(self) -> None:
        """The headers of a request are complete."""
        self._serving = True
        _cancel(self._header)
        self._header = None

    def request_ends(self, *, unread: bool) -> None:
        """A request is answered.

        Arguments:
            unread: some of its body was not read, and will not be.
        """
        self._serving = False
        if unread:
            metrics.CONNECTIONS_CLOSED.labels("unread").inc()
            self._deaf = True
            self._stop_reading()

    def _await_header(self) -> None:
        self._header = self._later(self._bounds.header_seconds, self._give_up)

    def _give_up(self) -> None:
        metrics.CONNECTIONS_CLOSED.labels("header").inc()
        if self._transport is not None:
            self._transport.close()

    def _abort(self) -> None:
        metrics.CONNECTIONS_CLOSED.labels("answer").inc()
        if self._transport is not None:
            self._transport.abort()

    def _stop_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def _later(self, seconds: float, do: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, do)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


def guard_of(request: web.Request) -> ConnectionGuard | None:
    """Return the guard of the connection that a request came on; None once it is gone."""
    protocol = request.transport.get_protocol() if request.transport is not None else None
    return protocol if isinstance(protocol, ConnectionGuard) else None


def _raw(body: bytes) -> bytes:
    head = (
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


_FULL = _raw(problem(Unavailable("连接太多，请稍后再试")).body)


class HttpListener:
    """Serves an application on a port.

    Arguments:
        app: the application; bodies reach it as they were sent, packed or not.
        bounds: of each connection.
    """

    def __init__(self, app: web.Application, bounds: Bounds) -> None:
        self._bounds = bounds
        self._open: set[ConnectionGuard] = set()
        self._server: asyncio.Server | None = None
        self._runner = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=bounds.drain_seconds,
            keepalive_timeout=bounds.idle_seconds,
            lingering_time=LINGER_SECONDS,
            auto_decompress=False,
        )

    @property
    def connections(self) -> int:
        """Return how many are open."""
        return len(self._open)

    async def open(self, bound: socket.socket) -> None:
        """Listen on a socket that has its address already.

        Raises:
            OSError: somebody else listens there.
        """
        await self._runner.setup()
        try:
            self._server = await asyncio.get_running_loop().create_server(
                self._guard, sock=bound, backlog=BACKLOG
            )
        except OSError:
            await self._runner.cleanup()
            raise

    def _guard(self) -> ConnectionGuard:
        server = self._runner.server
        if server is None:  # it closes just now; nobody is served any more
            raise ConnectionAbortedError
        return ConnectionGuard(server, self._bounds, self._open)

    async def close(self) -> None:
        """Take no more connections, and let what is in hand be answered."""
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()
