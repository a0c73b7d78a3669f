"""The ledger: every transfer takes from one account what it gives to another; nothing is ever edited."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid5

from services.contracts.ids import OrderId
from services.contracts.refusal import Conflict
from services.contracts.values import replace

BUDGET = "budget"
"""The account that points are issued from; it holds what somebody approved."""
_CAUSES = UUID("6c1f7c0e-4f9d-5d6c-9a43-5f3a1c0d7b11")


class InsufficientPoints(Conflict):
    """The account does not hold as much."""

    slug = "insufficient_points"
    title = "积分余额不足"


def transfer_id(community: str, order: OrderId, rule: str) -> str:
    """Return the id of a transfer: its cause. The same cause is the same transfer, for ever."""
    return uuid5(_CAUSES, f"{community}|{order}|{rule}").hex


@dataclass(frozen=True, slots=True)
class Account:
    """What was ever put in and taken out, in whole points. `head` is the hash of its last transfer."""

    id: str
    credited_points: int = 0
    debited_points: int = 0
    transfers: int = 0
    head: str = ""

    @property
    def balance_points(self) -> int:
        """Return what it holds."""
        return self.credited_points - self.debited_points

    def credited(self, amount_points: int, chained: str) -> "Account":
        """Return the account with points more."""
        return replace(
            self,
            credited_points=self.credited_points + amount_points,
            transfers=self.transfers + 1,
            head=chained,
        )

    def debited(self, amount_points: int) -> "Account":
        """Return the account with points less.

        Raises:
            InsufficientPoints: it does not hold as much.
        """
        if amount_points > self.balance_points:
            raise InsufficientPoints(balance_points=self.balance_points, amount_points=amount_points)
        return replace(self, debited_points=self.debited_points + amount_points, transfers=self.transfers + 1)

    def numbered(self) -> "Account":
        """Return the account with one transfer more counted, though no points moved."""
        return replace(self, transfers=self.transfers + 1)

    def funded_to(self, approved_points: int) -> "Account":
        """Return the budget with as much approved in all; it is never set below what was spent."""
        return replace(self, credited_points=max(approved_points, self.debited_points))


@dataclass(frozen=True, slots=True)
class Transfer:
    """Points from one account to another, and why.

    `number` counts a community's transfers from one without gaps; `chained` seals it to the receiver's
    one before, unless it is withheld.
    """

    id: str
    order: OrderId
    debit: str
    credit: str
    amount_points: int
    because: str
    at: datetime
    posted: bool
    number: int = 0
    chained: str = ""


def seal(previous: str, transfer: Transfer) -> str:
    """Return the hash that chains a transfer to the one before it in the receiver's passbook."""
    parts = (previous, transfer.id, transfer.debit, transfer.credit, str(transfer.amount_points))
    return sha256("\0".join((*parts, transfer.at.isoformat())).encode()).hexdigest()
