"""The doors of bookings: who has a room when, made, listed, cancelled, and taken into calendars."""

from asyncio import to_thread
from dataclasses import dataclass
from datetime import UTC, timedelta

from services.chassis.clock import new_id, now
from services.chassis.documents import Versioned
from services.chassis.http.bodies import listed
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, post, show
from services.chassis.mongo import Store
from services.chassis.work import UnitOfWork, Work
from services.contracts.refusal import NotFound
from services.contracts.roles import READERS, RESIDENTS
from services.contracts.words import Role
from services.points.domain.agendas import AgendaFull, SlotTaken, TooManyBookings
from services.points.domain.bookings import (
    Booking,
    BookingBegun,
    BookingEndsFirst,
    BookingInThePast,
    BookingNotOnTheMinute,
    BookingStepNotPossible,
    BookingTooFarAhead,
    BookingTooLong,
    OwnRoom,
    ReasonMissing,
    TooManyPeople,
)
from services.points.domain.recurrence import (
    EndlessRecurrence,
    InvalidRecurrence,
    RecurrenceTooLong,
    read_recurrence,
)
from services.points.domain.rooms import MayNotShare, RoomNotOpen, RoomWithdrawn
from services.points.handlers.bookings import (
    BookingRequest,
    BookingsMade,
    book_room,
    cancel_booking,
    part_in,
)
from services.points.handlers.room_rules import room_rules
from services.points.routes import access
from services.points.routes.room_bodies import BookingQuery, BookRoom, CancelBooking
from services.points.store.rooms import BOOKINGS, booking_ref, room_ref
from services.points.store.rules import rule_ref
from services.points.views.bookings import (
    BookingPage,
    BookingsView,
    BookingView,
    booking_view,
    bookings_view,
)
from services.points.views.calendars import MEDIA_CALENDAR, calendar_ics

ONE = "/points/bookings/{booking}"
OF_ROOM = "/points/rooms/{room}"
CALENDAR_REACHES_BACK = timedelta(days=31)
CALENDAR_EVENTS_MAX = 1_000
CANNOT_BE = (
    BookingEndsFirst,
    BookingNotOnTheMinute,
    BookingTooLong,
    BookingInThePast,
    BookingTooFarAhead,
    InvalidRecurrence,
    EndlessRecurrence,
    RecurrenceTooLong,
)
NOT_NOW = (
    RoomWithdrawn,
    RoomNotOpen,
    MayNotShare,
    SlotTaken,
    AgendaFull,
    TooManyBookings,
    TooManyPeople,
    OwnRoom,
)


@dataclass(frozen=True, slots=True)
class BookingRoutes:
    """The routes of bookings over points' store."""

    store: Store

    async def list_bookings(self, request: ApiRequest[None]) -> Reply:
        query: BookingQuery = request.query
        subject = request.identity.subject
        own = {Role.STAFF: {}, Role.PARTNER: {"partner": subject}}.get(
            request.identity.role, {"booked_by": subject}
        )
        wanted = {"room": query.room, "series": query.series, "state": query.state}
        where = {**{name: value for name, value in wanted.items() if value is not None}, **own}
        found = await self.store.page(
            BOOKINGS, request.community, where, after=query.after, limit=query.limit + 1
        )
        items, after = listed(found, query.limit, booking_view)
        return show(BookingPage(items=items, next=after))

    async def show_booking(self, request: ApiRequest[None]) -> Reply:
        kept = await self._booking(request)
        return show(booking_view(kept), revision=kept.revision)

    async def _booking(self, request: ApiRequest[None]) -> Versioned[Booking]:
        kept = await self.store.find(booking_ref(request.community, request.path["booking"]))
        if kept.value is None or part_in(request.origin(), kept.value) is None:
            raise NotFound
        return kept

    async def show_calendar(self, request: ApiRequest[None]) -> Reply:
        booking = (await self._booking(request)).present
        return await self._calendar(request, booking.room_name, [booking])

    async def show_room_calendar(self, request: ApiRequest[None]) -> Reply:
        room = (await self.store.find(room_ref(request.community, request.path["room"]))).value
        if room is None:
            raise NotFound
        query = {
            "community": request.community,
            "room": room.id,
            "ends_at": {"$gt": now().astimezone(UTC) - CALENDAR_REACHES_BACK},
        }
        rows = await self.store.plain(BOOKINGS.name).find(query, sort="ends_at", limit=CALENDAR_EVENTS_MAX)
        return await self._calendar(request, room.offer.name, [BOOKINGS.decode(row) for row in rows])

    async def _calendar(self, request: ApiRequest[None], name: str, bookings: list[Booking]) -> Reply:
        record = await self.store.find(rule_ref(request.community))
        zone = room_rules(record.value).zone
        origin = request.origin()
        seen = [(one, part_in(origin, one) is not None) for one in bookings]
        calendar = await to_thread(calendar_ics, name, request.community, seen, zone)
        return Reply(200, calendar, MEDIA_CALENDAR)

    def book(self, request: ApiRequest[BookRoom]) -> Work[Reply]:
        body = request.body
        ask = BookingRequest(
            new_id(),
            request.path["room"],
            body.begins_at.astimezone(UTC),
            body.ends_at.astimezone(UTC),
            body.people,
            body.purpose,
            body.rrule or "",
            read_recurrence(body.rrule) if body.rrule else None,
            body.skip_taken,
        )
        return book_room(request.origin(), ask).then(_shown_together)

    def cancel(self, request: ApiRequest[CancelBooking]) -> Work[Reply]:
        body = request.body
        work = cancel_booking(request.origin(), request.path["booking"], body.reason, rest=body.rest)
        return access.step_of_booking(request, work)

    def table(self) -> tuple[Route, ...]:
        """Return every route of bookings."""
        return (*self._looks(), *self._calendars(), *self._steps())

    def _looks(self) -> tuple[Route, ...]:
        return (
            Route(
                "GET",
                "/points/bookings",
                access.BOOKING_PARTS,
                self.list_bookings,
                "List bookings (预订): one's own, of one's rooms, or all",
                BookingPage,
                query=BookingQuery,
            ),
            Route("GET", ONE, access.BOOKING_PARTS, self.show_booking, "Show a booking", BookingView),
        )

    def _calendars(self) -> tuple[Route, ...]:
        return (
            Route(
                "GET",
                f"{ONE}/calendar.ics",
                access.BOOKING_PARTS,
                self.show_calendar,
                "Take a booking into a calendar (iCalendar)",
                None,
                answer_media=MEDIA_CALENDAR,
            ),
            Route(
                "GET",
                f"{OF_ROOM}/calendar.ics",
                READERS,
                self.show_room_calendar,
                "Take a room's bookings, from a month ago on, into a calendar (iCalendar)",
                None,
                answer_media=MEDIA_CALENDAR,
            ),
        )

    def _steps(self) -> tuple[Route, ...]:
        return (
            Route(
                "POST",
                f"{OF_ROOM}/bookings",
                RESIDENTS,
                self.book,
                "Book a room, once or in a series (RRULE)",
                BookingsView,
                body=BookRoom,
                status=201,
                conditional=False,
                refusals=(*CANNOT_BE, *NOT_NOW),
            ),
            post(
                f"{ONE}/cancel",
                access.BOOKING_PARTS,
                self.cancel,
                "Cancel a booking, or with it the rest of its series",
                takes=CancelBooking,
                answers=BookingView,
                refuses=(BookingBegun, BookingStepNotPossible, ReasonMissing),
            ),
        )


def _shown_together(made: BookingsMade, _: UnitOfWork) -> Reply:
    return show(bookings_view(made.bookings, made.skipped), status=201)
