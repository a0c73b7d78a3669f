"""The doors of rooms: what is shared, and how it stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.chassis.clock import new_id, now
from services.chassis.documents import Versioned
from services.chassis.http.bodies import listed
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, post, show
from services.chassis.mongo import Store
from services.chassis.work import UnitOfWork, Work
from services.contracts.refusal import NotFound
from services.contracts.roles import HOLDERS, READERS
from services.points.domain.agendas import Agenda, Slot, months_of
from services.points.domain.bookings import Booking
from services.points.domain.room_weeks import RoomWeek, week_bounds
from services.points.domain.rooms import MayNotShare, Room, RoomDatesWrong, RoomWithdrawn, TooManyRooms
from services.points.handlers.bookings import part_in
from services.points.handlers.room_rules import RoomRules, room_rules, rules_in
from services.points.handlers.rooms import change_room, publish_room, withdraw_room
from services.points.routes import access
from services.points.routes.room_bodies import ChangeRoom, PublishRoom, RoomQuery, WeekQuery, WithdrawRoom
from services.points.store.rooms import ROOMS, agenda_ref, booking_ref, room_ref
from services.points.store.rules import rule_ref
from services.points.views.rooms import RoomPage, RoomView, RoomWeekView, room_view, week_view

ONE = "/points/rooms/{room}"


@dataclass(frozen=True, slots=True)
class RoomRoutes:
    """The routes of rooms over points' store."""

    store: Store

    async def list_rooms(self, request: ApiRequest[None]) -> Reply:
        query: RoomQuery = request.query
        wanted = {"state": query.state, "partner": query.partner}
        where = {name: value for name, value in wanted.items() if value is not None}
        found = await self.store.page(
            ROOMS, request.community, where, after=query.after, limit=query.limit + 1
        )
        record = await self.store.find(rule_ref(request.community))
        items, after = listed(found, query.limit, lambda kept: _view(kept, room_rules(record.value), now()))
        return show(RoomPage(items=items, next=after))

    async def show_room(self, request: ApiRequest[None]) -> Reply:
        kept, rules = await self._room(request)
        return show(_view(kept, rules, now()), revision=kept.revision)

    async def show_week(self, request: ApiRequest[None]) -> Reply:
        kept, rules = await self._room(request)
        query: WeekQuery = request.query
        first, premises = (
            query.first or rules.day_of(now()),
            rules.premises_of(rules.hours_of_room(kept.present)),
        )
        bounds = week_bounds(premises, first)
        months = [agenda_ref(request.community, kept.present.id, month) for month in months_of(*bounds)]
        agendas = [one.value or Agenda() for one in (await self.store.load(months)).values()]
        slots = {slot.booking: slot for agenda in agendas for slot in agenda.between(*bounds)}
        offer = kept.present.offer if _takes_bookings(kept.present, rules, now()) else None
        in_order = sorted(slots.values(), key=lambda slot: slot.begins_at)
        week = RoomWeek(offer, premises, in_order, now())
        seen = await self._seen(request, slots.values())
        return show(week_view(kept.present.id, tuple(week.days(first)), seen))

    async def _seen(self, request: ApiRequest[None], slots: Iterable[Slot]) -> dict[str, Booking]:
        """Return the bookings of which the one who asks may see whose they are."""
        loaded = await self.store.load([booking_ref(request.community, slot.booking) for slot in slots])
        bookings = [kept.value for kept in loaded.values() if kept.value is not None]
        return {one.id: one for one in bookings if part_in(request.origin(), one)}

    async def _room(self, request: ApiRequest[None]) -> tuple[Versioned[Room], RoomRules]:
        ref, record = room_ref(request.community, request.path["room"]), rule_ref(request.community)
        loaded = await self.store.load([ref, record])
        if loaded[ref].value is None:
            raise NotFound
        return loaded[ref], room_rules(loaded[record].value)

    def publish(self, request: ApiRequest[PublishRoom]) -> Work[Reply]:
        partner = access.own(request, request.body.partner)
        work = publish_room(request.origin(), new_id(), partner, request.body.offer)
        return work.then(_shown_new)

    def change(self, request: ApiRequest[ChangeRoom]) -> Work[Reply]:
        return self._step(request, change_room(request.origin(), request.path["room"], request.body.offer))

    def withdraw(self, request: ApiRequest[WithdrawRoom]) -> Work[Reply]:
        work = withdraw_room(request.origin(), request.path["room"], request.body.reason)
        return self._step(request, work)

    def _step(self, request: ApiRequest[Any], work: Work[Versioned[Room]]) -> Work[Reply]:
        ref = room_ref(request.community, request.path["room"])

        def is_theirs(uow: UnitOfWork) -> None:
            if not access.is_for(request, uow.get(ref, NotFound()).partner):
                raise NotFound
            uow.expect(ref, request.if_match)

        return work.only_if(is_theirs, ref).then(_shown, rule_ref(request.community))

    def table(self) -> tuple[Route, ...]:
        """Return every route of rooms."""
        return (*self._looks(), *self._steps())

    def _looks(self) -> tuple[Route, ...]:
        return (
            Route(
                "GET",
                "/points/rooms",
                READERS,
                self.list_rooms,
                "List rooms that partners share (空间共享计划)",
                RoomPage,
                query=RoomQuery,
            ),
            Route("GET", ONE, READERS, self.show_room, "Show a room", RoomView),
            Route(
                "GET",
                f"{ONE}/week",
                READERS,
                self.show_week,
                "Show seven days of a room: free, booked, closed",
                RoomWeekView,
                query=WeekQuery,
            ),
        )

    def _steps(self) -> tuple[Route, ...]:
        return (
            Route(
                "POST",
                "/points/rooms",
                HOLDERS,
                self.publish,
                "Share a room",
                RoomView,
                body=PublishRoom,
                status=201,
                conditional=False,
                refusals=(MayNotShare, RoomDatesWrong, TooManyRooms),
            ),
            post(
                f"{ONE}/change",
                HOLDERS,
                self.change,
                "Change what a room offers; bookings stay",
                takes=ChangeRoom,
                answers=RoomView,
                refuses=(MayNotShare, RoomDatesWrong, RoomWithdrawn),
            ),
            post(
                f"{ONE}/withdraw",
                HOLDERS,
                self.withdraw,
                "Share a room no longer; bookings stay",
                takes=WithdrawRoom,
                answers=RoomView,
                refuses=(RoomWithdrawn,),
            ),
        )


def _takes_bookings(room: Room, rules: RoomRules, at: datetime) -> bool:
    return room.state == "open" and rules.shares(room.partner, at)


def _view(kept: Versioned[Room], rules: RoomRules, at: datetime) -> RoomView:
    room = kept.present
    return room_view(kept, rules.hours_of_room(room), takes_bookings=_takes_bookings(room, rules, at))


def _shown(kept: Versioned[Room], uow: UnitOfWork) -> Reply:
    return show(_view(kept, rules_in(uow), uow.at), revision=kept.revision)


def _shown_new(kept: Versioned[Room], uow: UnitOfWork) -> Reply:
    return show(_view(kept, rules_in(uow), uow.at), status=201, revision=kept.revision)
