"""What a settled order earns: an amount per category, doubled outside the partner's hours; its term."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from services.worktime.hours import Opening, is_open


@dataclass(frozen=True, slots=True)
class Earning:
    """How many points, and why, as the partner reads it."""

    amount_points: int
    because: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A community's rule (积分规则) with the hours of its partners.

    Arguments:
        points_by_category: amount per kind of service.
        default_points: for every other kind.
        off_hours_factor: outside business hours (空间共享计划: double).
        hours: partner → business hours; one without any is always in business.
    """

    points_by_category: Mapping[str, int]
    default_points: int
    off_hours_factor: int
    hours: Mapping[str, tuple[Opening, ...]]

    def earned(self, partner: str, category: str, served_local: datetime) -> Earning:
        """Return what a partner earns for a service that took place at a local time."""
        amount = self.points_by_category.get(category, self.default_points)
        if is_open(self.hours.get(partner, ()), served_local):
            return Earning(amount, f"完成“{category}”服务")
        because = f"在营业时间以外完成“{category}”服务，积分 {self.off_hours_factor} 倍"
        return Earning(amount * self.off_hours_factor, because)


def expiry(earned_at: datetime, months: int | None, zone: tzinfo) -> datetime | None:
    """Return when points expire: with the end of the month in which their term is over; None: never.

    Points of a month expire together, so that a passbook has no more lots than its term has months.

    Arguments:
        months: how long points are good for.
        zone: the community's, in which months end.
    """
    if months is None:
        return None
    local = earned_at.astimezone(zone)
    years, month = divmod(local.month + months, 12)
    return datetime(local.year + years, month + 1, 1, tzinfo=zone).astimezone(UTC)
