"""`sandan parked`: messages that need a person; whatever is done with one is recorded."""

import getpass
from typing import Annotated

import orjson
import typer
from rich.table import Table

from services.chassis.bus import SKIP
from services.chassis.parking import Parked, ParkingLot
from services.cli.tools import Tools, wide_console, with_tools

app = typer.Typer(help="Messages that could not be handled.", no_args_is_help=True)
console = wide_console()

By = Annotated[str, typer.Option(help="who does it, for the record; default: the one logged in")]
ParkedId = Annotated[str, typer.Argument(help="its id, or the beginning of it")]


async def _find(given: Tools, beginning: str) -> tuple[ParkingLot, Parked]:
    for store in given.stores.values():
        lot = ParkingLot(store)
        message = await lot.find(beginning)
        if message is not None:
            return lot, message
    raise typer.BadParameter(f"no parked message begins with {beginning}, or more than one does")


async def _send_back(given: Tools, message: Parked, headers: dict[str, bool]) -> None:
    exchange = given.exchange(given.names.owner(message.queue))
    await exchange.publish_back(message.queue, message.body, headers)


@app.command("list")
def list_parked(limit: Annotated[int, typer.Option(min=1, max=1_000)] = 100) -> None:
    """List parked messages, oldest first."""

    async def action(given: Tools) -> None:
        table = Table()
        table.add_column("id", no_wrap=True)
        for column in ("service", "since", "reason", "detail", "attempts"):
            table.add_column(column, overflow="fold")
        for store in given.stores.values():
            for m in await ParkingLot(store).list(limit):
                table.add_row(
                    m.id[:12], m.service, f"{m.at:%Y-%m-%d %H:%M:%S}", m.reason, m.detail, str(m.attempts)
                )
        console.print(table)

    with_tools(action)


@app.command()
def show(parked: ParkedId) -> None:
    """Show a parked message whole."""

    async def action(given: Tools) -> None:
        _, message = await _find(given, parked)
        console.print(f"{message.id} {message.queue} {message.reason}: {message.detail}", markup=False)
        console.print(_readable(message.body), markup=False)

    with_tools(action)


@app.command()
def replay(parked: ParkedId, by: By = "") -> None:
    """Send a parked message to its queue again; what was done before is recognised and not done twice."""

    async def action(given: Tools) -> None:
        lot, message = await _find(given, parked)
        await _send_back(given, message, {})
        await lot.take_off(message, "replayed", by or getpass.getuser())
        console.print(f"replayed {message.id}")

    with_tools(action)


@app.command()
def discard(parked: ParkedId, by: By = "") -> None:
    """Give a parked message up: its stream goes on without it."""

    async def action(given: Tools) -> None:
        lot, message = await _find(given, parked)
        if _is_envelope(message.body):
            await _send_back(given, message, {SKIP: True})
        await lot.take_off(message, "discarded", by or getpass.getuser())
        console.print(f"discarded {message.id}")

    with_tools(action)


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
