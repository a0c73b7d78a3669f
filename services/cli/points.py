"""`sandan points`: every door of the points bank from the command line, as whoever has the token.

What there is, is read from the reference, so a door that comes is there at once.
"""

import os
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlencode

import aiohttp
import orjson
import typer
from rich.console import Console
from rich.table import Table

from services.cli.client import Client
from services.cli.community import HERE, Token, Url, asked
from services.cli.local import DATA_DIR, Keys
from services.cli.tools import wide_console
from services.composition import Settings, reference
from services.contracts.words import Role

app = typer.Typer(
    help="The points bank: passbooks, rules, rooms, shop, fair, stars, series.", no_args_is_help=True
)
console = wide_console()
PREFIX = "/api/v1/communities/{community}"
OF_POINTS = "/points/"

Community = Annotated[str, typer.Argument(help="id of the community")]
Path = Annotated[str, typer.Argument(help="as rules, accounts/yiming-optical/series; see `doors`")]
Words = Annotated[list[str] | None, typer.Argument(help="name=value; a value that is JSON is taken as such")]


def doors_of() -> Iterator[tuple[str, str, str]]:
    """Yield every door of the points bank: method, path below `points/`, and what it is for."""
    for path, methods in sorted(reference()["paths"].items()):
        below = path.removeprefix(PREFIX)
        if below.startswith(OF_POINTS):
            for method, operation in methods.items():
                yield method.upper(), below.removeprefix(OF_POINTS), operation["summary"]


@app.command()
def doors(word: Annotated[str, typer.Argument(help="show those that have it")] = "") -> None:
    """List what can be asked and done."""
    table = Table()
    for column in ("command", "path", "what it is for"):
        table.add_column(column, overflow="fold")
    for method, path, summary in doors_of():
        if word.lower() in f"{path} {summary}".lower():
            table.add_row("ask" if method == "GET" else "do", path, summary)
    console.print(table)


@app.command()
def ask(community: Community, path: Path, words: Words = None, url: Url = HERE, token: Token = "") -> None:
    """Show something: `sandan points ask jiwang series from_on=2026-01-01`."""
    given = urlencode({name: str(value) for name, value in _named(words)})
    _print(url, community, token, "get", f"{_below(path)}?{given}" if given else _below(path))


@app.command()
def do(community: Community, path: Path, words: Words = None, url: Url = HERE, token: Token = "") -> None:
    """Do something: `sandan points do jiwang approvals amount_points=500 because=居委会追加`."""
    _print(url, community, token, "post", _below(path), dict(_named(words)))


def _below(path: str) -> str:
    return OF_POINTS + path.strip("/").removeprefix(OF_POINTS.strip("/") + "/")


def _named(words: list[str] | None) -> Iterator[tuple[str, Any]]:
    for word in words or ():
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{word}: write it as name=value")
        try:
            yield name, orjson.loads(value)
        except orjson.JSONDecodeError:
            yield name, value


def _print(url: str, community: str, token: str, how: str, path: str, *body: dict[str, Any]) -> None:
    answer = asked(_sent(url, community, token or _local_token(community), how, path, *body))
    Console().print_json(orjson.dumps(answer).decode(), ensure_ascii=False)


async def _sent(
    url: str, community: str, token: str, how: str, path: str, *body: dict[str, Any]
) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session:
        client = Client(session, url.rstrip("/"), community)
        answer: dict[str, Any] = await getattr(client, how)(path, token, *body)
        return answer


def _local_token(community: str) -> str:
    """Return a token of the community's staff, of a deployment that runs here."""
    keys = Keys.kept(DATA_DIR / "keys", Settings())
    return keys.token(os.environ.get("USER", "staff"), Role.STAFF, community, hours=0.1)
