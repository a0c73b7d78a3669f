"""What may be asked of the shop and the fair."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from services.chassis.http.bodies import Command, PageQuery
from services.contracts.community_file import Subject
from services.contracts.words import TYPED, ThingId
from services.points.domain.redemptions import RedemptionState
from services.points.domain.shop import PROMOTIONS, OfferKind
from services.points.routes.bodies import Amount, Day, Moment, Reason

Title = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=TYPED)]
About = Annotated[str, StringConstraints(max_length=500, pattern=TYPED)]
Many = Annotated[int, Field(ge=1, le=100_000, strict=True)]
Customers = Annotated[int, Field(ge=0, le=10_000_000, strict=True)]


class AnnounceFair(Command):
    """Let there be a fair."""

    title: Title
    opens_at: Moment
    closes_at: Moment
    per_partner_max: Many | None = Field(
        default=None, description="of all its offers together; null: as many as there are"
    )


class PutUpOffer(Command):
    """Offer something for points."""

    title: Title
    kind: OfferKind
    about: About = ""
    price_points: Amount
    stock: Annotated[int, Field(ge=0, le=100_000, strict=True)] | None = Field(
        default=None, description="how many there are; null: as many as are wanted"
    )
    per_partner_max: Many | None = None
    fair: ThingId | None = Field(default=None, description="the fair it belongs to, whose hours it has")
    opens_at: Moment | None = None
    closes_at: Moment | None = None
    fulfil_days: Annotated[int, Field(ge=1, le=180, strict=True)] = Field(
        default=30, description="within which staff fulfil it; then the points go back"
    )
    slots: tuple[Title, ...] = Field(default=(), max_length=50, description="places, of a promotion")

    @model_validator(mode="after")
    def _has_places(self) -> Self:
        if len(set(self.slots)) != len(self.slots):
            raise ValueError("slots: each place once")
        if bool(self.slots) != (self.kind in PROMOTIONS):
            raise ValueError("slots: a promotion has places where it is shown, and nothing else has")
        return self


class RestockOffer(Command):
    """Let there be more, or less."""

    more: Annotated[int, Field(ge=-100_000, le=100_000, strict=True)]


class RedeemOffer(Command):
    """Order something for points."""

    partner: Subject | None = Field(default=None, description="staff: for whom")
    wait: bool = Field(default=True, description="wait for one where all are gone (候补)")


class FulfilRedemption(Command):
    """Say that it is done; a promotion: where and when it is shown."""

    because: Annotated[str, StringConstraints(max_length=200, pattern=TYPED)] = ""
    slot: Title | None = None
    from_on: Day | None = None
    until_on: Day | None = Field(default=None, description="the last day")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        given = (self.slot, self.from_on, self.until_on)
        if any(one is not None for one in given) and None in given:
            raise ValueError("slot: place, first and last day go together")
        if self.from_on and self.until_on and not 0 <= (self.until_on - self.from_on).days <= 366:
            raise ValueError("until_on: not before from_on, and at most a year later")
        return self


class EndRedemption(Command):
    """Decline or withdraw a redemption."""

    reason: Reason


class ReportEffect(Command):
    """Say what it brought: customers in a like time before and after."""

    customers_before: Customers
    customers_after: Customers
    note: About = ""


class OfferQuery(PageQuery):
    """Which offers."""

    fair: ThingId | None = Field(default=None, description="of one fair; shop: of none")


class RedemptionQuery(PageQuery):
    """Which redemptions."""

    state: RedemptionState | None = None
    partner: Subject | None = Field(default=None, description="whose; a partner sees its own alone")
    offer: ThingId | None = None
