"""Closing a day (日结): how a community's ledger stood, and one seal (anchor) over all its accounts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from services.points.domain.accounts import (
    BUDGET,
    EQUITY,
    ESCROW,
    EXPIRED,
    REDEEMED,
    Account,
    kind_of,
)
from services.points.domain.waiting import Waiting

EXPIRING_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Day:
    """How a ledger stood when a day was closed, in whole points.

    Arguments:
        id: the day that ended (ISO 8601).
        number: of the closing, in the community.
        transfers: number of the last transfer.
        anchor: seal over the heads of all accounts.
        issued_points: ever, less what was reversed.
        outstanding_points: on passbooks.
        given_points: on the accounts of good causes.
        expiring_points: of those on passbooks, within a month.
        passbooks: that hold something.
    """

    id: str
    number: int
    at: datetime
    transfers: int
    anchor: str
    approved_points: int
    budget_points: int
    issued_points: int
    outstanding_points: int
    given_points: int
    held_points: int
    redeemed_points: int
    expired_points: int
    expiring_points: int
    passbooks: int
    waiting_awards: int
    waiting_points: int


@dataclass(frozen=True, slots=True)
class Closing:
    """When a community's next day is closed.

    Arguments:
        closed: days that ever were.
        transfers: number of the last transfer when one was; days on which nothing moved are not closed.
    """

    due_at: datetime
    closed: int = 0
    transfers: int = 0


def anchor_of(heads: Iterable[tuple[str, int, str]]) -> str:
    """Return the seal over accounts as they stand: id, number of the last line, and its seal."""
    parts = sorted(f"{name}|{line}|{head}" for name, line, head in heads if line)
    return sha256("\0".join(parts).encode()).hexdigest()


def day_of(name: str, number: int, at: datetime, accounts: Mapping[str, Account], waiting: Waiting) -> Day:
    """Return how a ledger stands.

    Arguments:
        name: the day that has ended.
        accounts: all of the community, by id.
    """
    balance = {one: account.balance_points for one, account in accounts.items()}
    budget = accounts.get(BUDGET, Account(BUDGET))
    approved = -balance.get(EQUITY, 0) if EQUITY in accounts else budget.credited_points
    books = [account for account in accounts.values() if account.kind == "passbook"]
    lots = [lot for book in books for lot in book.lots if lot.expires_at is not None]
    return Day(
        id=name,
        number=number,
        at=at,
        transfers=budget.transfers,
        anchor=anchor_of((one.id, one.transfers, one.head) for one in accounts.values()),
        approved_points=approved,
        budget_points=budget.balance_points,
        issued_points=approved - budget.balance_points,
        outstanding_points=sum(book.balance_points for book in books),
        given_points=sum(points for one, points in balance.items() if kind_of(one) == "cause"),
        held_points=balance.get(ESCROW, 0),
        redeemed_points=balance.get(REDEEMED, 0),
        expired_points=balance.get(EXPIRED, 0),
        expiring_points=sum(
            lot.points for lot in lots if lot.expires_at and lot.expires_at <= at + EXPIRING_WITHIN
        ),
        passbooks=sum(book.balance_points > 0 for book in books),
        waiting_awards=waiting.awards,
        waiting_points=waiting.points,
    )
