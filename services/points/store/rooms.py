"""Where points keeps rooms, their agendas, and what is booked."""

from dataclasses import dataclass

from services.chassis.documents import Collection, Index, Ref
from services.points.domain.agendas import Agenda, BookedAhead, Slot
from services.points.domain.bookings import Booking
from services.points.domain.rooms import OpenRooms, Room

BOOKING_DUE = "due_at"


@dataclass(frozen=True, slots=True)
class Series:
    """Bookings that recur together, by the rule they were made by."""

    rule: str
    slots: tuple[Slot, ...]


ROOMS = Collection("rooms", Room, Index(("partner", "-_id")), Index(("state", "-_id")))
OPEN_ROOMS = Collection("open_rooms", OpenRooms)
AGENDAS = Collection("agendas", Agenda)
BOOKINGS = Collection(
    "bookings",
    Booking,
    Index(("room", "-_id")),
    Index(("room", "ends_at")),
    Index(("partner", "-_id")),
    Index(("booked_by", "-_id")),
    Index(("state", "-_id")),
    Index(("series", "-_id")),
    Index((BOOKING_DUE,), due=True),
)
SERIES = Collection("series", Series)
BOOKED_AHEAD = Collection("booked_ahead", BookedAhead)
COLLECTIONS_OF_ROOMS = (ROOMS, OPEN_ROOMS, AGENDAS, BOOKINGS, SERIES, BOOKED_AHEAD)


def room_ref(community: str, room: str) -> Ref[Room]:
    """Return where a room is kept."""
    return Ref(ROOMS, community, room)


def open_rooms_ref(community: str, partner: str) -> Ref[OpenRooms]:
    """Return where it is kept how many rooms a partner has open."""
    return Ref(OPEN_ROOMS, community, partner)


def agenda_ref(community: str, room: str, month: str) -> Ref[Agenda]:
    """Return where a room's agenda of a month is kept."""
    return Ref(AGENDAS, community, f"{room}.{month}")


def booking_ref(community: str, booking: str) -> Ref[Booking]:
    """Return where a booking is kept."""
    return Ref(BOOKINGS, community, booking)


def series_ref(community: str, series: str) -> Ref[Series]:
    """Return where it is kept what recurs together."""
    return Ref(SERIES, community, series)


def booked_ahead_ref(community: str, subject: str) -> Ref[BookedAhead]:
    """Return where it is kept what somebody has booked ahead."""
    return Ref(BOOKED_AHEAD, community, subject)
