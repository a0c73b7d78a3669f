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
from services.points.store.days import CLOSINGS, DAYS
from services.points.store.giving import CAUSES, GIVERS, PLEDGES
from services.points.store.rooms import COLLECTIONS_OF_ROOMS
from services.points.store.rules import RULE_BOOKS, RULES
from services.points.store.services import CLAIMS, EARNED_DAYS, RETURNS, SERVICES
from services.points.store.shop import FAIRS, OFFERS, PLACES, REDEMPTIONS, TAKEN
from services.points.store.stars import COLLECTIONS_OF_STARS

COLLECTIONS = (
    ACCOUNTS,
    TRANSFERS,
    HOLDS,
    WAITING_AWARDS,
    WAITING,
    RULES,
    RULE_BOOKS,
    SERVICES,
    EARNED_DAYS,
    RETURNS,
    CLAIMS,
    FAIRS,
    OFFERS,
    REDEMPTIONS,
    TAKEN,
    PLACES,
    CAUSES,
    PLEDGES,
    GIVERS,
    CLOSINGS,
    DAYS,
    *COLLECTIONS_OF_ROOMS,
    *COLLECTIONS_OF_STARS,
)
WATCHED = (Watched("budgets_exhausted", WAITING, WAITS_SINCE),)
