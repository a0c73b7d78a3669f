"""The real gateway before services that are none: each says who it is and what reached it."""

import asyncio
import os
import shutil
import struct
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import cast

import aiohttp
import orjson
from aiohttp import web

from services.composition import SERVICES
from services.devserver.ports import free_port

START = Path(__file__).parents[2] / "deploy" / "gateway" / "start.sh"
ADDRESSES: Mapping[str, str] = {name: f"127.0.0.{11 + n}" for n, name in enumerate(SERVICES)}
_START_SECONDS_MAX = 10.0


class Names(asyncio.DatagramProtocol):
    """The container network's name server: it knows the services, and nobody else (RFC 1035)."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a question for an address."""
        length = data[12]
        question = data[12 : data.index(b"\0", 12) + 5]
        address = ADDRESSES.get(data[13 : 13 + length].decode())
        flags = 0x8180 if address else 0x8183  # there is no such name
        answer = data[:2] + struct.pack("!HHHHH", flags, 1, 1 if address else 0, 0, 0) + question
        if address:
            numbers = bytes(int(part) for part in address.split("."))
            answer += b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 1, 4) + numbers
        self._transport.sendto(answer, addr)


@dataclass
class Gateway:
    """The gateway that runs, and what stands behind it.

    Attributes:
        log: what nginx and its error log have printed.
        away: services that take no connection now.
        held: what requests for /hold wait for.
    """

    origin: str
    port: int
    log: Path
    session: aiohttp.ClientSession
    sites: dict[str, web.TCPSite]
    held: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def printed(self) -> str:
        """Return what has been printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")


async def _tell(request: web.Request) -> web.Response:
    raw = await request.read()
    if "hold" in request.query:
        await request.app[HELD].wait()
    told = {
        "service": request.app[NAME],
        "path": request.raw_path,
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "bytes": len(raw),
    }
    return web.json_response(told)


NAME = web.AppKey("name", str)
HELD = web.AppKey("held", asyncio.Event)


@asynccontextmanager
async def gateway(directory: Path) -> AsyncIterator[Gateway]:
    """Run the gateway's own start script on 127.0.0.1, with stubs of all services."""
    port, service_port, names_port = (free_port() for _ in range(3))
    held = asyncio.Event()
    loop = asyncio.get_running_loop()
    names, _ = await loop.create_datagram_endpoint(Names, local_addr=("127.0.0.1", names_port))
    runners, sites = [], {}
    for service, address in ADDRESSES.items():
        app = web.Application(client_max_size=2**24)
        app[NAME], app[HELD] = service, held
        app.router.add_route("*", "/{path:.*}", _tell)
        runner = web.AppRunner(app)
        await runner.setup()
        sites[service] = web.TCPSite(runner, address, service_port)
        await sites[service].start()
        runners.append(runner)
    given = {
        "GATEWAY_DIR": str(directory),
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "GATEWAY_SERVICE_PORT": str(service_port),
        "GATEWAY_RESOLVER": f"127.0.0.1:{names_port}",
    }
    log = directory / "printed"
    try:
        with _nginx(given, log):
            await _listens(port)
            async with aiohttp.ClientSession() as session:
                yield Gateway(f"http://127.0.0.1:{port}", port, log, session, sites, held)
    finally:
        held.set()
        for runner in runners:
            await runner.cleanup()
        names.close()


@contextmanager
def _nginx(given: Mapping[str, str], log: Path) -> Iterator[None]:
    environment = {**os.environ, **given, "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"}
    with (
        log.open("wb") as output,
        subprocess.Popen(
            ["sh", str(START)], env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        ) as nginx,
    ):
        try:
            yield
        finally:
            nginx.terminate()
            nginx.wait(timeout=10)


async def _listens(port: int) -> None:
    deadline = monotonic() + _START_SECONDS_MAX
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            assert monotonic() < deadline, "nginx does not listen; see `printed` in its directory"
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


def is_there() -> bool:
    """Return whether there is an nginx on this machine."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin") is not None


async def told(answer: aiohttp.ClientResponse) -> dict[str, object]:
    """Return what a stub says of a request that reached it."""
    body = orjson.loads(await answer.read())
    assert isinstance(body, dict)
    return body
