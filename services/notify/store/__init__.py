"""Where notify keeps things: one collection per kind of document."""

from services.notify.store.alarms import OUTGOING
from services.notify.store.followings import FOLLOWERS, FOLLOWINGS
from services.notify.store.notices import NOTICES
from services.notify.store.tellings import TELLINGS

COLLECTIONS = (NOTICES, FOLLOWINGS, FOLLOWERS, TELLINGS, OUTGOING)
