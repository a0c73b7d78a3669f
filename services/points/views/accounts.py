"""What the points bank shows of accounts, transfers, holds, and awards that wait."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from pydantic import Field

from services.chassis.documents import Versioned
from services.chassis.http.bodies import View
from services.points.domain.accounts import Account
from services.points.domain.holds import Hold
from services.points.domain.lots import Lots
from services.points.domain.transfers import Transfer
from services.points.domain.waiting import WaitingAward

KIND_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "opening": "启用账簿",
        "approval": "核定",
        "return": "收回核定",
        "award": "入账",
        "hold": "冻结",
        "capture": "兑换",
        "release": "退回",
        "expiry": "到期",
        "reversal": "冲正",
        "pledge": "公益捐赠",
        "spending": "公益支出",
    }
)
"""Kind of transfer → what people call it."""


class LotView(View):
    """Points that expire together."""

    points: int
    expires_at: datetime | None = Field(description="null: never")


class AccountView(View):
    """An account (积分账户): the budget that points are issued from, a partner's passbook (存折), …"""

    id: str
    kind: str = Field(description="equity, issuing, passbook, escrow, redeemed, expired or cause")
    balance_points: int
    credited_points: int
    debited_points: int
    transfers: int = Field(description="number of its last line; the budget's counts all transfers")
    head: str = Field(description="seal of the last line")
    owed_points: int = Field(description="to be taken back, and spent already: so much cannot be used")
    lots: list[LotView] = Field(description="what a passbook's points consist of, the first to expire first")


class AccountPage(View):
    """A page of accounts."""

    items: list[AccountView]
    next: str | None


class CauseView(View):
    """What a transfer comes from."""

    kind: str
    id: str


class TransferView(View):
    """A transfer: a line in two accounts."""

    id: str
    number: int = Field(description="counts the transfers of the community")
    kind: str
    kind_name: str
    order: str = Field(description="what it was earned by; empty for another cause")
    cause: CauseView
    rule: str = Field(description="what it was reckoned by")
    rule_version: int
    actor: str = Field(description="who had it posted, as a teller's number stands in a bank's passbook")
    debit: str
    credit: str
    amount_points: int
    because: str
    at: datetime
    posted: bool = Field(
        description="false: an earlier release withheld it; it waits, or was paid by another"
    )
    chained: str | None = Field(description="seal of the receiver's line; null: another's, as what follows")
    credit_line: int | None
    credit_balance_points: int | None
    debit_seal: str | None
    debit_line: int | None
    debit_balance_points: int | None
    lots: list[LotView]


class TransferPage(View):
    """A page of a passbook, newest first."""

    items: list[TransferView]
    next: str | None


class HoldView(View):
    """Points that were set aside (冻结); state is open, captured, released or expired."""

    id: str
    version: int = Field(description="also the ETag")
    account: str
    amount_points: int
    because: str
    cause: CauseView
    state: str
    placed_at: datetime
    due_at: datetime | None = Field(description="when they go back by themselves")
    resolved_at: datetime | None
    lots: list[LotView]


class HoldPage(View):
    """A page of holds, newest first."""

    items: list[HoldView]
    next: str | None


class WaitingView(View):
    """An award that waits for a budget."""

    id: str
    number: int = Field(description="in the order they came, which is the order they are paid in")
    partner: str
    amount_points: int
    because: str
    since: datetime


class WaitingList(View):
    """Awards that wait, in the order in which they are paid, and what all of them come to."""

    awards: int
    points: int
    items: list[WaitingView]


def account_view(kept: Versioned[Account]) -> AccountView:
    """Return an account as it is shown."""
    account = kept.present
    return AccountView(
        id=account.id,
        kind=account.kind,
        balance_points=account.balance_points,
        credited_points=account.credited_points,
        debited_points=account.debited_points,
        transfers=account.transfers,
        head=account.head,
        owed_points=account.owed_points,
        lots=_lots(account.all_lots),
    )


def transfer_view(kept: Versioned[Transfer], own: str | None = None) -> TransferView:
    """Return a transfer.

    Arguments:
        own: the account of a partner, who does not see how the other account stands.
    """
    transfer = kept.present
    same = {
        name: getattr(transfer, name)
        for name in TransferView.model_fields
        if name not in ("kind_name", "cause", "lots")
    }
    for side in ("debit", "credit"):
        if own is not None and same[side] != own:
            of_theirs = "chained" if side == "credit" else "debit_seal"
            same |= {f"{side}_line": None, f"{side}_balance_points": None, of_theirs: None}
    return TransferView(
        **same,
        kind_name=KIND_NAMES[transfer.kind],
        cause=CauseView(kind=transfer.origin.kind, id=transfer.origin.id),
        lots=_lots(transfer.lots),
    )


def hold_view(kept: Versioned[Hold]) -> HoldView:
    """Return a hold as it is shown."""
    hold = kept.present
    return HoldView(
        id=hold.id,
        version=kept.revision,
        account=hold.account,
        amount_points=hold.amount_points,
        because=hold.because,
        cause=CauseView(kind=hold.cause.kind, id=hold.cause.id),
        state=hold.state,
        placed_at=hold.placed_at,
        due_at=hold.due_at,
        resolved_at=hold.resolved_at,
        lots=_lots(hold.lots),
    )


def waiting_view(kept: WaitingAward, since: datetime) -> WaitingView:
    """Return an award that waits."""
    award = kept.award
    return WaitingView(
        id=award.id,
        number=kept.number,
        partner=award.partner,
        amount_points=award.amount_points,
        because=award.because,
        since=since,
    )


def _lots(lots: Lots) -> list[LotView]:
    return [LotView(points=lot.points, expires_at=lot.expires_at) for lot in lots]
