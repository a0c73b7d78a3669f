"""Ports of 127.0.0.1: free ones, and those a data directory remembers so that a restart keeps its address."""

import json
import random
import socket
from collections.abc import Sequence
from pathlib import Path

from services.devserver.unavailable import ServersUnavailable

LOCALHOST = "127.0.0.1"


# Below the range the kernel gives to outgoing connections, so that a client that retries a dead server
# never holds (or meets itself on) the server's port.
_RANGE = range(20000, 32000)
_TRIES_MAX = 200


def free_port(*, not_these: Sequence[int] = ()) -> int:
    """Return a port nobody listens on."""
    for _ in range(_TRIES_MAX):
        port = random.choice(_RANGE)  # noqa: S311 - no secret, only unlikely to be chosen twice
        if port not in not_these and is_free(port):
            return port
    raise ServersUnavailable("No free port on 127.0.0.1. 127.0.0.1 上没有空闲端口。")


def is_free(port: int) -> bool:
    """Tell whether we could listen on it now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOCALHOST, port))
        except OSError:
            return False
    return True


def settle_ports(memory: Path, names: Sequence[str], given: int | None) -> dict[str, int]:
    """Return a port for each name: the given one for the first, remembered ones while free, then new ones.

    What was settled is written to `memory`. Raises ServersUnavailable when the given port is taken.
    """
    if given is not None and not is_free(given):
        raise ServersUnavailable(f"Port {given} is taken. 端口 {given} 已被占用。")
    ports = {name: port for name, port in _remembered(memory).items() if name in names and is_free(port)}
    if given is not None:
        ports[names[0]] = given
    for name in names:
        ports.setdefault(name, free_port(not_these=tuple(ports.values())))
    memory.write_text(json.dumps(ports))
    return ports


def _remembered(memory: Path) -> dict[str, int]:
    if not memory.is_file():
        return {}
    try:
        kept = json.loads(memory.read_text())
    except ValueError:
        return {}  # half written when the power went: choose anew
    return {str(name): int(port) for name, port in kept.items()}
