"""`sandan parked`: messages that need a person; whatever is done with one is recorded."""

import getpass
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import orjson
import typer
import uvloop
from rich.console import Console
from rich.table import Table

from services.chassis.bus import BusPublisher, Link, Voice
from services.chassis.failures import Away
from services.chassis.mailroom import SKIP
from services.chassis.mongo import Store, open_client
from services.chassis.parking import Parked, ParkingLot
from services.chassis.settings import Settings
from services.chassis.topology import Names
from services.house import SERVICES

app = typer.Typer(help="Messages that could not be handled.", no_args_is_help=True)
console = Console()

By = Annotated[str, typer.Option(help="who does it, for the record; default: the one logged in")]
ParkedId = Annotated[str, typer.Argument(help="its id, or the beginning of it")]


@dataclass(frozen=True, slots=True)
class _Lots:
    lots: dict[str, ParkingLot]
    publisher: BusPublisher
    names: Names

    async def send_back(self, message: Parked, headers: dict[str, bool]) -> None:
        """Send a message to the queue that it came from."""
        voice = Voice(self.names.owner(message.queue), self.publisher, self.names, lambda _: None)
        await voice.publish_back(message.queue, message.body, headers)

    async def find(self, beginning: str) -> tuple[ParkingLot, Parked]:
        for lot in self.lots.values():
            message = await lot.find(beginning)
            if message is not None:
                return lot, message
        raise typer.BadParameter(f"no parked message begins with {beginning}, or more than one does")


@asynccontextmanager
async def _lots() -> AsyncIterator[_Lots]:
    settings = Settings()
    if not settings.mongo_url or not settings.amqp_urls:
        raise typer.BadParameter("set SANDAN_AMQP_URL and SANDAN_MONGO_URL to those of the deployment")
    client = open_client(settings.mongo_url)
    link = Link(settings, "sandan parked")
    try:
        lots = {name: ParkingLot(Store(client, f"{settings.database_prefix}_{name}")) for name in SERVICES}
        yield _Lots(lots, BusPublisher(link, settings.broker_seconds), Names(settings.bus_prefix))
    finally:
        await link.close()
        client.close()


def _with_lots(action: Callable[[_Lots], Awaitable[None]]) -> None:
    async def run() -> None:
        async with _lots() as lots:
            await action(lots)

    try:
        uvloop.run(run())
    except Away as away:
        Console(stderr=True).print(f"no answer: {away}")
        raise typer.Exit(2) from away


@app.command("list")
def list_parked(limit: Annotated[int, typer.Option(min=1, max=1_000)] = 100) -> None:
    """List parked messages, oldest first."""

    async def action(lots: _Lots) -> None:
        table = Table()
        table.add_column("id", no_wrap=True)
        for column in ("service", "since", "reason", "detail", "attempts"):
            table.add_column(column, overflow="fold")
        for lot in lots.lots.values():
            for m in await lot.list(limit):
                table.add_row(
                    m.id[:12], m.service, f"{m.at:%Y-%m-%d %H:%M:%S}", m.reason, m.detail, str(m.attempts)
                )
        console.print(table)

    _with_lots(action)


@app.command()
def show(parked: ParkedId) -> None:
    """Show a parked message whole."""

    async def action(lots: _Lots) -> None:
        _, message = await lots.find(parked)
        console.print(f"{message.id} {message.queue} {message.reason}: {message.detail}", markup=False)
        console.print(_readable(message.body), markup=False)

    _with_lots(action)


@app.command()
def replay(parked: ParkedId, by: By = "") -> None:
    """Send a parked message to its queue again; what was done before is recognised and not done twice."""

    async def action(lots: _Lots) -> None:
        lot, message = await lots.find(parked)
        await lots.send_back(message, {})
        await lot.take_off(message, "replayed", by or getpass.getuser())
        console.print(f"replayed {message.id}")

    _with_lots(action)


@app.command()
def discard(parked: ParkedId, by: By = "") -> None:
    """Give a parked message up: its stream goes on without it."""

    async def action(lots: _Lots) -> None:
        lot, message = await lots.find(parked)
        if _is_envelope(message.body):
            await lots.send_back(message, {SKIP: True})
        await lot.take_off(message, "discarded", by or getpass.getuser())
        console.print(f"discarded {message.id}")

    _with_lots(action)


def _is_envelope(body: bytes) -> bool:
    """A message that cannot be read holds up no stream, so it need not be skipped."""
    try:
        envelope = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(envelope, dict) and {"stream", "version", "kind"} <= set(envelope)


def _readable(body: bytes) -> str:
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return repr(body[:2_000])
