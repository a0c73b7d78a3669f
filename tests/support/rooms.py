"""Rooms to book, for tests that do so over HTTP, over a town's documents, or in a bank of plain values."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.chassis.clock import new_id, now
from services.chassis.work import Origin, Work
from services.contracts.communities import CommunityLoaded
from services.contracts.words import Actor, Role
from services.points.domain.bookings import Booking
from services.points.domain.recurrence import read_recurrence
from services.points.domain.rooms import RoomHours, RoomOffer
from services.points.handlers.bookings import BookingRequest, BookingsMade, book_room
from services.points.handlers.rooms import publish_room
from services.points.handlers.rules import keep_rule
from services.points.store.rooms import booking_ref
from tests.support.bank import Bank
from tests.support.client import Answer, Visitor
from tests.support.deployment import jiwang
from tests.support.running import Running
from tests.support.stories import OPTICIAN

HOUR = timedelta(hours=1)
ROOM = "room-1"
SHOP_HOURS = (RoomHours(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "08:30", "20:00"),)
"""As the optician has them."""


def a_person(community: str, subject: str, role: Role = Role.RESIDENT) -> Origin:
    """Return where the works of somebody come from."""
    return Origin(community, Actor(subject=subject, role=role), "test")


def a_request(begins_at: datetime, hours: float = 1, rule: str = "", **more: Any) -> BookingRequest:
    """Return what is asked by somebody who wants the room."""
    return BookingRequest(
        **{
            "booking": new_id(),
            "room": ROOM,
            "begins_at": begins_at,
            "ends_at": begins_at + timedelta(hours=hours),
            "people": 3,
            "purpose": "读书会",
            "rule": rule,
            "recurrence": read_recurrence(rule) if rule else None,
            **more,
        }
    )


def publishing(community: str, room: str = ROOM, **offer: Any) -> Work[Any]:
    """Return the work by which the optician shares a room."""
    given = RoomOffer(**{"name": "验光室", "seats": 8, **offer})
    return publish_room(a_person(community, OPTICIAN, Role.PARTNER), room, OPTICIAN, given)


class RoomBank(Bank):
    """A bank whose community has a room."""

    def open(self, **points: Any) -> "RoomBank":
        """Load the community, and share a room."""
        self.load(jiwang("jiwang", **points))
        self.do(publishing("jiwang"))
        return self

    def load(self, file: Any) -> None:
        """Load a community file."""
        self.do(keep_rule(self.origin, CommunityLoaded(file=file)))

    def book(self, begins_at: datetime, hours: float = 1, rule: str = "", **more: Any) -> BookingsMade:
        """Book as a resident."""
        by = a_person("jiwang", more.pop("by", "r1"))
        return self.do(book_room(by, a_request(begins_at, hours, rule, **more)))

    def one(self, begins_at: datetime, hours: float = 1, **more: Any) -> str:
        """Book, and return the booking's id."""
        return self.book(begins_at, hours, **more).bookings[0].present.id

    def all_of_kind(self, name: str) -> list[Any]:
        """Return the values of a collection, by its name."""
        kept = (value.value for ref, value in self.kept.items() if ref.collection.name == name)
        return [value for value in kept if value is not None]

    def booking(self, booking: str) -> Booking:
        """Return a booking as it is."""
        found: Booking = self.kept[booking_ref("jiwang", booking)].present
        return found


async def a_room(running: Running, **more: Any) -> Any:
    """Return a room that the optician shares."""
    body = {"name": "验光室", "seats": 8, "equipment": "投影仪、白板", **more}
    return (await running.partner(OPTICIAN).post("/points/rooms", body)).ok()


def hours_from_now(hours: float) -> datetime:
    """Return a moment on the minute."""
    return (now().astimezone(UTC) + timedelta(hours=hours)).replace(second=0, microsecond=0)


async def booked(
    visitor: Visitor, room: str, hours_ahead: float = 24, hours: float = 1, **more: Any
) -> Answer:
    """Return the answer to somebody who books a room."""
    begin = hours_from_now(hours_ahead)
    body = {
        "begins_at": begin.isoformat(),
        "ends_at": (begin + timedelta(hours=hours)).isoformat(),
        "people": 3,
        "purpose": "读书会",
        **more,
    }
    return await visitor.post(f"/points/rooms/{room}/bookings", body)
