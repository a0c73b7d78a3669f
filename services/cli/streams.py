"""`sandan streams`: streams that wait for a fact that never came, and what helps."""

import getpass
from typing import Annotated

import typer
from rich.table import Table

from services.chassis.announcing import Gap, announce_again, gaps, kept_parcels, skip_missing
from services.cli.tools import Tools, wide_console, with_tools

app = typer.Typer(help="Streams of facts that wait for one that never came.", no_args_is_help=True)
console = wide_console()

Community = Annotated[str, typer.Argument(help="the community's id")]
Stream = Annotated[str, typer.Argument(help="as `sandan streams waiting` shows it: demands/01a2…")]


@app.command()
def waiting(limit: Annotated[int, typer.Option(min=1, max=1_000)] = 100) -> None:
    """List the streams that wait, the longest waiting first."""

    async def action(given: Tools) -> None:
        table = Table()
        for column in ("service", "community", "stream"):
            table.add_column(column, no_wrap=True)
        for column in ("since", "missing", "waiting"):
            table.add_column(column)
        found = [gap for name, store in given.stores.items() for gap in await gaps(store, name, limit)]
        for gap in sorted(found, key=lambda gap: gap.since)[:limit]:
            since = f"{gap.since:%Y-%m-%d %H:%M:%S}"
            missing = ", ".join(map(str, gap.missing))
            table.add_row(gap.service, gap.community, gap.stream, since, missing, str(len(gap.waiting)))
        console.print(table if found else "no stream waits")

    with_tools(action)


@app.command()
def announce(community: Community, stream: Stream) -> None:
    """Say a stream's facts again, as far as they are kept (SANDAN_FACTS_KEPT_HOURS)."""

    async def action(given: Tools) -> None:
        said = 0
        for service, store in given.stores.items():
            parcels = await kept_parcels(store, community, stream)
            said += await announce_again(given.exchange(service), parcels)
        if not said:
            console.print("nothing of it is kept any more; `sandan streams skip` lets it go on without")
            raise typer.Exit(1)
        console.print(f"said again: {said} messages")

    with_tools(action)


@app.command()
def skip(
    service: Annotated[str, typer.Argument(help="the service that waits")],
    community: Community,
    stream: Stream,
    by: Annotated[str, typer.Option(help="who decides it, for the record; default: the one logged in")] = "",
) -> None:
    """Let a stream go on without the facts that never came; it is recorded who decided so."""

    async def action(given: Tools) -> None:
        gap = await _gap(given, service, community, stream)
        who = by or getpass.getuser()
        store, exchange = given.stores[service], given.exchange(service)
        skipped = await skip_missing(store, exchange, gap, given.settings.partitions, who)
        console.print(f"skipped {skipped}")

    with_tools(action)


async def _gap(given: Tools, service: str, community: str, stream: str) -> Gap:
    if service not in given.stores:
        raise typer.BadParameter(f"{service}: there are {', '.join(given.stores)}")
    for gap in await gaps(given.stores[service], service):
        if (gap.community, gap.stream) == (community, stream):
            return gap
    raise typer.BadParameter(f"{service} waits for nothing in {stream} of {community}")
