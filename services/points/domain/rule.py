"""What a settled order earns: an amount per category, doubled outside the partner's business hours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time


@dataclass(frozen=True, slots=True)
class Span:
    """Business hours on some days of the week, in the community's local time; 0 is Monday."""

    days: tuple[int, ...]
    opens: time
    closes: time

    def covers(self, local: datetime) -> bool:
        """Return whether a local moment lies in the hours; the closing minute does not."""
        return local.weekday() in self.days and self.opens <= local.time() < self.closes


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
    hours: Mapping[str, tuple[Span, ...]]

    def earned(self, partner: str, category: str, served_local: datetime) -> Earning:
        """Return what a partner earns for a service that took place at a local time."""
        amount = self.points_by_category.get(category, self.default_points)
        spans = self.hours.get(partner, ())
        if not spans or any(span.covers(served_local) for span in spans):
            return Earning(amount, f"完成“{category}”服务")
        because = f"在营业时间以外完成“{category}”服务，积分 {self.off_hours_factor} 倍"
        return Earning(amount * self.off_hours_factor, because)
