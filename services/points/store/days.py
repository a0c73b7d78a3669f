"""Where points keeps how each day was closed, and when the next one is."""

from services.chassis.documents import Collection, Index, Ref
from services.points.domain.days import Closing, Day

CLOSING_DUE = "due_at"
DAYS = Collection("days", Day)
CLOSINGS = Collection("closings", Closing, Index((CLOSING_DUE,), due=True))


def day_ref(community: str, day: str) -> Ref[Day]:
    """Return where it is kept how a day was closed."""
    return Ref(DAYS, community, day)


def closing_ref(community: str) -> Ref[Closing]:
    """Return where it is kept when a community's next day is closed."""
    return Ref(CLOSINGS, community, "day")
