"""What may be asked about rules: one to decide, or to try out."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from services.chassis.http.bodies import Command
from services.points.domain.rules import EVERY_OTHER, Per
from services.points.routes.bodies import Day, Reason

Points = Annotated[int, Field(ge=0, le=100_000, strict=True)]
Cap = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]


class RateBody(Command):
    """Points for a kind of service."""

    category: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    points: Points
    per: Per = "service"


class RuleBody(Command):
    """A rule: what services earn."""

    rates: tuple[RateBody, ...] = Field(default=(), max_length=200)
    default_points: Points = Field(description="for every other kind of service")
    off_hours_factor: Annotated[int, Field(ge=1, le=10, strict=True)] = 2
    per_cause_max: Cap = Field(description="points that one service earns at most")
    per_day_max: Cap = Field(description="points that one day's services earn a partner at most")
    room_points_per_hour: Annotated[int, Field(ge=0, le=10_000, strict=True)] = 10
    pays_unrated: bool = True
    expire_after_months: Annotated[int, Field(ge=1, le=120, strict=True)] | None = None

    @model_validator(mode="after")
    def _is_clear(self) -> Self:
        names = [rate.category for rate in self.rates]
        if len(set(names)) != len(names):
            raise ValueError("rates: one rate for each kind of service")
        if self.per_day_max < self.per_cause_max:
            raise ValueError("per_day_max: a day earns at least as much as one service")
        return self

    @property
    def all_rates(self) -> tuple[tuple[str, int, Per], ...]:
        """Return the rates, that for every other kind among them."""
        named = ((rate.category, rate.points, rate.per) for rate in self.rates)
        return ((EVERY_OTHER, self.default_points, "service"), *named)


class DecideRule(RuleBody):
    """Let a rule count from a day on."""

    starts_on: Day = Field(description="tomorrow at the earliest")
    ends_on: Day | None = Field(default=None, description="the first day on which it counts no more")
    because: Reason = Field(description="who decided it, and when")


class TryRule(RuleBody):
    """See what a rule would have paid."""

    from_on: Day
    until_on: Day = Field(description="the first day that is not looked at")

    @model_validator(mode="after")
    def _is_a_span(self) -> Self:
        if not 0 < (self.until_on - self.from_on).days <= 400:
            raise ValueError("until_on: after from_on, and at most 400 days later")
        return self


class DropAward(Command):
    """Give an award up that waits for a budget."""

    reason: Reason
