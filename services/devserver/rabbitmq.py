"""A RabbitMQ node of one's own: no plugins, loopback only, easy on a small machine."""

import asyncio
import os
import secrets
import shutil
from pathlib import Path
from time import monotonic

import aiormq
from aiormq.exceptions import AMQPError

from services.devserver.found import find_rabbitmq
from services.devserver.home import Home
from services.devserver.ports import LOCALHOST, is_free, settle_ports
from services.devserver.process import ServerProcess, end_stale
from services.devserver.unavailable import NO_RABBITMQ, ServersUnavailable, died

_START_SECONDS_MAX = 60.0
_STOP_SECONDS_MAX = 15.0
_POLL_SECONDS = 0.1
_EMPTY_PLUGINS = "[].\n"


# Erlang terms rather than rabbitmq.conf: translating the latter costs a second at every start.
_CONFIG = """\
[{{rabbit, [
   {{tcp_listeners, [{{"{host}", {port}}}]}},
   {{num_tcp_acceptors, 2}},
   {{vm_memory_high_watermark, {{absolute, 1073741824}}}},
   {{disk_free_limit, 104857600}},
   {{log, [{{console, [{{enabled, false}}]}}, {{file, [{{file, "{log}"}}, {{level, warning}}]}}]}}]}},
  {{ra, [{{wal_max_size_bytes, 67108864}}]}}].
"""


# Two schedulers that do not spin when idle, few I/O threads: the node shares two cores with all the rest.
_GENTLE = "+S 2:2 +SDio 4 +A 4 +sbwt none +sbwtdcpu none +sbwtdio none"
_DISTRIBUTION = "-kernel inet_dist_use_interface {127,0,0,1}"


# Looked at first when a module is loaded; otherwise each of some 700 modules is searched for
# in 110 directories, a third of the start-up time.
# fmt: off
_OTP_FIRST = (
    "mnesia", "ssl", "os_mon", "sasl", "crypto", "public_key", "asn1", "xmerl", "syntax_tools", "compiler",
)
_RABBIT_FIRST = (
    "aten", "gen_batch_server", "recon", "stdout_formatter", "credentials_obfuscation", "jsx", "seshat",
    "sysmon_handler", "ranch", "osiris", "ra", "rabbitmq_prelaunch", "rabbit_common", "rabbit",
)


class LocalBroker:
    """A RabbitMQ node whose data live in a directory; it can be stopped, killed and started again.

    Arguments:
        data_dir: everything it writes; also its name and its ports are remembered there.
        port: of AMQP on 127.0.0.1; a free one is chosen (and remembered) when it is None.
    """

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        self._home = Home(data_dir)
        self._port = port
        self._ports: dict[str, int] = {}
        self._epmd: ServerProcess | None = None
        self._node: ServerProcess | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"amqp://guest:guest@{LOCALHOST}:{self._port}/"

    @property
    def pid(self) -> int | None:
        """The broker's own process (beam.smp), while it runs."""
        return self._node.pid if self._node and self._node.alive else None

    @property
    def pids(self) -> tuple[int, ...]:
        """All processes that belong to it, its own first."""
        return tuple(pid for process in (self._node, self._epmd) if process for pid in process.pids)

    @property
    def log(self) -> Path:
        """Warnings and errors of the node."""
        return self._home.path / "node.log"

    async def start(self) -> None:
        """Start it and wait until it speaks AMQP. Raises ServersUnavailable when it does not come up."""
        script = find_rabbitmq()
        if script is None:
            raise ServersUnavailable(NO_RABBITMQ)
        self._home.take()
        try:
            await asyncio.to_thread(self._end_stale)
            self._spawn(script)
            await self._answers()
        except BaseException:
            self.kill()
            self._home.leave()
            raise

    async def stop(self) -> None:
        """End it in good order, within some seconds."""
        if self._node:
            await self._node.stop(_STOP_SECONDS_MAX)
        self.kill()
        self._home.leave()

    def kill(self) -> None:
        """SIGKILL the broker and its helpers, as a power cut would; `start` brings it back with its data."""
        for process in (self._node, self._epmd):
            if process:
                process.kill()

    async def control(self, *words: str) -> str:
        """Run rabbitmqctl on the node; return what it prints.

        Raises:
            RuntimeError: it failed; says what it printed.
        """
        script = find_rabbitmq()
        assert script is not None, "it runs, so it was found"
        process = await asyncio.create_subprocess_exec(
            str(script.with_name("rabbitmqctl")),
            *words,
            env=self._environment(script, self._ports) | {"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ""},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(printed.decode(errors="replace"))
        return printed.decode(errors="replace")

    def _end_stale(self) -> None:
        for name in ("node", "epmd"):
            end_stale(self._home.path / f"{name}.pid", self._home.path, _STOP_SECONDS_MAX)

    def _spawn(self, script: Path) -> None:
        here = self._home.path
        ports = settle_ports(here / "ports.json", ("amqp", "distribution", "epmd"), self._port)
        self._port, self._ports = ports["amqp"], ports
        environment = self._environment(script, ports)
        (here / "plugins").write_text(_EMPTY_PLUGINS)
        (here / "advanced.config").write_text(_CONFIG.format(host=LOCALHOST, port=self._port, log=self.log))
        console = here / "console.log"
        # An epmd of our own, in the foreground: the one a node starts by itself outlives it.
        self._epmd = ServerProcess.spawn(
            [_epmd_program()], environment=environment, log=console, pid_file=here / "epmd.pid"
        )
        self._node = ServerProcess.spawn(
            [str(script)], environment=environment, log=console, pid_file=here / "node.pid"
        )

    def _environment(self, script: Path, ports: dict[str, int]) -> dict[str, str]:
        here = self._home.path
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(here),  # the Erlang cookie lives there
            "ERL_EPMD_ADDRESS": LOCALHOST,
            "ERL_EPMD_PORT": str(ports["epmd"]),
            "ERL_CRASH_DUMP_BYTES": "0",
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_NODENAME": f"{_node_name(here / 'node')}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": LOCALHOST,
            "RABBITMQ_NODE_PORT": str(ports["amqp"]),
            "RABBITMQ_DIST_PORT": str(ports["distribution"]),
            "RABBITMQ_MNESIA_BASE": str(here / "data"),
            "RABBITMQ_LOG_BASE": str(here),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(here / "none"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(here / "advanced.config"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{_GENTLE} {_DISTRIBUTION} {_code_path_first(script)}",
            "RUNNING_UNDER_SYSTEMD": "true",  # the script then becomes the node instead of watching over it
        }

    async def _answers(self) -> None:
        assert self._node is not None
        console = self._home.path / "console.log"
        deadline = monotonic() + _START_SECONDS_MAX
        while not await self._speaks_amqp():
            if not self._node.alive:
                raise died("RabbitMQ", console, "it ended")
            if monotonic() > deadline:
                raise died("RabbitMQ", console, f"silent for {_START_SECONDS_MAX:.0f} s")
            await asyncio.sleep(_POLL_SECONDS)

    async def _speaks_amqp(self) -> bool:
        if self._port is None or is_free(self._port):
            return False  # not listening yet; the client would log each refusal
        try:
            connection = await asyncio.wait_for(aiormq.connect(self.url), timeout=5)
        except (OSError, AMQPError):  # TimeoutError and ConnectionError are OSErrors
            return False
        await connection.close()
        return True


def _node_name(memory: Path) -> str:
    # Kept rather than derived from the path, so that a directory that was moved still finds its data.
    if not memory.is_file():
        memory.write_text(f"sandan-{secrets.token_hex(4)}")
    return memory.read_text().strip()


def _epmd_program() -> str:
    program = shutil.which("epmd")
    if program is None:
        raise ServersUnavailable(NO_RABBITMQ)
    return program


def _code_path_first(script: Path) -> str:
    otp = Path("/usr/lib/erlang/lib")
    plugins = script.resolve().parent.parent / "plugins"
    found = [
        directory
        for room, names in ((otp, _OTP_FIRST), (plugins, _RABBIT_FIRST))
        for name in names
        for directory in sorted(room.glob(f"{name}-[0-9]*/ebin"))[-1:]
    ]
    return " ".join(f"-pa {directory}" for directory in found)
