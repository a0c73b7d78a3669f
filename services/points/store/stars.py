"""Where points keeps what people said of partners, stars by month, appeals, and who is named outstanding."""

from services.chassis.documents import Collection, Index, Ref
from services.points.domain.ratings import Promise, RatingOnRecord, RelatedPerson
from services.points.domain.star_records import Appeal, Naming, StarClock, StarOnRecord, star_id

STARS_DUE = "due_at"
RATINGS = Collection(
    "ratings",
    RatingOnRecord,
    Index(("at", "_id")),
    Index(("partner", "-_id")),
    Index(("is_open", "-_id")),
)
PROMISES = Collection("promises", Promise, Index(("at", "_id")))
RELATED = Collection("related", RelatedPerson, Index(("partner", "-_id")))
STARS = Collection("stars", StarOnRecord, Index(("partner", "-_id")), Index(("month",)))
STAR_CLOCKS = Collection("star_clocks", StarClock, Index((STARS_DUE,), due=True))
APPEALS = Collection("appeals", Appeal, Index(("state", "-_id")), Index(("partner", "-_id")))
NAMINGS = Collection("namings", Naming, Index(("year",)))
COLLECTIONS_OF_STARS = (RATINGS, PROMISES, RELATED, STARS, STAR_CLOCKS, APPEALS, NAMINGS)


def rating_ref(community: str, rating: str) -> Ref[RatingOnRecord]:
    """Return where it is kept what somebody said."""
    return Ref(RATINGS, community, rating)


def promise_ref(community: str, promise: str) -> Ref[Promise]:
    """Return where it is kept what became of an order that a partner had."""
    return Ref(PROMISES, community, promise)


def related_ref(community: str, related: str) -> Ref[RelatedPerson]:
    """Return where it is kept that somebody belongs to a partner."""
    return Ref(RELATED, community, related)


def star_ref(community: str, partner: str, month: str) -> Ref[StarOnRecord]:
    """Return where a partner's star of a month is kept."""
    return Ref(STARS, community, star_id(partner, month))


def star_clock_ref(community: str) -> Ref[StarClock]:
    """Return where it is kept when a community's stars are set next."""
    return Ref(STAR_CLOCKS, community, "stars")


def appeal_ref(community: str, appeal: str) -> Ref[Appeal]:
    """Return where an appeal is kept; its id is that of the star."""
    return Ref(APPEALS, community, appeal)


def naming_ref(community: str, year: int, partner: str) -> Ref[Naming]:
    """Return where it is kept that a partner is named for a year."""
    return Ref(NAMINGS, community, f"{year}.{partner}")
