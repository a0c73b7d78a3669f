"""`sandan ledger`: is the points bank what was posted?"""

from typing import Annotated

import typer

from services.chassis.clock import now
from services.cli.tools import Tools, wide_console, with_tools
from services.points.commands.verifying import communities_of
from services.points.commands.verifying import verify as verified

app = typer.Typer(help="The points bank's ledger.", no_args_is_help=True)
console = wide_console()
SHOWN = 20


@app.callback()
def ledger() -> None:
    """The points bank's ledger."""


@app.command()
def verify(
    community: Annotated[list[str] | None, typer.Argument(help="ids; without any, all communities")] = None,
) -> None:
    """Read every line again and reckon all accounts anew; status 1, and what is wrong, where they differ.

    Seals, numbers, balances, lots, holds, conservation; lines against what partners were told (notify's
    database), and settled orders against what was paid (matching's).
    """

    async def action(given: Tools) -> None:
        is_wrong = False
        for name in community or await communities_of(given.stores["points"]):
            found = await verified(given.stores, name, now(), given.settings.notices_kept_days)
            read = f"{found.lines:,} transfers in {found.accounts} accounts"
            compared = f"{found.witnessed:,} lines with what was told, {found.orders:,} settled orders"
            outcome = "WRONG" if found.wrong else "ok"
            console.print(f"{name}: {read}, {compared}: {outcome}", markup=False)
            for wrong in found.wrong[:SHOWN]:
                console.print(f"  {wrong}", markup=False)
            if len(found.wrong) > SHOWN:
                console.print(f"  … and {len(found.wrong) - SHOWN:,} more", markup=False)
            is_wrong = is_wrong or bool(found.wrong)
        if is_wrong:
            raise typer.Exit(1)

    with_tools(action)
