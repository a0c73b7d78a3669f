"""What may be asked of rooms and bookings, and which part of a list."""

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)

from services.chassis.http.bodies import Command, PageQuery
from services.contracts.community_file import Hours, Subject
from services.contracts.words import TYPED, Note, Reason, ThingId
from services.points.domain.bookings import BookingState
from services.points.domain.rooms import RoomHours, RoomOffer
from services.points.routes.bodies import Day, Moment

SEATS_MAX = 10_000
ONE_LINE = r"^[^\x00-\x1F\x7F-\x9F]*$"
Named = Annotated[
    str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True, pattern=ONE_LINE)
]


class OfferRoom(Command):
    """What a room offers; it replaces what was offered before as a whole."""

    name: Named
    seats: int = Field(ge=1, le=SEATS_MAX, strict=True)
    equipment: Note = Field(default="", description="what is in it, in plain words")
    hours: tuple[Hours, ...] | None = Field(
        default=None,
        max_length=14,
        description="in which it is in business besides the partner's hours",
    )
    open_from: Day | None = Field(default=None, description="first day on which it may be used")
    open_until: Day | None = Field(default=None, description="last day on which it may be used")

    @field_validator("hours")
    @classmethod
    def _close_after_they_open(cls, given: tuple[Hours, ...] | None) -> tuple[Hours, ...] | None:
        if any(span.closes <= span.opens for span in given or ()):
            raise ValueError("结束须晚于开始；过夜请分两段写")
        return given

    @property
    def offer(self) -> RoomOffer:
        """Return it as the rules need it."""
        spans = self.hours
        return RoomOffer(
            self.name,
            self.seats,
            self.equipment,
            None
            if spans is None
            else tuple(RoomHours(s.days, s.opens.isoformat(), s.closes.isoformat()) for s in spans),
            self.open_from.isoformat() if self.open_from else None,
            self.open_until.isoformat() if self.open_until else None,
        )


class PublishRoom(OfferRoom):
    """Share a room."""

    partner: Subject | None = Field(default=None, description="whose; partners: their own")


class ChangeRoom(OfferRoom):
    """Change what a room offers."""


class WithdrawRoom(Command):
    """Share a room no longer."""

    reason: Reason


class BookRoom(Command):
    """Book a room, once or in a series."""

    begins_at: Moment
    ends_at: Moment
    people: int = Field(ge=1, le=SEATS_MAX, strict=True)
    purpose: Reason
    rrule: Annotated[str, StringConstraints(max_length=2_000)] | None = Field(
        default=None,
        description="RFC 5545; by day, week or month, with COUNT or UNTIL: 60 times at most, within a year",
    )
    skip_taken: bool = Field(default=False, description="book what is free of a series")


class CancelBooking(Command):
    """Cancel a booking."""

    reason: Annotated[str, StringConstraints(max_length=500, strip_whitespace=True, pattern=TYPED)] = Field(
        default="", description="compulsory, unless it is one's own"
    )
    rest: bool = Field(default=False, description="with those of its series that come after it")


class MarkUse(Command):
    """Check in or out, or confirm."""


class ContradictUse(Command):
    """Dispute or reject what is said of a use."""

    reason: Reason


class RoomQuery(PageQuery):
    """Which rooms."""

    partner: Subject | None = None
    state: Literal["open", "withdrawn"] = "open"


class BookingQuery(PageQuery):
    """Which bookings: one's own; a partner sees those of its rooms, staff all."""

    room: ThingId | None = None
    series: ThingId | None = None
    state: BookingState | None = None


class WeekQuery(BaseModel):
    """Which week."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: Day | None = Field(default=None, alias="from", description="first of the seven days; today")
