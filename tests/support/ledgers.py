"""Points' and notify's databases as a bank's life left them, to be verified."""

from collections.abc import Callable, Iterable
from typing import Any

from services.chassis.documents import Versioned, to_document
from services.points.store.accounts import (
    ACCOUNTS,
    HOLDS,
    TRANSFERS,
    WAITING,
    WAITING_AWARDS,
    account_ref,
    hold_ref,
    transfer_ref,
)
from services.points.store.days import DAYS
from services.points.store.giving import CAUSES, GIVERS
from services.points.store.rules import RULE_BOOKS, RULES
from services.points.store.services import CLAIMS, SERVICES
from tests.support.bank import COMMUNITY, Bank
from tests.support.shelves import Shelf, Shelves

MORE = (WAITING_AWARDS, WAITING, RULES, RULE_BOOKS, CLAIMS, SERVICES, DAYS, CAUSES, GIVERS)


def books_of(bank: Bank) -> Shelves:
    """Return points' database as it is after a bank's life."""
    books = Shelves()
    kinds = (
        (ACCOUNTS, bank.accounts.values(), account_ref),
        (TRANSFERS, bank.transfers, transfer_ref),
        (HOLDS, bank.holds, hold_ref),
    )
    for collection, values, ref_of in kinds:
        books.shelves[collection.name] = Shelf(rows_of(values, ref_of))
    for more in MORE:
        kept = [(ref, value) for ref, value in bank.kept.items() if ref.collection is more]
        books.shelves[more.name] = Shelf([to_document(ref, value) for ref, value in kept])
    return books


def rows_of(values: Iterable[Any], ref_of: Callable[[str, str], Any]) -> list[dict[str, Any]]:
    """Return values as documents."""
    return [to_document(ref_of(COMMUNITY, value.id), Versioned(value, 1)) for value in values]
