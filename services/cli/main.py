"""The command line: `sandan --help`."""

import asyncio
import json
import sys
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer
import uvloop
from rich.console import Console

from services import __version__
from services.chassis.clock import now
from services.chassis.http.identity import EVERY_COMMUNITY, Issuer
from services.chassis.logs import set_up_logs
from services.chassis.runner import PortTaken, run_until_signal
from services.chassis.settings import Misconfigured
from services.chassis.supervision import Broken
from services.cli import community, freezing, language, ledger, parked, points, streams, topology
from services.cli.demo import run_demo
from services.cli.doctor import doctor
from services.cli.local import DATA_DIR, Keys, deployment
from services.cli.route import app as route_app
from services.composition import SERVICES, Settings, process_of, reference
from services.contracts.words import Role
from services.devserver import ServersUnavailable
from services.intake.commands import hot

app = typer.Typer(
    help="三单 Sandan: 点单 · 下单 · 接单 · 评单", no_args_is_help=True, pretty_exceptions_enable=False
)
token_app = typer.Typer(help="Tokens for development.", no_args_is_help=True)
app.add_typer(community.app, name="community")
app.add_typer(freezing.app, name="docs")
app.add_typer(hot.app, name="hot")
app.add_typer(language.app, name="language")
app.add_typer(ledger.app, name="ledger")
app.add_typer(parked.app, name="parked")
app.add_typer(points.app, name="points")
app.add_typer(route_app, name="route")
app.add_typer(streams.app, name="streams")
app.add_typer(topology.app, name="topology")
app.add_typer(token_app, name="token")
app.command()(doctor)

console = Console()
T = TypeVar("T")


def _run(coroutine: Coroutine[None, None, T]) -> T:
    try:
        return uvloop.run(coroutine)
    except (ServersUnavailable, PortTaken, Misconfigured, Broken) as error:
        Console(stderr=True).print(str(error))
        raise typer.Exit(2) from error


def _print_version(wanted: bool) -> None:
    if wanted:
        build = Settings().build
        typer.echo(f"sandan {__version__}" + (f" ({build})" if build else ""))
        raise typer.Exit


@app.callback()
def sandan(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print it and end")
    ] = False,
) -> None:
    """三单 Sandan: 点单 · 下单 · 接单 · 评单."""


@app.command()
def up(
    services: Annotated[
        str, typer.Option(help="which to run, as matching,notify; the servers must exist then")
    ] = ",".join(SERVICES),
    data_dir: Annotated[Path, typer.Option(help="where data and keys are kept")] = DATA_DIR,
) -> None:
    """Run the services here until Ctrl-C, with data that stays; brings broker and database if none is set."""
    names = [name.strip() for name in services.split(",") if name.strip()]
    unknown = [name for name in names if name not in SERVICES]
    if unknown or not names:
        raise typer.BadParameter(f"{', '.join(unknown) or 'none'}: there are {', '.join(SERVICES)}")
    given = Settings()
    if set(names) != set(SERVICES) and not (given.amqp_urls and given.mongo_url):
        raise typer.BadParameter("some services alone need SANDAN_AMQP_URL and SANDAN_MONGO_URL")
    set_up_logs(given.log_level, process="+".join(names))
    _run(_up(names, data_dir))


async def _up(names: list[str], data_dir: Path) -> None:
    typer.echo("sandan: starting broker and database, unless they are set …", err=True)
    async with deployment(data_dir, keep=True) as place:
        typer.echo(f"sandan: {', '.join(names)} on port {place.settings.http_port}", err=True)
        await run_until_signal(process_of(place.settings, names))


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="end after the story; exit 0 if all went right")
    ] = False,
) -> None:
    """Run everything with throw-away data and play the community's real cases through it."""
    set_up_logs("ERROR")
    raise typer.Exit(_run(run_demo(console, once=once)))


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of all services."""
    sys.stdout.write(json.dumps(asyncio.run(_reference()), ensure_ascii=False, indent=2) + "\n")


async def _reference() -> dict[str, object]:
    return reference()


@token_app.command("issue")
def issue(
    subject: Annotated[str, typer.Argument(help="who: a resident's reference, or a provider's id")],
    role: Annotated[Role, typer.Argument(help="what they are")],
    communities: Annotated[
        list[str] | None, typer.Argument(help="theirs; none for an operator of every community")
    ] = None,
    hours: Annotated[float, typer.Option(min=0.01, max=24 * 30, help="how long it is good")] = 12,
    key: Annotated[Path | None, typer.Option(help="PEM of the signing key; default: the local one")] = None,
) -> None:
    """Print a signed token, for development."""
    if not communities and role is not Role.OPERATOR:
        raise typer.BadParameter("name the communities they belong to")
    settings = Settings()
    if key is None:
        issuer = Keys.kept(DATA_DIR / "keys", settings).issuer
    else:
        issuer = Issuer(key.read_text(), settings.token_audience, settings.token_issuer)
    belongs = tuple(communities or (EVERY_COMMUNITY,))
    typer.echo(issuer.issue(subject, role, belongs, at=now(), life=timedelta(hours=hours)))


if __name__ == "__main__":
    app()
