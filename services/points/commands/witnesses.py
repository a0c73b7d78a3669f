"""What partners and staff were told of the ledger, read beside it.

Notify keeps it in a database of its own: whoever alters the ledger, seals and all, cannot alter that.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.contracts.points import (
    CauseSpent,
    PointsApproved,
    PointsDayClosed,
    PointsRuleDecided,
    PointsRuleWithdrawn,
)
from services.contracts.seals import code_of
from services.contracts.values import replace
from services.points.commands.rows import Books
from services.points.domain.accounts import BUDGET, EQUITY, ESCROW, EXPIRED, REDEEMED, kind_of
from services.points.domain.days import Day
from services.points.domain.rules import RuleBook
from services.points.domain.transfers import SECOND_SEAL, Transfer
from services.points.domain.verification import Wrong
from services.points.domain.waiting import WaitingAward, digest_of
from services.points.store.accounts import HOLDS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOTICES = 400
TOLD_TO_STAFF = (
    PointsApproved.kind,
    PointsRuleDecided.kind,
    PointsRuleWithdrawn.kind,
    CauseSpent.kind,
    PointsDayClosed.kind,
)
AHEAD = 1_000
"""So many lines that a partner was told of are held at most: they come in nearly the same order."""
PASSBOOK, ISSUING, ESCROWED = "存折", "预算", "冻结"
AWARDS = "待入账"
DROPPED, RULE, WITHDRAWN = "不再入账", "规则", "撤回规则"
SPENT, CLOSED = "公益支出", "日结"
_BOOKS = "|".join((PASSBOOK, ISSUING, ESCROWED, DROPPED, AWARDS, WITHDRAWN, RULE, SPENT, CLOSED))
TOLD = re.compile(rf"（({_BOOKS})第 (\d+) [行笔版]，校验码 ([a-p]{{16}})）$")
"""As notify ends a text that tells a line; a test holds the two together."""
STAFF = "staff"
NOT_TOLD = frozenset({EQUITY, REDEEMED, EXPIRED})
"""Accounts of whose lines nobody is told; the other account of the transfer is somebody's."""


@dataclass(frozen=True, slots=True)
class Line:
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

    async def compare(self, book: str, of: "Line") -> Wrong | None:
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


class Witness:
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
            told = number if transfer.kind == "spending" else transfer.debit_line
            debit = (transfer.debit, Line(number, told, transfer.debit_seal, at))
            credit = (transfer.credit, Line(number, transfer.credit_line, transfer.chained, at))
            for account, line in (debit, credit):
                if account not in NOT_TOLD:
                    whose, book = await self._whose(transfer, account)
                    if whose:
                        found.append(await self._of(whose).compare(book, line))
        return [one for one in found if one is not None]

    async def compare_award(self, kept: WaitingAward, since: datetime) -> Wrong | None:
        """Return what is wrong with an award that waits, or did, by what its partner was told."""
        line = Line(0, kept.number, digest_of(kept.award), since)
        return await self._of(kept.award.partner).compare(AWARDS, line)

    async def compare_dropped(self, kept: WaitingAward, at: datetime) -> Wrong | None:
        """Return what is wrong with an award that was given up, by what its partner was told."""
        line = Line(0, kept.number, digest_of(kept.award), at)
        return await self._of(kept.award.partner).compare(DROPPED, line)

    async def compare_day(self, day: Day) -> Wrong | None:
        """Return what is wrong with how a day was closed, by what staff were told."""
        return await self._of(STAFF).compare(CLOSED, Line(0, day.number, day.anchor, day.at))

    async def compare_rules(self, book: RuleBook) -> list[Wrong]:
        """Return what is wrong with the versions of a rule, by what staff were told."""
        found = []
        for rule in book.rules:
            line = Line(0, rule.version, rule.digest, rule.decided_at)
            found.append(await self._of(STAFF).compare(RULE, line))
            if rule.withdrawn_at is not None:
                gone = replace(line, at=rule.withdrawn_at)
                found.append(await self._of(STAFF).compare(WITHDRAWN, gone))
                if rule.withdrawn_at >= rule.starts_at:
                    found.append(Wrong(0, RULE, f"version {rule.version} was withdrawn after it had begun"))
        return [one for one in found if one is not None]

    async def _whose(self, transfer: Transfer, account: str) -> tuple[str, str]:
        """Return who is told of an account's line of a transfer, and as what."""
        if kind_of(account) == "passbook":
            return account, PASSBOOK
        if account == BUDGET and transfer.kind in ("approval", "return"):
            return STAFF, ISSUING
        if transfer.kind == "spending" and account == transfer.debit:
            return STAFF, SPENT
        if account == ESCROW and transfer.kind == "capture":
            key = f"{self._community}/{transfer.origin.id}"
            holds = await self._points.plain(HOLDS.name).find({"_id": key}, fields=["account"], limit=1)
            return (holds[0]["account"] if holds else ""), ESCROWED
        return "", ""

    def _of(self, whose: str) -> _Told:
        if whose not in self._told:
            query: dict[str, Any] = {"community": self._community, "recipient": f"provider:{whose}"}
            if whose == STAFF:
                query |= {"recipient": STAFF, "kind": {"$in": list(TOLD_TO_STAFF)}}
            self._told[whose] = _Told(self._notify, query, self._since, self._until)
        return self._told[whose]

    async def gone(self, passbooks: Iterable[str]) -> list[Wrong]:
        """Return the lines of which somebody was told and that are not there."""
        return [
            wrong
            for whose in sorted({STAFF, *self._told, *passbooks})
            for wrong in await self._of(whose).gone(whose)
        ]
