"""What is shown of bookings, to those whom they concern."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from services.chassis.documents import Versioned
from services.chassis.http.bodies import View
from services.points.domain.bookings import STATE_NAMES, Booking, Mark


class MarkView(View):
    """When people came or went, and who noted it: booker, partner, staff or timer."""

    at: datetime
    by: str


class UseView(View):
    """What of the booked time was used, and what the partner earned by it."""

    inside_minutes: int = Field(description="inside business hours")
    outside_minutes: int = Field(description="outside, where they earn more")
    points: int


class BookingView(View):
    """A booking (预订)."""

    id: str
    version: int = Field(description="also the ETag")
    room: str
    room_name: str
    partner: str
    booked_by: str
    series: str = Field(description="the first of those that recur together; empty: it stands alone")
    begins_at: datetime
    ends_at: datetime
    people: int
    purpose: str
    state: str = Field(
        description="booked, in_use, to_confirm, disputed, used, rejected, no_show or cancelled"
    )
    state_name: str
    booked_at: datetime
    checked_in: MarkView | None
    checked_out: MarkView | None
    due_at: datetime | None = Field(description="when it moves on by itself")
    use: UseView | None
    because: str = Field(description="why it was cancelled, disputed or rejected")


class BookingPage(View):
    """A page of bookings, newest first."""

    items: list[BookingView]
    next: str | None


class TimeView(View):
    """From when to when."""

    begins_at: datetime
    ends_at: datetime


class BookingsView(View):
    """What was booked together, and when it could not be."""

    series: str = Field(description="empty: it stands alone")
    items: list[BookingView]
    skipped: list[TimeView] = Field(description="taken, or not open, where those were to be skipped")


def booking_view(kept: Versioned[Booking]) -> BookingView:
    """Return a booking."""
    booking, use = kept.present, kept.present.use
    return BookingView(
        id=booking.id,
        version=kept.revision,
        room=booking.room,
        room_name=booking.room_name,
        partner=booking.partner,
        booked_by=booking.booked_by,
        series=booking.series,
        begins_at=booking.begins_at,
        ends_at=booking.ends_at,
        people=booking.people,
        purpose=booking.purpose,
        state=booking.state,
        state_name=STATE_NAMES[booking.state],
        booked_at=booking.booked_at,
        checked_in=_mark(booking.checked_in),
        checked_out=_mark(booking.checked_out),
        due_at=booking.due_at,
        use=use
        and UseView(
            inside_minutes=use.inside_minutes, outside_minutes=use.outside_minutes, points=use.points
        ),
        because=booking.because,
    )


def bookings_view(
    made: Sequence[Versioned[Booking]], skipped: Sequence[tuple[datetime, datetime]]
) -> BookingsView:
    """Return what was booked together."""
    items = [booking_view(one) for one in made]
    times = [TimeView(begins_at=begin, ends_at=end) for begin, end in skipped]
    return BookingsView(series=items[0].series, items=items, skipped=times)


def _mark(mark: Mark | None) -> MarkView | None:
    return MarkView(at=mark.at, by=mark.by) if mark else None
