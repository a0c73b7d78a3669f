"""Claims (追回): points that are to be taken back and are spent; they are taken once there are some."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.contracts.refusal import Conflict
from services.contracts.values import replace

LOOKED_AT_AGAIN = timedelta(minutes=10)


class PointsOwed(Conflict):
    """The account owes points that were paid for something that had to be done again."""

    slug = "points_owed"
    title = "有待追回的积分，补足后才能使用"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a partner owes.

    Arguments:
        id: of the transfer that is to be taken back.
        look_at: when it is tried again; None once it is settled.
    """

    id: str
    partner: str
    amount_points: int
    because: str
    since: datetime
    look_at: datetime | None

    def later(self, at: datetime) -> "Claim":
        """Return the claim after it was looked at in vain."""
        return replace(self, look_at=at + LOOKED_AT_AGAIN)

    def settled(self) -> "Claim":
        """Return the claim after it was met."""
        return replace(self, look_at=None)
