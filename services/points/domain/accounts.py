"""The accounts of a community's points bank (积分银行), and what stands in each of them.

| account | id | holds |
|---|---|---|
| equity (核定) | `@equity` | what was approved, below zero: the only one that may be |
| issuing (预算) | `budget` | what is approved and not given out yet |
| passbook (存折) | a partner's id | what the partner has |
| escrow (冻结) | `@escrow` | what partners have set aside for something that is not done yet |
| redeemed (已兑换) | `@redeemed` | what they have spent |
| expired (已过期) | `@expired` | what they have let expire |
| cause (公益) | `@cause-` and an id | what they have given to a good cause, and it has not used yet |

The sum of all is zero, always. No partner's id begins with `@`, and none is called `budget`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.contracts.refusal import Conflict
from services.contracts.values import replace
from services.points.domain.lots import Lot, Lots, joined, next_expiry, taken, total_points

EQUITY = "@equity"
BUDGET = "budget"
ESCROW = "@escrow"
REDEEMED = "@redeemed"
EXPIRED = "@expired"
CAUSE_PREFIX = "@cause-"
OWN = (EQUITY, BUDGET, ESCROW, REDEEMED, EXPIRED)
"""The community's accounts, of which all passbooks together are the counterpart."""
ANNOUNCED_BEFORE = timedelta(days=30)
"""Partners are told so long before points expire."""
AccountKind = Literal["equity", "issuing", "passbook", "escrow", "redeemed", "expired", "cause"]
_KINDS: dict[str, AccountKind] = {
    EQUITY: "equity",
    BUDGET: "issuing",
    ESCROW: "escrow",
    REDEEMED: "redeemed",
    EXPIRED: "expired",
}


class InsufficientPoints(Conflict):
    """The account does not hold as much."""

    slug = "insufficient_points"
    title = "积分余额不足"


def kind_of(account: str) -> AccountKind:
    """Return what kind of account an id is of."""
    return "cause" if account.startswith(CAUSE_PREFIX) else _KINDS.get(account, "passbook")


@dataclass(frozen=True, slots=True)
class Account:
    """What was ever put in and taken out, in whole points.

    Arguments:
        transfers: number of its last line. The issuing account's counts all transfers of the community.
        head: seal of its last line, which chains it to all before.
        lots: of a passbook or the issuing account: what its points consist of.
        expires_at: when the first of its lots does; it is looked at then.
        announce_at: when its owner is to be told of that beforehand; None once they were.
        announced_for: the expiry that they were told of last.
        owed_points: what is to be taken back and was spent already; so much of the balance cannot be used.
    """

    id: str
    credited_points: int = 0
    debited_points: int = 0
    transfers: int = 0
    head: str = ""
    lots: Lots = ()
    expires_at: datetime | None = None
    announce_at: datetime | None = None
    announced_for: datetime | None = None
    owed_points: int = 0

    @property
    def kind(self) -> AccountKind:
        """Return what kind of account it is."""
        return kind_of(self.id)

    @property
    def balance_points(self) -> int:
        """Return what it holds; below zero for equity alone."""
        return self.credited_points - self.debited_points

    @property
    def has_lots(self) -> bool:
        """Return whether its points expire."""
        return self.kind in ("passbook", "issuing")

    @property
    def all_lots(self) -> Lots:
        """Return what its points consist of. What an earlier release put in belongs to no lot: no term."""
        rest = self.balance_points - total_points(self.lots)
        return joined(self.lots, (Lot(rest),)) if self.has_lots and rest > 0 else self.lots

    def debited(self, amount_points: int) -> tuple["Account", Lots]:
        """Return the account with points less, and the lots that they were taken from.

        Raises:
            InsufficientPoints: it does not hold as much; equity need not.
        """
        if self.kind != "equity" and amount_points > self.balance_points:
            raise InsufficientPoints(balance_points=self.balance_points, amount_points=amount_points)
        gone, left = taken(self.all_lots, amount_points) if self.has_lots else ((), ())
        return self._with(left, less=amount_points), gone

    def credited(self, amount_points: int, lots: Lots) -> "Account":
        """Return the account with points more.

        Arguments:
            lots: what they consist of, where the account has lots.
        """
        more = joined(self.all_lots, lots) if self.has_lots else ()
        return self._with(more, more=amount_points)

    def without_lots(self, gone: Lots) -> tuple["Account", int]:
        """Return the account without lots that have expired, and how many points that were."""
        points = total_points(gone)
        moments = {lot.expires_at for lot in gone}
        left = tuple(lot for lot in self.all_lots if lot.expires_at not in moments)
        return self._with(left, less=points), points

    def owing(self, points: int) -> "Account":
        """Return the account with points more to be taken back, or less."""
        return replace(self, owed_points=max(0, self.owed_points + points))

    def announced(self) -> "Account":
        """Return the account after its owner was told what expires next."""
        return replace(self, announced_for=self.expires_at, announce_at=None)

    @property
    def dates(self) -> tuple[datetime | None, datetime | None]:
        """Return when it is to be looked at: its next expiry, and the telling of it beforehand."""
        first = next_expiry(self.lots)
        is_told = first is None or first == self.announced_for or self.kind != "passbook"
        return first, None if first is None or is_told else first - ANNOUNCED_BEFORE

    def _with(self, lots: Lots, *, more: int = 0, less: int = 0) -> "Account":
        after = replace(
            self,
            lots=lots,
            credited_points=self.credited_points + more,
            debited_points=self.debited_points + less,
        )
        expires_at, announce_at = after.dates
        return replace(after, expires_at=expires_at, announce_at=announce_at)
