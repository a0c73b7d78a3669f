"""A rule tried out before it counts: what would the services of a period have earned by it?"""

from dataclasses import dataclass, field

from services.points.domain.rules import EarningRule
from services.points.domain.services import ServiceOnRecord


@dataclass(slots=True)
class PartnerTried:
    """What one partner earned, and would have."""

    services: int = 0
    earned_points: int = 0
    would_earn_points: int = 0


@dataclass(slots=True)
class Tryout:
    """Reckons services anew, one after the other, in the order in which they took place.

    Arguments:
        rule: as if it had counted all the time.
    """

    rule: EarningRule
    services: int = 0
    capped: int = 0
    partners: dict[str, PartnerTried] = field(default_factory=dict)
    _days: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, kept: ServiceOnRecord) -> None:
        """Reckon a service; one whose points were taken back counts for neither side."""
        if kept.taken_back_at is not None:
            return
        day = (kept.partner, kept.day)
        whole = self.rule.earned(kept.service).amount_points
        would = self.rule.earned(kept.service, self._days.get(day, 0)).amount_points
        self._days[day] = self._days.get(day, 0) + would
        self.services += 1
        self.capped += would < whole
        partner = self.partners.setdefault(kept.partner, PartnerTried())
        partner.services += 1
        partner.earned_points += kept.amount_points
        partner.would_earn_points += would

    @property
    def earned_points(self) -> int:
        """Return what all of them earned."""
        return sum(one.earned_points for one in self.partners.values())

    @property
    def would_earn_points(self) -> int:
        """Return what all of them would have earned."""
        return sum(one.would_earn_points for one in self.partners.values())
