"""Reading a community's ledger from the first line to the last, beside what partners were told of it.

Lines are read page by page, and what partners were told likewise; accounts, holds and awards that waited are
kept at hand.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from services.points.commands.claims import wrong_claims
from services.points.commands.gifts import Gifts
from services.points.commands.orders import wrong_orders
from services.points.commands.rows import Books, Row, Rows, pages
from services.points.commands.witnesses import EPOCH, Witness
from services.points.domain.accounts import BUDGET, EQUITY, Account, kind_of
from services.points.domain.days import Day
from services.points.domain.holds import Hold
from services.points.domain.lots import Lot
from services.points.domain.transfers import Cause, Transfer
from services.points.domain.verification import Verification, Wrong
from services.points.store.accounts import ACCOUNTS, HOLDS, TRANSFERS, WAITING, WAITING_AWARDS
from services.points.store.days import DAYS
from services.points.store.giving import CAUSES, GIVERS
from services.points.store.rules import RULE_BOOKS
from services.points.store.services import CLAIMS

TOGETHER = (ACCOUNTS, HOLDS, WAITING_AWARDS, WAITING, CLAIMS, CAUSES, GIVERS, DAYS)
"""What is read as it stands at one moment."""
LATE = timedelta(hours=1)
"""Within which everybody is told of what was posted."""


_PARTS: Sequence[tuple[str, Callable[[Transfer, Any], None], Any]] = [
    (field.name, getattr(Transfer, field.name).__set__, field.default) for field in fields(Transfer)
]
"""Name of each field of a transfer, what sets it, and what it is unless written."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of it.

    Arguments:
        lines: transfers that were read.
        witnessed: lines that were compared with what partners were told.
        orders: settled orders that were compared with what was paid.
        wrong: what does not agree, the first first.
    """

    lines: int
    accounts: int
    witnessed: int
    orders: int
    wrong: Sequence[Wrong]


async def communities_of(points: Books) -> list[str]:
    """Return the communities that have a ledger."""
    rows: Rows = points.plain(ACCOUNTS.name)
    found = await rows.find({"id": BUDGET}, fields=["community"])
    return sorted(row["community"] for row in found)


async def verify(stores: Mapping[str, Books], community: str, at: datetime, kept_days: int = 0) -> Verified:
    """Reckon a community's ledger anew and compare it with all that is kept and was told of it.

    Arguments:
        stores: the databases of points, notify and matching, by service.
        at: what time it is.
        kept_days: for how long notices are kept; 0: for ever.
    """
    points = stores["points"]
    where = {"community": community}
    kept, holds, awards, waits, claims, causes, givers, closed = await points.together(
        [(one.name, where) for one in TOGETHER]
    )
    accounts = {row["id"]: ACCOUNTS.decode(row) for row in kept}
    given = accounts[BUDGET].credited_points if EQUITY not in accounts and BUDGET in accounts else 0
    opened = given or await _opened(points, community)
    verification = Verification(opened, days=_days(closed))
    since = at - timedelta(days=kept_days) if kept_days else EPOCH
    witness = Witness(points, stores["notify"], community, since, at - LATE)
    last = accounts[BUDGET].transfers if BUDGET in accounts else 0
    gifts = Gifts()
    async for row in pages(points.plain(TRANSFERS.name), where, "number"):
        if row["number"] > last and row["at"] > at - LATE:
            break  # posted since the accounts were read
        transfer = transfer_of(row)
        if row["_id"] != f"{community}/{transfer.id}":
            verification.wrong.append(Wrong(transfer.number, transfer.id, f"stands under {row['_id']}"))
        verification.read(transfer)
        gifts.read(transfer)
        verification.wrong += await witness.compare(transfer)
    wrong = list(verification.finish(accounts, map(_hold, holds)))
    wrong += await _wrong_awards(points, witness, community, awards, waits)
    for day in verification.days:
        told = await witness.compare_day(day)
        wrong += [told] if told else []
    wrong += await _wrong_rules(points, witness, community)
    wrong += await witness.gone(name for name in accounts if kind_of(name) == "passbook")
    wrong += _wrong_debts(claims, accounts)
    wrong += await wrong_claims(points, community, list(map(CLAIMS.decode, claims)))
    wrong += gifts.compare(causes, givers)
    orders, wrong_of_orders = await wrong_orders(points, stores["matching"], community)
    wrong += wrong_of_orders
    return Verified(verification.lines, len(accounts), witness.lines, orders, wrong)


def transfer_of(row: Mapping[str, Any]) -> Transfer:
    """Return the transfer kept in a document: as its collection decodes it, several times faster."""
    made = object.__new__(Transfer)
    for name, put, default in _PARTS:
        put(made, row.get(name, default))
    cause, lots = row.get("cause"), row.get("lots", ())
    _CAUSE(made, Cause(cause["kind"], cause["id"]) if cause else None)
    _LOTS(made, tuple([Lot(lot["points"], lot["expires_at"]) for lot in lots]))
    return made


_CAUSE = next(put for name, put, _ in _PARTS if name == "cause")
_LOTS = next(put for name, put, _ in _PARTS if name == "lots")


def _hold(row: dict[str, Any]) -> Hold:
    return HOLDS.decode(row)


async def _wrong_awards(
    points: Books, witness: Witness, community: str, rows: Sequence[Row], waits: Sequence[Row]
) -> list[Wrong]:
    """Return what is wrong with the awards that wait, or did: told, paid and counted as they are?"""
    found: list[Wrong] = []
    waiting = [0, 0]
    for kept in map(WAITING_AWARDS.decode, rows):
        award, since = kept.award, kept.waits_since
        key = f"{community}/{kept.paid_by}"
        paid = await points.plain(TRANSFERS.name).find({"_id": key}, limit=1) if kept.paid_by else []
        if since is not None:
            waiting = [waiting[0] + 1, waiting[1] + award.amount_points]
        elif kept.dropped_at is not None:
            wrong = await witness.compare_dropped(kept, kept.dropped_at)
            found += [wrong] if wrong else []
        elif not paid or (paid[0]["credit"], paid[0]["amount_points"]) != (
            award.partner,
            award.amount_points,
        ):
            found.append(Wrong(0, award.id, "is said to be paid, and is not"))
        if award.rule_version:  # what an earlier release withheld was told without a seal
            told_at = since or kept.dropped_at or (paid[0]["at"] if paid else EPOCH)
            wrong = await witness.compare_award(kept, told_at)
            found += [wrong] if wrong else []
    counted = [waits[0]["awards"], waits[0]["points"]] if waits else [0, 0]
    if counted != waiting:
        found.append(
            Wrong(0, WAITING.name, f"{counted} awards and points are said to wait, and {waiting} do")
        )
    return found


async def _wrong_rules(points: Books, witness: Witness, community: str) -> list[Wrong]:
    """Return what is wrong with the versions of a rule, by what staff were told of them."""
    found: list[Wrong] = []
    for row in await points.plain(RULE_BOOKS.name).find({"community": community}, limit=1):
        found += await witness.compare_rules(RULE_BOOKS.decode(row))
    return found


def _wrong_debts(claims: Sequence[Row], accounts: Mapping[str, Account]) -> list[Wrong]:
    """Return the accounts that owe something else than what is to be taken back from them."""
    owed: dict[str, int] = dict.fromkeys(accounts, 0)
    for claim in map(CLAIMS.decode, claims):
        if claim.look_at is not None:
            owed[claim.partner] = owed.get(claim.partner, 0) + claim.amount_points
    return [
        Wrong(0, name, f"is said to owe {accounts[name].owed_points} points, and owes {due}")
        for name, due in owed.items()
        if name in accounts and accounts[name].owed_points != due
    ]


def _days(rows: Sequence[Row]) -> list[Day]:
    """Return the days that were closed, in the order of what had been posted."""
    return sorted(map(DAYS.decode, rows), key=lambda day: (day.transfers, day.number))


async def _opened(points: Books, community: str) -> int:
    found = await points.plain(TRANSFERS.name).find(
        {"community": community, "credit": BUDGET, "kind": "opening"}, fields=["amount_points"], limit=1
    )
    return int(found[0]["amount_points"]) if found else 0
