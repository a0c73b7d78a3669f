"""Posting: a transfer is made of what is asked for, and both accounts change with it, or nothing does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from services.contracts.ids import OrderId
from services.contracts.refusal import Invalid
from services.contracts.values import replace
from services.language.masks import masked
from services.points.domain.accounts import BUDGET, Account
from services.points.domain.lots import Lot, Lots, total_points
from services.points.domain.transfers import (
    SECOND_SEAL,
    Cause,
    Transfer,
    TransferKind,
    digest_of,
    seal,
)

AMOUNT_MAX = 1_000_000_000
"""Points in one transfer: what a budget may hold at most."""


def in_milliseconds(at: datetime) -> datetime:
    """Return a moment as the database gives it back: what is sealed must be what is read."""
    here = at.astimezone(UTC)
    return here.replace(microsecond=here.microsecond // 1_000 * 1_000)


class NotAnAmount(Invalid):
    """Points are moved in whole numbers from one to a thousand millions."""

    slug = "not_an_amount"
    title = "积分须为正整数"


@dataclass(frozen=True, slots=True)
class Posting:
    """What is to be posted.

    Arguments:
        id: of its cause: the same cause cannot post twice.
        because: numbers of people are masked in it, since it is sealed, and shown.
        gives: lots that the receiver gets; None passes on those that the giver's points consist of.
        takes: lots that are taken, where it matters which; otherwise the first to expire.
    """

    id: str
    kind: TransferKind
    debit: str
    credit: str
    amount_points: int
    because: str
    cause: Cause
    order: OrderId | None = None
    rule: str = ""
    rule_version: int = 0
    actor: str = ""
    until: datetime | None = None
    gives: Lots | None = None
    takes: Lots | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """A transfer, and every account that changed with it, the issuing one always: it counts them all."""

    transfer: Transfer
    accounts: Mapping[str, Account]


def post(posting: Posting, accounts: Mapping[str, Account], at: datetime) -> Posted:
    """Return the transfer and the accounts after it.

    Arguments:
        accounts: the giver, the receiver and the issuing account, by id.

    Raises:
        NotAnAmount, InsufficientPoints
    """
    amount = posting.amount_points
    if not 1 <= amount <= AMOUNT_MAX:
        raise NotAnAmount(amount_points=amount)
    assert posting.debit != posting.credit, "points go from one account to another"
    after = dict(accounts)
    after[posting.debit], gone = _debited(posting, after[posting.debit])
    gives = posting.gives if posting.gives is not None else gone or (Lot(amount),)
    assert total_points(gives) == amount, "lots add up to what is moved"
    after[posting.credit] = after[posting.credit].credited(amount, gives)
    number = after[BUDGET].transfers + 1
    after[BUDGET] = replace(after[BUDGET], transfers=number)
    lines = {
        account: number if account == BUDGET else after[account].transfers + 1
        for account in (posting.debit, posting.credit)
    }
    transfer = replace(_transfer(posting, after, lines, at), number=number, lots=gives)
    digest = digest_of(transfer)
    seals = {
        account: seal(after[account].head, account, line, after[account].balance_points, digest)
        for account, line in lines.items()
    }
    for account, line in lines.items():
        after[account] = replace(after[account], transfers=line, head=seals[account])
    sealed = replace(transfer, debit_seal=seals[posting.debit], chained=seals[posting.credit])
    return Posted(sealed, after)


def _transfer(
    posting: Posting, after: Mapping[str, Account], lines: Mapping[str, int], at: datetime
) -> Transfer:
    return Transfer(
        id=posting.id,
        order=posting.order or OrderId(""),
        debit=posting.debit,
        credit=posting.credit,
        amount_points=posting.amount_points,
        because=masked(posting.because),
        at=at,
        kind=posting.kind,
        cause=posting.cause,
        rule=posting.rule,
        rule_version=posting.rule_version,
        actor=posting.actor,
        until=posting.until,
        debit_line=lines[posting.debit],
        credit_line=lines[posting.credit],
        debit_balance_points=after[posting.debit].balance_points,
        credit_balance_points=after[posting.credit].balance_points,
        sealed=SECOND_SEAL,
    )


def _debited(posting: Posting, giver: Account) -> tuple[Account, Lots]:
    if posting.takes is None:
        return giver.debited(posting.amount_points)
    after, points = giver.without_lots(posting.takes)
    assert points == posting.amount_points, "lots add up to what is moved"
    return after, posting.takes
