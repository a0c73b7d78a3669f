"""What is shown of a community's rules, and of what one of them would have paid."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import Field

from services.chassis.http.bodies import View
from services.points.domain.rules import EVERY_OTHER, PER_NAMES, EarningRule, RuleBook
from services.points.domain.tryouts import Tryout


class RateView(View):
    """Points for a kind of service."""

    category: str = Field(description="empty: every other kind")
    points: int
    per: str = Field(description="service, session, person or hour")
    per_name: str


class RuleView(View):
    """A version of the rule (积分规则)."""

    version: int
    state: str = Field(description="in_force, ahead, over or withdrawn")
    starts_at: datetime
    ends_at: datetime | None
    rates: list[RateView]
    off_hours_factor: int
    per_cause_max: int
    per_day_max: int
    room_points_per_hour: int
    pays_unrated: bool
    expire_after_months: int | None = Field(description="null: points are good for ever")
    because: str
    decided_by: str = Field(description="a person of the staff, or community_file")
    decided_at: datetime


class RuleList(View):
    """All versions, the last to be decided first."""

    version: int = Field(description="also the ETag: how often the rules were changed")
    in_force: int | None = Field(description="version that counts now")
    items: list[RuleView]


class PartnerTriedView(View):
    """What a partner earned in a period, and would have."""

    partner: str
    name: str
    services: int
    earned_points: int
    would_earn_points: int
    difference_points: int


class TryoutView(View):
    """What a rule would have paid in a period, beside what was paid."""

    services: int
    earned_points: int
    would_earn_points: int
    difference_points: int
    capped: int = Field(description="services that a day's cap would have cut")
    budget_points: int = Field(description="what can be issued now")
    partners: list[PartnerTriedView] = Field(description="the largest difference first")
    complete: bool = Field(description="false: there are more services than are looked at")


def rule_list(book: RuleBook, revision: int, at: datetime) -> RuleList:
    """Return a community's rules."""
    now = book.at(at)
    items = [rule_view(rule, book, at) for rule in reversed(book.rules)]
    return RuleList(version=revision, in_force=now.version if now else None, items=items)


def rule_view(rule: EarningRule, book: RuleBook, at: datetime) -> RuleView:
    """Return a version of the rule."""
    same = {name: getattr(rule, name) for name in RuleView.model_fields if name not in ("state", "rates")}
    rates = [
        RateView(category=one.category, points=one.points, per=one.per, per_name=PER_NAMES[one.per])
        for one in sorted(rule.rates, key=lambda one: (one.category != EVERY_OTHER, one.category))
    ]
    return RuleView(**same, state=_state(rule, book, at), rates=rates)


def _state(rule: EarningRule, book: RuleBook, at: datetime) -> str:
    if rule.withdrawn_at is not None:
        return "withdrawn"
    if book.at(at) == rule:
        return "in_force"
    return "ahead" if rule.starts_at > at else "over"


def tryout_view(tried: Tryout, names: Mapping[str, str], budget_points: int, *, complete: bool) -> TryoutView:
    """Return what a rule would have paid.

    Arguments:
        names: of partners, by id.
    """
    partners = [
        PartnerTriedView(
            partner=name,
            name=names.get(name, name),
            services=one.services,
            earned_points=one.earned_points,
            would_earn_points=one.would_earn_points,
            difference_points=one.would_earn_points - one.earned_points,
        )
        for name, one in tried.partners.items()
    ]
    return TryoutView(
        services=tried.services,
        earned_points=tried.earned_points,
        would_earn_points=tried.would_earn_points,
        difference_points=tried.would_earn_points - tried.earned_points,
        capped=tried.capped,
        budget_points=budget_points,
        partners=sorted(partners, key=lambda one: (-abs(one.difference_points), one.partner)),
        complete=complete,
    )
