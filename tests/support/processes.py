"""Services as processes of their own, as operators run them: started, killed, started again."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from pydantic import SecretStr

from services.composition import Settings

ROOT = Path(__file__).parents[2]
READY_SECONDS_MAX = 60.0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


SERVE = """
try:
    from services.composition import serve
except ModuleNotFoundError:
    from services.house import serve  # where it stood in earlier releases
"""


@dataclass
class ChildProcess:
    """Some services in one process, on a port that stays the same when it is started again.

    Arguments:
        settings: of the deployment.
        services: that share the process.
        log: file that its log is appended to.
        checkout: whose code runs.
    """

    settings: Settings
    services: tuple[str, ...]
    log: Path
    port: int = field(default_factory=free_port)
    checkout: Path = ROOT
    _process: asyncio.subprocess.Process | None = None

    @property
    def origin(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def started(self) -> bool:
        """Return whether it was ever started."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """Return its process id."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        names = ", ".join(repr(name) for name in self.services)
        code = f"{SERVE}\nserve({names})"
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", code, cwd=self.checkout, env=self._environment(), stderr=log
            )
        await self.ready()

    async def ready(self) -> None:
        """Wait until it says that it is ready."""
        async with asyncio.timeout(READY_SECONDS_MAX), aiohttp.ClientSession() as session:
            while not await self._is_ready(session):
                assert self._process is not None
                assert self._process.returncode is None, f"{self.services} ended; see {self.log}"
                await asyncio.sleep(0.05)

    async def _is_ready(self, session: aiohttp.ClientSession) -> bool:
        with contextlib.suppress(aiohttp.ClientError):
            async with session.get(f"{self.origin}/readyz") as answer:
                return answer.status == 200
        return False

    async def stop(self) -> int:
        """End it as an orchestrator does, and return its exit status."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """End it as a power cut does."""
        await self._end(signal.SIGKILL)

    async def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        return await self._process.wait()

    def _environment(self) -> dict[str, str]:
        given = {name: _in_words(value) for name, value in self.settings.model_dump().items()}
        given["http_port"] = str(self.port)
        return {**os.environ, **{f"SANDAN_{name.upper()}": value for name, value in given.items()}}


def _in_words(value: object) -> str:
    """Return a setting as the environment has it."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return "" if value is None else str(value)


@asynccontextmanager
async def service_processes(
    settings: Settings, groups: tuple[tuple[str, ...], ...], directory: Path, checkout: Path = ROOT
) -> AsyncIterator[Mapping[str, ChildProcess]]:
    """Run groups of services, each group a process; return each service's process by its name."""
    logs = {group: directory / f"{'+'.join(group)}.log" for group in groups}
    processes = [ChildProcess(settings, group, logs[group], checkout=checkout) for group in groups]
    try:
        await asyncio.gather(*(process.start() for process in processes))
        yield {name: process for process in processes for name in process.services}
    finally:
        await asyncio.gather(*(process.stop() for process in processes if process.started))
