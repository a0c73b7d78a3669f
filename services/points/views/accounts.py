"""What the points bank shows of accounts and transfers."""

from datetime import datetime

from pydantic import Field

from services.chassis.documents import Versioned
from services.chassis.http.bodies import View
from services.points.domain.accounts import Account, Transfer


class AccountView(View):
    """An account (积分账户). The budget is what points are issued from."""

    id: str
    balance_points: int
    credited_points: int
    debited_points: int
    transfers: int
    head: str = Field(description="hash of the last transfer of the passbook")


class AccountPage(View):
    """A page of accounts."""

    items: list[AccountView]
    next: str | None


class TransferView(View):
    """A line of a passbook."""

    id: str
    number: int = Field(description="counts the transfers of the community")
    order: str
    debit: str
    credit: str
    amount_points: int
    because: str
    at: datetime
    posted: bool = Field(description="false: withheld, the budget does not cover it")
    chained: str


class TransferPage(View):
    """A page of a passbook."""

    items: list[TransferView]
    next: str | None


def account_view(kept: Versioned[Account]) -> AccountView:
    """Return an account as it is shown."""
    account = kept.present
    return AccountView(
        id=account.id,
        balance_points=account.balance_points,
        credited_points=account.credited_points,
        debited_points=account.debited_points,
        transfers=account.transfers,
        head=account.head,
    )


def transfer_view(kept: Versioned[Transfer]) -> TransferView:
    """Return a line of a passbook."""
    transfer = kept.present
    return TransferView.model_validate({name: getattr(transfer, name) for name in TransferView.model_fields})
