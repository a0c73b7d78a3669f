"""Where points keeps things: one shelf per kind of document."""

from services.points.store.accounts import ACCOUNTS, TRANSFERS
from services.points.store.rules import RULES

SHELVES = (ACCOUNTS, TRANSFERS, RULES)
