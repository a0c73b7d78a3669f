"""Where points keeps things: one collection per kind of document."""

from services.points.store.accounts import ACCOUNTS, TRANSFERS
from services.points.store.rules import RULES

COLLECTIONS = (ACCOUNTS, TRANSFERS, RULES)
