"""`sandan community`: load a community file, show what is loaded, show what a load would change."""

import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer
import uvloop
from rich.console import Console

from services.cli.client import Client, Refusal
from services.cli.local import DATA_DIR, Keys
from services.composition import Settings
from services.contracts.community_file import CommunityFile
from services.contracts.words import Role
from services.intake.commands.communities import read_or_exit

app = typer.Typer(help="Community files: who lives where, who can do what.", no_args_is_help=True)
console = Console()
errors = Console(stderr=True)

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="a community file, YAML or JSON")]
Url = Annotated[str, typer.Option(envvar="SANDAN_URL", help="where the system is reached")]
Token = Annotated[
    str, typer.Option(envvar="SANDAN_TOKEN", help="of an operator or staff; default: a local operator's")
]
HERE = "http://127.0.0.1:8080"


@app.command()
def load(file: File, url: Url = HERE, token: Token = "") -> None:
    """Load a community file as a whole; the same file again changes nothing."""
    parsed = read_or_exit(file)
    answer = asked(_send(url, token, parsed, file.read_text(), dry_run=False))
    _print_changes(answer)
    console.print(f"{parsed.community.name}: version {answer['version']}")


@app.command()
def diff(file: File, url: Url = HERE, token: Token = "") -> None:
    """Show what loading a community file would change."""
    _print_changes(asked(_send(url, token, read_or_exit(file), file.read_text(), dry_run=True)))


@app.command()
def show(file: File) -> None:
    """Check a community file and show what it holds; no server is asked."""
    parsed = read_or_exit(file)
    households = sum(compound.households for compound in parsed.compounds)
    residents = sum(compound.residents for compound in parsed.compounds)
    corners = sum(compound.council_corner for compound in parsed.compounds)
    unsigned = [partner.name for partner in parsed.partners if partner.convention_signed_on is None]
    console.print(f"{parsed.community.name} ({parsed.community.id}), {parsed.community.county}")
    console.print(f"小区 {len(parsed.compounds)}，{households} 户 {residents} 人，有议事角 {corners}")
    console.print(
        f"共建单位 {len(parsed.units)}，合伙人 {len(parsed.partners)}，契约 {len(parsed.contracts)}"
    )
    if unsigned:
        console.print(f"未签公约的合伙人：{'、'.join(unsigned)}")


async def _send(url: str, token: str, parsed: CommunityFile, text: str, *, dry_run: bool) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session:
        client = Client(session, url.rstrip("/"), parsed.community.id)
        return await client.load(text, token or _local_token(), dry_run=dry_run)


def _local_token() -> str:
    keys = Keys.kept(DATA_DIR / "keys", Settings())
    return keys.token(os.environ.get("USER", "operator"), Role.OPERATOR, hours=0.1)


def asked(coroutine: Coroutine[None, None, dict[str, Any]]) -> dict[str, Any]:
    """Return what the system answers; a refusal ends the command with 1, and no answer with 2."""
    try:
        return uvloop.run(coroutine)
    except Refusal as refusal:
        errors.print(str(refusal), markup=False)
        raise typer.Exit(1) from refusal
    except (aiohttp.ClientError, TimeoutError) as error:
        errors.print(
            f"no answer from the system: {error}. Is it up (`make up`)? Is --url right?", markup=False
        )
        raise typer.Exit(2) from error


def _print_changes(answer: dict[str, Any]) -> None:
    if not answer["changes"]:
        console.print("没有变化 nothing changes")
    for change in answer["changes"]:
        console.print(f"  {change['text']}", markup=False)
