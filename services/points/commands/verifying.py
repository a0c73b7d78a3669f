"""Reading a community's ledger from the first line to the last, beside what partners were told of it.

Lines are read page by page, and what partners were told likewise; accounts, holds and awards that waited are
kept at hand.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from services.contracts.ids import OrderId
from services.contracts.points import PointsApproved
from services.contracts.seals import code_of
from services.points.domain.accounts import BUDGET, EQUITY, ESCROW, EXPIRED, REDEEMED, kind_of
from services.points.domain.holds import Hold
from services.points.domain.lots import Lot
from services.points.domain.transfers import SECOND_SEAL, Cause, Transfer, transfer_id
from services.points.domain.verification import Verification, Wrong
from services.points.domain.waiting import WaitingAward, digest_of
from services.points.handlers.awards import SETTLED
from services.points.handlers.rules import file_of
from services.points.store.accounts import ACCOUNTS, HOLDS, TRANSFERS, WAITING, WAITING_AWARDS
from services.points.store.rules import RULES

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAGE = 2_000
NOTICES = 400
AHEAD = 1_000
"""So many lines that a partner was told of are held at most: they come in nearly the same order."""
PASSBOOK, ISSUING, ESCROWED = "存折", "预算", "冻结"
AWARDS = "待入账"
TOLD = re.compile(rf"（({PASSBOOK}|{ISSUING}|{ESCROWED}|{AWARDS})第 (\d+) [行笔]，校验码 ([a-p]{{16}})）$")
"""As notify ends a text that tells a line; a test holds the two together."""
STAFF = "staff"
NOT_TOLD = frozenset({EQUITY, REDEEMED, EXPIRED})
"""Accounts of whose lines nobody is told; the other account of the transfer is somebody's."""
ON_THE_WAY_SECONDS = 30.0
"""What was settled just now is paid within these."""
LATE = timedelta(hours=1)
"""Within which everybody is told of what was posted."""


_FIELDS = tuple(field.name for field in fields(Transfer))


Row = dict[str, Any]


class Rows(Protocol):
    """A collection as it is kept."""

    async def find(
        self, query: dict[str, Any], *, sort: str = "_id", limit: int = 0, fields: Sequence[str] | None = None
    ) -> list[dict[str, Any]]: ...


class Books(Protocol):
    """The database of a service."""

    def plain(self, name: str) -> Any: ...

    async def together(self, asked: Sequence[tuple[str, Row]]) -> list[list[Row]]: ...


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
    names = (ACCOUNTS.name, HOLDS.name, WAITING_AWARDS.name, WAITING.name)
    kept, holds, awards, waits = await points.together([(name, where) for name in names])
    accounts = {row["id"]: ACCOUNTS.decode(row) for row in kept}
    given = accounts[BUDGET].credited_points if EQUITY not in accounts and BUDGET in accounts else 0
    verification = Verification(given or await _opened(points, community))
    since = at - timedelta(days=kept_days) if kept_days else EPOCH
    witness = _Witness(points, stores["notify"], community, since, at - LATE)
    last = accounts[BUDGET].transfers if BUDGET in accounts else 0
    async for row in _pages(points.plain(TRANSFERS.name), where, "number"):
        if row["number"] > last and row["at"] > at - LATE:
            break  # posted since the accounts were read
        transfer = transfer_of(row)
        if row["_id"] != f"{community}/{transfer.id}":
            verification.wrong.append(Wrong(transfer.number, transfer.id, f"stands under {row['_id']}"))
        verification.read(transfer)
        verification.wrong += await witness.compare(transfer)
    wrong = list(verification.finish(accounts, map(_hold, holds)))
    wrong += await _wrong_awards(points, witness, community, awards, waits)
    wrong += await witness.gone(name for name in accounts if kind_of(name) == "passbook")
    orders, unpaid = await _unpaid(points, stores["matching"], community)
    wrong += [Wrong(0, order, "is settled, and nothing was paid for it") for order in unpaid]
    return Verified(verification.lines, len(accounts), witness.lines, orders, wrong)


def transfer_of(row: Mapping[str, Any]) -> Transfer:
    """Return the transfer kept in a document: as its collection decodes it, several times faster."""
    parts = {name: row[name] for name in _FIELDS if name in row}
    if cause := parts.get("cause"):
        parts["cause"] = Cause(**cause)
    parts["lots"] = tuple(Lot(**lot) for lot in parts.get("lots", ()))
    return Transfer(**parts)


def _hold(row: dict[str, Any]) -> Hold:
    return HOLDS.decode(row)


async def _wrong_awards(
    points: Books, witness: "_Witness", community: str, rows: Sequence[Row], waits: Sequence[Row]
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
        elif not paid or (paid[0]["credit"], paid[0]["amount_points"]) != (
            award.partner,
            award.amount_points,
        ):
            found.append(Wrong(0, award.id, "is said to be paid, and is not"))
        if award.rule_version:  # what an earlier release withheld was told without a seal
            wrong = await witness.compare_award(kept, since or (paid[0]["at"] if paid else EPOCH))
            found += [wrong] if wrong else []
    counted = [waits[0]["awards"], waits[0]["points"]] if waits else [0, 0]
    if counted != waiting:
        found.append(
            Wrong(0, WAITING.name, f"{counted} awards and points are said to wait, and {waiting} do")
        )
    return found


async def _opened(points: Books, community: str) -> int:
    found = await points.plain(TRANSFERS.name).find(
        {"community": community, "credit": BUDGET, "kind": "opening"}, fields=["amount_points"], limit=1
    )
    return int(found[0]["amount_points"]) if found else 0


async def _pages(
    rows: Rows, query: dict[str, Any], by: str, fields: Sequence[str] | None = None, size: int = PAGE
) -> AsyncIterator[dict[str, Any]]:
    """Yield documents in the order of a field that no two have in common."""
    after: dict[str, Any] = {}
    while found := await rows.find({**query, **after}, sort=by, limit=size, fields=fields):
        for row in found:
            yield row
        after = {by: {"$gt": found[-1][by]}}


async def _unpaid(points: Books, matching: Books, community: str) -> tuple[int, list[str]]:
    """Return how many orders of partners were accepted and settled under the present rule, and which of them
    are not paid though they earn.
    """
    kept = await points.plain(RULES.name).find({"community": community}, limit=1)
    record = RULES.decode(kept[0]) if kept else None
    rule = file_of(record.text).points if record else None
    if record is None or record.since is None or rule is None:
        return 0, []
    query: Row = {"community": community, "status": "settled", "provider.kind": "partner"}
    query["accepted_at"] = {"$gt": record.since}
    count, unpaid = 0, []
    async for row in _pages(matching.plain("orders"), query, "_id", ["id", "category"]):
        count += 1
        earns = rule.points_by_category.get(row["category"], rule.default_points)
        if earns and not await _is_paid(points, community, row["id"]):
            unpaid.append(row["id"])
    if unpaid:
        await asyncio.sleep(ON_THE_WAY_SECONDS)
    return count, [order for order in unpaid if not await _is_paid(points, community, order)]


async def _is_paid(points: Books, community: str, order: str) -> bool:
    key = f"{community}/{transfer_id(community, OrderId(order), SETTLED)}"
    for name, posted in ((TRANSFERS.name, {"posted": True}), (WAITING_AWARDS.name, {})):
        if await points.plain(name).find({"_id": key, **posted}, fields=["_id"], limit=1):
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that somebody was told of: of which transfer, its number, its seal, and when it was posted."""

    number: int
    line: int
    sealed: str
    at: datetime


class _Told:
    """What one partner, or the staff, was told of the ledger, read beside it.

    Notify keeps it in a database of its own: whoever alters the ledger, seals and all, cannot alter that.
    """

    def __init__(self, notify: Books, query: dict[str, Any], since: datetime, until: datetime) -> None:
        self._notices, self._query = notify.plain("notices"), query
        self._since, self._until = since, until
        self._pending: dict[tuple[str, int], tuple[str, datetime]] = {}
        self._behind: str | None = ""
        self.lines = 0

    async def compare(self, book: str, of: "_Line") -> Wrong | None:
        """Return what is wrong with a line, by what was told of it."""
        line = of.line
        key = (book, line)
        while key not in self._pending and len(self._pending) < AHEAD and self._behind is not None:
            await self._read()
        told, _ = self._pending.pop(key, ("", None))
        self.lines += bool(told)
        if not told:
            is_late = self._since < of.at < self._until
            return Wrong(of.number, book, f"nobody was told of line {line}") if is_late else None
        if told == code_of(of.sealed):
            return None
        return Wrong(of.number, book, f"line {line} has another seal than was told")

    async def gone(self, whose: str) -> list[Wrong]:
        """Return the lines of which somebody was told and that are not there."""
        while len(self._pending) < AHEAD and self._behind is not None:
            await self._read()
        return [
            Wrong(0, whose, f"line {line} of {book} is gone, and it was told")
            for (book, line), (_, at) in sorted(self._pending.items())
            if at < self._until
        ]

    async def _read(self) -> None:
        query = {**self._query, "_id": {"$gt": self._behind}}
        found = await self._notices.find(query, limit=NOTICES, fields=["text", "at"])
        for notice in found:
            for book, line, code in TOLD.findall(notice["text"]):
                self._pending[book, int(line)] = (code, notice["at"])
        self._behind = found[-1]["_id"] if len(found) == NOTICES else None


class _Witness:
    """What everybody was told.

    Arguments:
        since: notices of before are not kept any more.
        until: of what was posted later perhaps nobody was told yet.
    """

    def __init__(
        self, points: Books, notify: Books, community: str, since: datetime, until: datetime
    ) -> None:
        self._points, self._notify, self._community = points, notify, community
        self._since, self._until = since, until
        self._told: dict[str, _Told] = {}

    @property
    def lines(self) -> int:
        """Return how many lines were found as they were told."""
        return sum(one.lines for one in self._told.values())

    async def compare(self, transfer: Transfer) -> list[Wrong]:
        """Return what is wrong with the lines of a transfer."""
        found = []
        if transfer.sealed == SECOND_SEAL and transfer.kind != "opening":
            number, at = transfer.number, transfer.at
            debit = (transfer.debit, _Line(number, transfer.debit_line, transfer.debit_seal, at))
            credit = (transfer.credit, _Line(number, transfer.credit_line, transfer.chained, at))
            for account, line in (debit, credit):
                if account not in NOT_TOLD:
                    whose, book = await self._whose(transfer, account)
                    if whose:
                        found.append(await self._of(whose).compare(book, line))
        return [one for one in found if one is not None]

    async def compare_award(self, kept: WaitingAward, since: datetime) -> Wrong | None:
        """Return what is wrong with an award that waits, or did, by what its partner was told."""
        line = _Line(0, kept.number, digest_of(kept.award), since)
        return await self._of(kept.award.partner).compare(AWARDS, line)

    async def _whose(self, transfer: Transfer, account: str) -> tuple[str, str]:
        """Return who is told of an account's line of a transfer, and as what."""
        if kind_of(account) == "passbook":
            return account, PASSBOOK
        if account == BUDGET and transfer.kind in ("approval", "return"):
            return STAFF, ISSUING
        if account == ESCROW and transfer.kind == "capture":
            key = f"{self._community}/{transfer.origin.id}"
            holds = await self._points.plain(HOLDS.name).find({"_id": key}, fields=["account"], limit=1)
            return (holds[0]["account"] if holds else ""), ESCROWED
        return "", ""

    def _of(self, whose: str) -> _Told:
        if whose not in self._told:
            query = {"community": self._community, "recipient": f"provider:{whose}"}
            if whose == STAFF:
                query |= {"recipient": STAFF, "kind": PointsApproved.kind}
            self._told[whose] = _Told(self._notify, query, self._since, self._until)
        return self._told[whose]

    async def gone(self, passbooks: Iterable[str]) -> list[Wrong]:
        """Return the lines of which somebody was told and that are not there."""
        return [
            wrong
            for whose in sorted({STAFF, *self._told, *passbooks})
            for wrong in await self._of(whose).gone(whose)
        ]
