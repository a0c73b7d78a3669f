"""Where notify keeps things: notices, who follows a demand, what many are to be told, and what goes out."""

from services.chassis.shelf import Index, Ref, Shelf
from services.notify.domain.following import Following, Portion
from services.notify.domain.notice import Notice
from services.notify.domain.outgoing import Outgoing
from services.notify.domain.telling import Telling

DUE = "due_at"

NOTICES = Shelf("notices", Notice, Index(("recipient", "-_id")))
FOLLOWINGS = Shelf("followings", Following)
FOLLOWERS = Shelf("followers", Portion)
TELLINGS = Shelf("tellings", Telling, Index((DUE,), due=True), Index(("over_at",), expires=True))

OUTGOING_DUE = "due_at"
OUTGOING = Shelf("outgoing", Outgoing, Index((OUTGOING_DUE,), due=True), Index(("over_at",), expires=True))

SHELVES = (NOTICES, FOLLOWINGS, FOLLOWERS, TELLINGS, OUTGOING)


def notice_ref(community: str, notice: str) -> Ref[Notice]:
    """Return where a notice is kept."""
    return Ref(NOTICES, community, notice)


def following_ref(community: str, demand: str) -> Ref[Following]:
    """Return where it is kept who follows a demand."""
    return Ref(FOLLOWINGS, community, demand)


def portion_ref(community: str, demand: str, number: int) -> Ref[Portion]:
    """Return where a portion of those is kept who follow a demand."""
    return Ref(FOLLOWERS, community, f"{demand}/{number}")


def telling_ref(community: str, telling: str) -> Ref[Telling]:
    """Return where it is kept who is still to be told of something."""
    return Ref(TELLINGS, community, telling)


def outgoing_ref(community: str, what: str) -> Ref[Outgoing]:
    """Return where it is kept what is told of an alarm outside."""
    return Ref(OUTGOING, community, what)
