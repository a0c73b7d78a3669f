"""Where intake keeps things: one collection per kind of document."""

from services.chassis.documents import Watched
from services.intake.store.communities import FILES, PROFILES
from services.intake.store.demands import CONTACTS, DEMANDS, RECENT, SUPPORTERS, WITHOUT_ORDER
from services.intake.store.issues import ISSUES, SIMILAR

COLLECTIONS = (DEMANDS, RECENT, PROFILES, FILES, CONTACTS, SIMILAR, ISSUES, SUPPORTERS)
WATCHED = (Watched("demands_without_order", DEMANDS, "submitted_at", WITHOUT_ORDER),)
