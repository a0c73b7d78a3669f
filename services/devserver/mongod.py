"""A mongod of one's own, as a replica set of one: transactions and change streams need a replica set.

It speaks to the server before there is a database to use, hence with the driver's bare commands.
"""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

from services.chassis.failures import Away, Stale, Unwritable
from services.chassis.mongo import Client, administer, open_client
from services.devserver.found import find_mongod
from services.devserver.home import Home
from services.devserver.ports import LOCALHOST, settle_ports
from services.devserver.process import ServerProcess, end_stale
from services.devserver.unavailable import NO_MONGOD, ServersUnavailable, died

_START_SECONDS_MAX = 30.0
_STOP_SECONDS_MAX = 10.0
_POLL_SECONDS = 0.05
_CACHE_GB = "0.5"
_OPLOG_MB = "990"
_REPLICA_SET = "sandan"
_NOT_YET_INITIALIZED = 94
_PARAMETERS = (
    "diagnosticDataCollectionEnabled=false",  # a sample of everything each second, for support engineers
    "shutdownTimeoutMillisForSignaledShutdown=0",  # there is no other member to hand over to
    "transactionLifetimeLimitSeconds=10",  # what a killed process left open, others wait for no longer
)
Document = dict[str, Any]


class LocalMongo:
    """A mongod whose data live in a directory; it can be stopped, killed and started again.

    Arguments:
        data_dir: everything it writes; its port is remembered there.
        port: on 127.0.0.1; a free one is chosen (and remembered) when it is None.
    """

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        self._home = Home(data_dir)
        self._port = port
        self._server: ServerProcess | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"mongodb://{self._address}/?replicaSet={_REPLICA_SET}"

    @property
    def pid(self) -> int | None:
        """The server's process, while it runs."""
        return self._server.pid if self._server and self._server.alive else None

    @property
    def pids(self) -> tuple[int, ...]:
        """All processes that belong to it."""
        return self._server.pids if self._server else ()

    @property
    def log(self) -> Path:
        """What the server writes."""
        return self._home.path / "mongod.log"

    async def start(self) -> None:
        """Start it and wait until it takes writes. Raises ServersUnavailable when it does not come up."""
        program = find_mongod()
        if program is None:
            raise ServersUnavailable(NO_MONGOD)
        self._home.take()
        try:
            await asyncio.to_thread(end_stale, self._pid_file, self._home.path, _STOP_SECONDS_MAX)
            self._spawn(program)
            await self._takes_writes()
        except BaseException:
            self.kill()
            self._home.leave()
            raise

    async def stop(self) -> None:
        """End it in good order, within some seconds."""
        if self._server:
            await self._server.stop(_STOP_SECONDS_MAX)
        self._home.leave()

    def kill(self) -> None:
        """SIGKILL the server, as a power cut would; `start` brings it back with its data."""
        if self._server:
            self._server.kill()

    @property
    def _address(self) -> str:
        return f"{LOCALHOST}:{self._port}"

    @property
    def _pid_file(self) -> Path:
        return self._home.path / "mongod.pid"

    def _spawn(self, program: Path) -> None:
        here = self._home.path
        self._port = settle_ports(here / "ports.json", ("mongo",), self._port)["mongo"]
        data = here / "data"
        data.mkdir(exist_ok=True)
        self._server = ServerProcess.spawn(
            [
                *(str(program), "--dbpath", str(data), "--port", str(self._port), "--bind_ip", LOCALHOST),
                *("--replSet", _REPLICA_SET, "--oplogSize", _OPLOG_MB, "--wiredTigerCacheSizeGB", _CACHE_GB),
                *("--logpath", str(self.log), "--logappend", "--quiet", "--nounixsocket", "--slowms", "1000"),
                *(word for parameter in _PARAMETERS for word in ("--setParameter", parameter)),
            ],
            environment={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(here), "LANG": "C"},
            log=here / "console.log",
            pid_file=self._pid_file,
        )

    async def _takes_writes(self) -> None:
        assert self._server is not None
        deadline = monotonic() + _START_SECONDS_MAX
        direct = f"mongodb://{self._address}/?directConnection=true"  # before there is a replica set to find
        client = open_client(direct, answers_within_seconds=0.2)
        try:
            while not await self._is_primary(client):
                if not self._server.alive:
                    raise died("mongod", self._last_words, "it ended")
                if monotonic() > deadline:
                    raise died("mongod", self._last_words, f"no primary after {_START_SECONDS_MAX:.0f} s")
                await asyncio.sleep(_POLL_SECONDS)
        finally:
            client.close()

    @property
    def _last_words(self) -> Path:
        return self.log if self.log.is_file() else self._home.path / "console.log"

    async def _is_primary(self, client: Client) -> bool:
        try:
            state = await administer(client, "hello")
            if state.get("isWritablePrimary"):
                return True
            await self._form_replica_set(client)
        except (Away, Stale, Unwritable):
            pass  # not up yet; the caller asks again until its deadline
        return False

    async def _form_replica_set(self, client: Client) -> None:
        present = await administer(client, "replSetGetConfig", check=False)
        if present.get("code") == _NOT_YET_INITIALIZED:
            await administer(client, "replSetInitiate", self._members(version=1))
        elif present.get("ok") and not self._is_me(present["config"]):
            # The data came here from another port: tell the set where it lives now.
            moved = self._members(version=int(present["config"]["version"]) + 1)
            await administer(client, "replSetReconfig", moved, force=True)

    def _is_me(self, config: Mapping[str, Any]) -> bool:
        return [member["host"] for member in config["members"]] == [self._address]

    def _members(self, version: int) -> Document:
        return {"_id": _REPLICA_SET, "version": version, "members": [{"_id": 0, "host": self._address}]}
