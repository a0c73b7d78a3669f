"""What is shown of rooms, and of how they stand."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from pydantic import Field

from services.chassis.documents import Versioned
from services.chassis.http.bodies import View
from services.points.domain.bookings import Booking
from services.points.domain.room_weeks import RoomDay, Stretch
from services.points.domain.rooms import Room, RoomHours
from services.worktime.hours import WEEKDAYS


class RoomHoursView(View):
    """Business hours, in local time."""

    days: list[str]
    opens: str
    closes: str


class RoomView(View):
    """A room (共享空间) that a partner lets people use."""

    id: str
    version: int = Field(description="also the ETag")
    partner: str
    name: str
    seats: int
    equipment: str
    hours: list[RoomHoursView] = Field(
        description="business hours; empty: always. Outside, its use earns more"
    )
    own_hours: bool = Field(description="false: they are the partner's")
    open_from: str | None
    open_until: str | None
    state: str = Field(description="open or withdrawn")
    takes_bookings: bool = Field(description="false: withdrawn, or its partner has left or does not work")
    published_at: datetime
    withdrawn_at: datetime | None
    because: str


class RoomPage(View):
    """A page of rooms, newest first."""

    items: list[RoomView]
    next: str | None


class GlimpseView(View):
    """Who has a room and what for."""

    booking: str
    booked_by: str
    people: int
    purpose: str
    state: str


class StretchView(View):
    """A stretch of a day."""

    begins_at: datetime
    ends_at: datetime
    state: str = Field(description="free, booked or closed")
    off_hours: bool = Field(description="outside business hours; it may be booked all the same")
    booking: GlimpseView | None = Field(description="for the booker, the room's partner and staff")


class RoomDayView(View):
    """A day, from midnight to midnight."""

    day: date
    weekday: str
    holiday: bool = Field(description="the whole day is outside business hours")
    slots: list[StretchView]


class RoomWeekView(View):
    """Seven days of a room."""

    room: str
    days: list[RoomDayView]


def room_view(kept: Versioned[Room], hours: Sequence[RoomHours], *, takes_bookings: bool) -> RoomView:
    """Return a room.

    Arguments:
        hours: that hold for it now.
        takes_bookings: whether anybody can book it now.
    """
    room, offer = kept.present, kept.present.offer
    return RoomView(
        id=room.id,
        version=kept.revision,
        partner=room.partner,
        name=offer.name,
        seats=offer.seats,
        equipment=offer.equipment,
        hours=[
            RoomHoursView(days=list(one.days), opens=one.opens[:5], closes=one.closes[:5]) for one in hours
        ],
        own_hours=offer.hours is not None,
        open_from=offer.open_from,
        open_until=offer.open_until,
        state=room.state,
        takes_bookings=takes_bookings,
        published_at=room.published_at,
        withdrawn_at=room.withdrawn_at,
        because=room.because,
    )


def week_view(room: str, days: Sequence[RoomDay], seen: Mapping[str, Booking]) -> RoomWeekView:
    """Return how a room stands.

    Arguments:
        seen: the bookings of which the one who looks may see more than that they are there.
    """
    return RoomWeekView(
        room=room,
        days=[
            RoomDayView(
                day=one.day,
                weekday=WEEKDAYS[one.day.weekday()],
                holiday=one.is_holiday,
                slots=[_stretch(stretch, seen.get(stretch.booking)) for stretch in one.stretches],
            )
            for one in days
        ],
    )


def _stretch(stretch: Stretch, booking: Booking | None) -> StretchView:
    glimpse = booking and GlimpseView(
        booking=booking.id,
        booked_by=booking.booked_by,
        people=booking.people,
        purpose=booking.purpose,
        state=booking.state,
    )
    return StretchView(
        begins_at=stretch.begins_at,
        ends_at=stretch.ends_at,
        state=stretch.state,
        off_hours=not stretch.is_business,
        booking=glimpse,
    )
