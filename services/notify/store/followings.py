"""Where notify keeps who follows a demand."""

from services.chassis.documents import Collection, Ref
from services.contracts.ids import DemandId
from services.notify.domain.following import Following, Portion

FOLLOWINGS = Collection("followings", Following)
FOLLOWERS = Collection("followers", Portion)


def following_ref(community: str, demand: DemandId) -> Ref[Following]:
    """Return where it is kept who follows a demand."""
    return Ref(FOLLOWINGS, community, demand)


def portion_ref(community: str, demand: DemandId, number: int) -> Ref[Portion]:
    """Return where a portion of those is kept who follow a demand."""
    return Ref(FOLLOWERS, community, f"{demand}/{number}")
