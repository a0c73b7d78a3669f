"""Where points keeps things: accounts, transfers, and each community's rule as it was loaded."""

from dataclasses import dataclass

from services.chassis.shelf import Index, Ref, Shelf
from services.points.domain.ledger import Account, Transfer


@dataclass(frozen=True, slots=True)
class RuleOnRecord:
    """The community file that the rule is made from, as JSON."""

    text: str


ACCOUNTS = Shelf("accounts", Account)
TRANSFERS = Shelf(
    "transfers",
    Transfer,
    Index(("number",), unique=True),
    Index(("credit", "-number")),
    Index(("debit", "-number")),
)
RULES = Shelf("rules", RuleOnRecord)

SHELVES = (ACCOUNTS, TRANSFERS, RULES)


def account_ref(community: str, account: str) -> Ref[Account]:
    """Return where an account is kept."""
    return Ref(ACCOUNTS, community, account)


def transfer_ref(community: str, transfer: str) -> Ref[Transfer]:
    """Return where a transfer is kept."""
    return Ref(TRANSFERS, community, transfer)


def rule_ref(community: str) -> Ref[RuleOnRecord]:
    """Return where a community's rule is kept."""
    return Ref(RULES, community, "rule")
