"""Where points keeps accounts and transfers."""

from services.chassis.shelf import Index, Ref, Shelf
from services.points.domain.ledger import Account, Transfer

ACCOUNTS = Shelf("accounts", Account)
TRANSFERS = Shelf(
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
