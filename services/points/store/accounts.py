"""Where points keeps accounts and transfers."""

from services.chassis.documents import Collection, Index, Ref
from services.points.domain.accounts import Account, Transfer

ACCOUNTS = Collection("accounts", Account)
TRANSFERS = Collection(
    "transfers",
    Transfer,
    Index(("number",), unique=True),
    Index(("credit", "-number")),
    Index(("debit", "-number")),
)


def account_ref(community: str, account: str) -> Ref[Account]:
    """Return where an account is kept."""
    return Ref(ACCOUNTS, community, account)


def transfer_ref(community: str, transfer: str) -> Ref[Transfer]:
    """Return where a transfer is kept."""
    return Ref(TRANSFERS, community, transfer)
