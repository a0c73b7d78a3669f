"""Where matching keeps things: one collection per kind of document."""

from services.chassis.documents import Watched
from services.matching.store.catalogues import CATALOGUES, DEPARTED
from services.matching.store.lessons import LESSONS
from services.matching.store.orders import ORDERS, WITHOUT_DEADLINE
from services.matching.store.tallies import TALLIES

COLLECTIONS = (ORDERS, DEPARTED, CATALOGUES, TALLIES, LESSONS)
WATCHED = (Watched("orders_without_deadline", ORDERS, "created_at", WITHOUT_DEADLINE),)
