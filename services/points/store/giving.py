"""Where points keeps good causes, and what was pledged to them."""

from services.chassis.documents import Collection, Index, Ref
from services.points.domain.giving import Giver, GoodCause, Pledge

CAUSES = Collection("causes", GoodCause)
PLEDGES = Collection(
    "pledges", Pledge, Index(("cause", "-_id")), Index(("partner", "-_id")), Index(("at", "_id"))
)


GIVERS = Collection("givers", Giver, Index(("-points", "_id")))


def giver_ref(community: str, partner: str) -> Ref[Giver]:
    """Return where it is kept what a partner has given."""
    return Ref(GIVERS, community, partner)


def cause_ref(community: str, cause: str) -> Ref[GoodCause]:
    """Return where a good cause is kept."""
    return Ref(CAUSES, community, cause)


def pledge_ref(community: str, pledge: str) -> Ref[Pledge]:
    """Return where a pledge is kept."""
    return Ref(PLEDGES, community, pledge)
