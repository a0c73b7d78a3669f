"""Where points keeps things: one collection per kind of document."""

from services.chassis.documents import Watched
from services.points.store.accounts import (
    ACCOUNTS,
    HOLDS,
    TRANSFERS,
    WAITING,
    WAITING_AWARDS,
    WAITS_SINCE,
)
from services.points.store.rooms import COLLECTIONS_OF_ROOMS
from services.points.store.rules import RULES

COLLECTIONS = (ACCOUNTS, TRANSFERS, HOLDS, WAITING_AWARDS, WAITING, RULES, *COLLECTIONS_OF_ROOMS)
WATCHED = (Watched("budgets_exhausted", WAITING, WAITS_SINCE),)
