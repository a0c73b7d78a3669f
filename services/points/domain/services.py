"""What partners did and earned by it, one record a service, so that a rule can be tried out on it."""

from dataclasses import dataclass
from datetime import datetime

from services.contracts.ids import OrderId
from services.contracts.values import replace
from services.points.domain.rules import Service


@dataclass(frozen=True, slots=True)
class ServiceOnRecord:
    """A service of a partner.

    Arguments:
        id: of the award that it earned, or would have.
        served_at: when it began.
        day: on which it was, as the community counts days (ISO 8601); a day's cap is reckoned by it.
        amount_points: what it earned.
        rule_version: by which; 0: no rule counted then.
        taken_back_at: its demand was reopened; what it earned went back.
    """

    id: str
    order: OrderId
    partner: str
    service: Service
    served_at: datetime
    day: str
    amount_points: int
    rule_version: int
    taken_back_at: datetime | None = None

    def taken_back(self, at: datetime) -> "ServiceOnRecord":
        """Return it after what it earned was taken back."""
        return replace(self, taken_back_at=at)


@dataclass(frozen=True, slots=True)
class Returns:
    """How often an order was sent back to be done again."""

    times: int = 0


@dataclass(frozen=True, slots=True)
class EarnedDay:
    """What a partner has earned by services of one day."""

    points: int = 0
