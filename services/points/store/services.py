"""Where points keeps what partners did and earned, day by day, and what they owe."""

from services.chassis.documents import Collection, Index, Ref
from services.contracts.ids import OrderId
from services.points.domain.claims import Claim
from services.points.domain.services import EarnedDay, Returns, ServiceOnRecord

CLAIM_DUE = "look_at"
SERVICES = Collection(
    "services",
    ServiceOnRecord,
    Index(("served_at",)),
    Index(("partner", "-served_at")),
    Index(("taken_back_at",), due=True),
)
RETURNS = Collection("returns", Returns)
EARNED_DAYS = Collection("earned_days", EarnedDay)
CLAIMS = Collection("claims", Claim, Index((CLAIM_DUE,), due=True), Index(("partner",)))


def service_ref(community: str, award: str) -> Ref[ServiceOnRecord]:
    """Return where a service is kept, by the award that it earned."""
    return Ref(SERVICES, community, award)


def returns_ref(community: str, order: OrderId) -> Ref[Returns]:
    """Return where it is kept how often an order was sent back."""
    return Ref(RETURNS, community, order)


def earned_day_ref(community: str, partner: str, day: str) -> Ref[EarnedDay]:
    """Return where it is kept what a partner has earned by services of a day."""
    return Ref(EARNED_DAYS, community, f"{partner}/{day}")


def claim_ref(community: str, transfer: str) -> Ref[Claim]:
    """Return where it is kept that a transfer is to be taken back and the points are spent."""
    return Ref(CLAIMS, community, transfer)
