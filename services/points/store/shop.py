"""Where points keeps fairs, offers, redemptions, and how many a partner has."""

from services.chassis.documents import Collection, Index, Ref
from services.points.domain.redemptions import Redemption
from services.points.domain.shop import Fair, Offer, Place, Taken

LOOK_AT = "look_at"
FAIRS = Collection("fairs", Fair)
OFFERS = Collection("offers", Offer, Index(("fair", "-_id")), Index((LOOK_AT,), due=True))
REDEMPTIONS = Collection(
    "redemptions",
    Redemption,
    Index(("partner", "-_id")),
    Index(("state", "-_id")),
    Index(("offer", "-_id")),
    Index(("promotion.until_on",)),
)
PLACES = Collection("places", Place)
TAKEN = Collection("taken", Taken)


def fair_ref(community: str, fair: str) -> Ref[Fair]:
    """Return where a fair is kept."""
    return Ref(FAIRS, community, fair)


def offer_ref(community: str, offer: str) -> Ref[Offer]:
    """Return where an offer is kept."""
    return Ref(OFFERS, community, offer)


def place_ref(community: str, slot: str) -> Ref[Place]:
    """Return where it is kept when a place is taken."""
    return Ref(PLACES, community, slot)


def redemption_ref(community: str, redemption: str) -> Ref[Redemption]:
    """Return where a redemption is kept."""
    return Ref(REDEMPTIONS, community, redemption)


def taken_refs(community: str, offer: Offer, partner: str) -> tuple[Ref[Taken], ...]:
    """Return where it is kept how many a partner has: of an offer, then of its fair."""
    of = (offer.id, offer.fair) if offer.fair else (offer.id,)
    return tuple(Ref(TAKEN, community, f"{one}/{partner}") for one in of)
