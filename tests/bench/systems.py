"""The system under load: its services as one process or as four, and what each of them used."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import orjson
import psutil

from services.chassis.mongo import open_client
from services.cli.client import Client
from services.cli.local import Deployment
from services.composition import SERVICES
from services.contracts.words import Role

HEARD_SECONDS_MAX = 120
QUIET_SECONDS_MAX = 120.0
LOOK_SECONDS = 0.5
QUIET_LOOKS = 2
CALM_SHARE = 0.05
"""Of a core, used by each process on the average: what is done by the clock alone."""
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class System:
    """Running services.

    Arguments:
        port: of intake.
        ports: of every service.
        ready_seconds: until each process served, by name.
        pids: by name, broker and database included.
        without: stops a process of one service for as long as the context lasts, and starts it anew.
    """

    port: int
    ports: Mapping[str, int]
    ready_seconds: Mapping[str, float]
    pids: Mapping[str, tuple[int, ...]]
    without: Callable[[str], AbstractAsyncContextManager[None]]

    def cpu_seconds(self) -> dict[str, float]:
        """Return the processor time used so far, by name."""
        return {name: sum(map(_cpu_seconds, pids)) for name, pids in self.pids.items()}

    async def quiet(self) -> float:
        """Wait until the services have nothing more to do; return after how many seconds that was.

        Raises:
            TimeoutError: they went on and on.
        """
        began, calm = monotonic(), 0
        async with asyncio.timeout(QUIET_SECONDS_MAX):
            while calm < QUIET_LOOKS:
                before = self._services_seconds()
                await asyncio.sleep(LOOK_SECONDS)
                used = (self._services_seconds() - before) / LOOK_SECONDS
                calm = calm + 1 if used < CALM_SHARE * len(self.pids) else 0
        return monotonic() - began - QUIET_LOOKS * LOOK_SECONDS

    def _services_seconds(self) -> float:
        return sum(used for name, used in self.cpu_seconds().items() if name not in ("rabbitmq", "mongod"))

    def memory_peak_mb(self) -> dict[str, float]:
        """Return the most memory each service ever had, in MB."""
        return {name: max(map(_memory_peak_mb, pids)) for name, pids in self.pids.items()}


def _cpu_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _memory_peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


async def in_a_process(module: str, given: dict[str, Any]) -> dict[str, Any]:
    """Run a module that reads one JSON object and prints one."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    answer, _ = await process.communicate(orjson.dumps(given))
    if process.returncode:
        raise RuntimeError(f"{module} ended with {process.returncode}")
    result: dict[str, Any] = orjson.loads(answer)
    return result


@asynccontextmanager
async def running(
    place: Deployment,
    prefix: str,
    groups: tuple[tuple[str, ...], ...],
    files: Mapping[str, str],
    limits: Mapping[str, str],
) -> AsyncIterator[System]:
    """Run groups of services, each group a process, and load community files.

    Arguments:
        place: servers and keys.
        prefix: of databases and queues.
        groups: which services share a process.
        files: community → text of its file.
        limits: settings of the limits that differ from their defaults.
    """
    processes = [await _start(place, prefix, group, limits) for group in groups]
    try:
        began, ready = monotonic(), dict[str, float]()
        ports: dict[str, int] = {}
        for group, process in zip(groups, processes, strict=True):
            ports |= dict.fromkeys(group, await _port(process))
            ready["+".join(group)] = monotonic() - began
        intake = ports["intake"]
        await _load(place, intake, files)
        await _heard_of(place, prefix, len(files))
        pids: dict[str, tuple[int, ...]] = {
            "+".join(group): (p.pid,) for group, p in zip(groups, processes, strict=True)
        }
        if place.servers.broker and place.servers.mongo:
            pids["rabbitmq"] = tuple(place.servers.broker.pids)
            pids["mongod"] = tuple(place.servers.mongo.pids)

        @asynccontextmanager
        async def without(service: str) -> AsyncIterator[None]:
            place_of = groups.index((service,))
            processes[place_of].terminate()
            await processes[place_of].wait()
            yield
            processes[place_of] = await _start(place, prefix, (service,), limits)
            await _port(processes[place_of])

        yield System(intake, ports, ready, pids, without)
    finally:
        for process in processes:
            if process.returncode is None:
                process.terminate()
        await asyncio.gather(*(process.wait() for process in processes))


async def _start(
    place: Deployment, prefix: str, group: tuple[str, ...], limits: Mapping[str, str]
) -> asyncio.subprocess.Process:
    environment = {
        **os.environ,
        # The load says the same words again and again, and each is a demand.
        "SANDAN_SAME_DEMAND_SECONDS": "0",
        "SANDAN_AMQP_URL": place.settings.amqp_url or "",
        "SANDAN_MONGO_URL": place.settings.mongo_url or "",
        "SANDAN_DATABASE_PREFIX": prefix,
        "SANDAN_BUS_PREFIX": prefix,
        "SANDAN_HTTP_PORT": "0",
        "SANDAN_TOKEN_PUBLIC_KEYS": place.settings.token_public_keys,
        "SANDAN_VAULT_KEY": place.settings.vault_key.get_secret_value(),
        **limits,
    }
    names = ", ".join(repr(name) for name in group)
    code = f"from services.composition import serve; serve({names})"
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
    )


async def _port(process: asyncio.subprocess.Process) -> int:
    """Wait for the line that says that it is ready, then let the log run off."""
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while True:
            line = await process.stderr.readline()
            if not line:
                raise RuntimeError("a service ended before it was ready")
            if b'"event":"ready"' in line:
                break
    port = int(line.split(b'"port":')[1].split(b",")[0])
    asyncio.get_running_loop().create_task(_drain(process.stderr))
    return port


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(65_536):
        pass


async def _load(place: Deployment, port: int, files: Mapping[str, str]) -> None:
    operator = place.keys.token("bench", Role.OPERATOR)
    async with aiohttp.ClientSession() as session:
        for community, text in files.items():
            await Client(session, f"http://127.0.0.1:{port}", community).load(text, operator)
    await asyncio.sleep(1.0)


async def _heard_of(place: Deployment, prefix: str, communities: int) -> None:
    """Wait until matching knows every community, so that no demand has to wait for its catalogue."""
    client = open_client(place.settings.mongo_url or "")
    try:
        async with asyncio.timeout(HEARD_SECONDS_MAX):
            # What is waited for happens in other processes.
            while await client[f"{prefix}_matching"]["catalogues"].count_documents({}) < communities:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        client.close()


ALL_IN_ONE = (SERVICES,)
EACH_ALONE = tuple((service,) for service in SERVICES)
