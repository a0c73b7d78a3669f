"""Where points keeps accounts, transfers, holds, and awards that wait for a budget."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from services.chassis.documents import Collection, Index, Ref
from services.points.domain.accounts import Account
from services.points.domain.holds import Hold
from services.points.domain.transfers import Transfer
from services.points.domain.waiting import Waiting, WaitingAward

EXPIRES, ANNOUNCE = "expires_at", "announce_at"
HOLD_DUE = "due_at"
WAITS_SINCE = "waits_since"
WITHHELD: Mapping[str, object] = MappingProxyType({"posted": False})
"""What an earlier release kept of an award that its budget did not cover."""
ACCOUNTS = Collection(
    "accounts",
    Account,
    Index((EXPIRES,), due=True),
    Index((ANNOUNCE,), due=True),
)
TRANSFERS = Collection(
    "transfers",
    Transfer,
    Index(("number",), unique=True),
    Index(("credit", "-number")),
    Index(("debit", "-number")),
    Index(("at",), due=True, only=WITHHELD),
)
HOLDS = Collection(
    "holds",
    Hold,
    Index(("account", "-_id")),
    Index(("state", "-_id")),
    Index((HOLD_DUE,), due=True),
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STILL_WAITING: Mapping[str, object] = MappingProxyType({WAITS_SINCE: {"$gte": EPOCH}})
"""What an award looks like that is not paid yet."""
WAITING_AWARDS = Collection(
    "waiting_awards", WaitingAward, Index(("number",), unique=True, only=STILL_WAITING)
)
WAITING = Collection("waiting", Waiting, Index((WAITS_SINCE,), due=True))


def account_ref(community: str, account: str) -> Ref[Account]:
    """Return where an account is kept."""
    return Ref(ACCOUNTS, community, account)


def transfer_ref(community: str, transfer: str) -> Ref[Transfer]:
    """Return where a transfer is kept."""
    return Ref(TRANSFERS, community, transfer)


def lines_of(
    community: str, account: str, *, before: int | None = None, after: int | None = None
) -> Mapping[str, object]:
    """Return the condition under which a transfer is a line of an account.

    Each side names the community and the numbers, so that it is found by the index of that side.

    Arguments:
        before, after: numbers that they come before or after.
    """
    bounds = {test: number for test, number in (("$lt", before), ("$gt", after)) if number is not None}
    number = {"number": bounds} if bounds else {}
    return {"$or": [{"community": community, side: account, **number} for side in ("debit", "credit")]}


def hold_ref(community: str, hold: str) -> Ref[Hold]:
    """Return where a hold is kept."""
    return Ref(HOLDS, community, hold)


def waiting_award_ref(community: str, award: str) -> Ref[WaitingAward]:
    """Return where an award is kept that waits for a budget, or did."""
    return Ref(WAITING_AWARDS, community, award)


def waiting_ref(community: str) -> Ref[Waiting]:
    """Return where it is kept how many awards wait in a community."""
    return Ref(WAITING, community, "awards")
