"""Transfers: points from one account to another, and why. Nothing about one is ever changed.

A transfer is a line in two accounts. In each of them it is chained to the line before: the seal of a line is
a hash over the seal before it, the account, the line's number and balance, and all that the transfer says.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal
from uuid import UUID, uuid5

from services.contracts.ids import OrderId
from services.contracts.refusal import Conflict
from services.points.domain.lots import Lot, Lots, expired

_CAUSES = UUID("6c1f7c0e-4f9d-5d6c-9a43-5f3a1c0d7b11")
TransferKind = Literal[
    "opening",
    "approval",
    "return",
    "award",
    "hold",
    "capture",
    "release",
    "expiry",
    "reversal",
    "pledge",
    "spending",
]
CauseKind = Literal["order", "booking", "fair", "shop", "pledge", "approval", "hold", "lot", "correction"]
REVERSIBLE = ("award", "expiry", "pledge")
"""Kinds of transfers that another may take back."""
FIRST_SEAL, SECOND_SEAL = 1, 2
"""Earlier releases sealed a few fields, and the receiver's line alone; now all fields, in both accounts."""


class NotReversible(Conflict):
    """Only awards, expiries and pledges are taken back so; a hold is released, an approval is lowered."""

    slug = "not_reversible"
    title = "这笔流水不能冲正"


class AlreadyReversed(Conflict):
    """A transfer is taken back once."""

    slug = "already_reversed"
    title = "这笔流水已经冲正过了"


def transfer_id(community: str, order: OrderId, rule: str) -> str:
    """Return the id of what an order earns by a rule."""
    return id_of(community, order, rule)


def id_of(community: str, cause: str, what: str) -> str:
    """Return the id of a transfer: its cause. The same cause is the same transfer, for ever."""
    return uuid5(_CAUSES, f"{community}|{cause}|{what}").hex


@dataclass(frozen=True, slots=True)
class Cause:
    """What a transfer comes from: an order, a booking, a hold, …, by its id."""

    kind: CauseKind
    id: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Points from one account to another.

    Arguments:
        order: what it was earned by; empty for another cause.
        debit, credit: the account that gives and the one that gets.
        number: counts a community's transfers from one without gaps.
        posted: an earlier release kept what a dry budget withheld as a transfer that was not.
        chained: seal of the receiver's line.
        cause: an order where an earlier release posted it.
        rule, rule_version: what it was reckoned by.
        actor: who had it posted; a service's own name where it did by itself.
        lots: what the points consist of.
        until: of what is set aside: when it goes back by itself.
        debit_line, credit_line: numbers of its lines in the two accounts.
        debit_seal: seal of the giver's line.
        debit_balance_points, credit_balance_points: what the two accounts held after it.
        sealed: how its seals are made.
    """

    id: str
    order: OrderId
    debit: str
    credit: str
    amount_points: int
    because: str
    at: datetime
    posted: bool = True
    number: int = 0
    chained: str = ""
    kind: TransferKind = "award"
    cause: Cause | None = None
    rule: str = ""
    rule_version: int = 0
    actor: str = ""
    lots: Lots = ()
    until: datetime | None = None
    debit_line: int = 0
    credit_line: int = 0
    debit_seal: str = ""
    debit_balance_points: int = 0
    credit_balance_points: int = 0
    sealed: int = FIRST_SEAL

    @property
    def origin(self) -> Cause:
        """Return what it comes from."""
        return self.cause or Cause("order", self.order)


def given_back(wrong: Transfer, at: datetime) -> Lots:
    """Return what goes back: to a passbook its lots, to the budget what has no term.

    Lots whose time is over would expire again at once: what was expired wrongly has no term any more.
    """
    if wrong.kind != "expiry" or expired(wrong.lots, at):
        return (Lot(wrong.amount_points),)
    return wrong.lots


def has_expired(award: Transfer, at: datetime) -> bool:
    """Return whether the term of all points of an award is over, so that none of them stands anywhere."""
    return bool(award.lots) and expired(award.lots, at) == award.lots


def first_seal(previous: str, transfer: Transfer) -> str:
    """Return the seal of a receiver's line as earlier releases made it."""
    parts = (previous, transfer.id, transfer.debit, transfer.credit, str(transfer.amount_points))
    return sha256("\0".join((*parts, transfer.at.isoformat())).encode()).hexdigest()


def digest_of(transfer: Transfer) -> str:
    """Return the hash of all that a transfer says to both of its accounts."""
    origin = transfer.origin
    lots = ";".join(f"{lot.points}@{_moment(lot.expires_at)}" for lot in transfer.lots)
    parts = (
        transfer.id,
        str(transfer.number),
        transfer.kind,
        transfer.order,
        transfer.debit,
        transfer.credit,
        str(transfer.amount_points),
        transfer.because,
        _moment(transfer.at),
        origin.kind,
        origin.id,
        transfer.rule,
        str(transfer.rule_version),
        transfer.actor,
        lots,
        _moment(transfer.until),
    )
    return sha256("\0".join(parts).encode()).hexdigest()


def seal(previous: str, account: str, line: int, balance_points: int, digest: str) -> str:
    """Return the seal of a line. What the other account holds is not in it, since its owner need not know.

    Arguments:
        previous: seal of the account's line before; empty before the first.
        balance_points: of the account after it.
        digest: of the transfer.
    """
    parts = (previous, account, str(line), str(balance_points), digest)
    return sha256("\0".join(parts).encode()).hexdigest()


def _moment(at: datetime | None) -> str:
    return at.isoformat() if at else ""
