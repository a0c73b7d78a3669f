"""The broker and the database together: our own, started at the same time, or those the settings name."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from services.devserver.home import Home
from services.devserver.mongod import LocalMongo
from services.devserver.process import end_stale
from services.devserver.rabbitmq import LocalBroker
from services.devserver.unavailable import ServersUnavailable

_THROWAWAY = "throwaway-"


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the broker and the database are; the one we started ourselves, if we did."""

    amqp_url: str
    mongo_url: str
    broker: LocalBroker | None = None
    mongo: LocalMongo | None = None


@asynccontextmanager
async def local_servers(data_dir: Path, *, keep: bool) -> AsyncIterator[Servers]:
    """Run both servers of our own; see `servers_from`."""
    async with servers_from(None, None, data_dir, keep=keep) as servers:
        yield servers


@asynccontextmanager
async def servers_from(
    amqp_url: str | None, mongo_url: str | None, data_dir: Path, *, keep: bool
) -> AsyncIterator[Servers]:
    """Use the servers that are given and run the others.

    Arguments:
        amqp_url, mongo_url: of servers that exist already; None or empty starts one of our own.
        data_dir: where the data of our own servers live.
        keep: True finds the same data at the next start; False uses a fresh directory inside and removes it.
    Raises ServersUnavailable when a server cannot be had.
    """
    if amqp_url and mongo_url:
        yield Servers(amqp_url, mongo_url)
        return
    home = data_dir if keep else await asyncio.to_thread(_fresh, data_dir)
    broker = None if amqp_url else LocalBroker(home / "rabbitmq")
    mongo = None if mongo_url else LocalMongo(home / "mongod")
    started = [server for server in (broker, mongo) if server]
    try:
        await _start(started)
        yield Servers(
            amqp_url=broker.url if broker else amqp_url or "",
            mongo_url=mongo.url if mongo else mongo_url or "",
            broker=broker,
            mongo=mongo,
        )
    finally:
        await _end(started, gently=keep)
        if not keep:
            await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)


async def _start(servers: list[LocalBroker | LocalMongo]) -> None:
    outcomes = await asyncio.gather(*(server.start() for server in servers), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


async def _end(servers: list[LocalBroker | LocalMongo], *, gently: bool) -> None:
    if not gently:
        for server in servers:
            server.kill()
    await asyncio.gather(*(server.stop() for server in servers))


def _fresh(data_dir: Path) -> Path:
    data_dir.mkdir(parents=True, exist_ok=True)
    for left in data_dir.glob(f"{_THROWAWAY}*"):
        _remove_if_abandoned(left)
    return Path(tempfile.mkdtemp(prefix=_THROWAWAY, dir=data_dir)).absolute()


def _remove_if_abandoned(directory: Path) -> None:
    # A directory whose owner was killed: nobody holds its locks. One that is just being made has none yet.
    homes = [Home(each.parent) for each in directory.glob("*/lock")]
    if not homes:
        return
    with suppress(ServersUnavailable):
        for home in homes:
            home.take()
        for pid_file in directory.glob("*/*.pid"):
            end_stale(pid_file, pid_file.parent.absolute(), grace_seconds=1)
        shutil.rmtree(directory, ignore_errors=True)
    for home in homes:
        home.leave()
