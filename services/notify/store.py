"""Where notify keeps things: notices, and who follows a demand."""

from services.chassis.shelf import Index, Ref, Shelf
from services.notify.domain.notice import Following, Notice

NOTICES = Shelf("notices", Notice, Index(("recipient", "-_id")))
FOLLOWINGS = Shelf("followings", Following)

SHELVES = (NOTICES, FOLLOWINGS)


def notice_ref(community: str, notice: str) -> Ref[Notice]:
    """Return where a notice is kept."""
    return Ref(NOTICES, community, notice)


def following_ref(community: str, demand: str) -> Ref[Following]:
    """Return where it is kept who follows a demand."""
    return Ref(FOLLOWINGS, community, demand)
