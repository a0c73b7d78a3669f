"""Rooms are booked, once or in a series, and bookings are cancelled, one or the rest of a series."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.chassis.documents import Ref, Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.refusal import NotFound, Refused
from services.contracts.rooms import RoomBooked, RoomCancelled
from services.contracts.values import replace
from services.contracts.words import Role
from services.language.masks import masked
from services.points.domain.agendas import (
    AHEAD_MAX,
    AHEAD_MAX_FOR_OTHERS,
    Agenda,
    BookedAhead,
    Slot,
    SlotTaken,
    months_of,
)
from services.points.domain.bookings import (
    PART_NAMES,
    Booking,
    OwnRoom,
    Part,
    ReasonMissing,
    TooManyPeople,
    check_times,
)
from services.points.domain.recurrence import Recurrence, occurrences
from services.points.domain.room_time import MINUTE, spoken
from services.points.domain.rooms import Room, RoomNotOpen
from services.points.handlers.room_rules import RoomRules, rules_in
from services.points.store.rooms import (
    Series,
    agenda_ref,
    booked_ahead_ref,
    booking_ref,
    room_ref,
    series_ref,
)
from services.points.store.rules import rule_ref

Time = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """What is to be booked.

    Arguments:
        booking: id of the first, and of the series.
        rule: as it was written; empty: once.
        recurrence: the rule as it was read.
        skip_taken: book what is free of a series.
    """

    booking: str
    room: str
    begins_at: datetime
    ends_at: datetime
    people: int
    purpose: str
    rule: str = ""
    recurrence: Recurrence | None = None
    skip_taken: bool = False


@dataclass(frozen=True, slots=True)
class BookingsMade:
    """What was booked, and when it could not be."""

    bookings: Sequence[Versioned[Booking]]
    skipped: Sequence[Time]


def part_of(origin: Origin, booking: Booking) -> Part:
    """Return in which part somebody acts upon a booking.

    Raises:
        NotFound: in none; it is not there for them.
    """
    part = part_in(origin, booking)
    if part is None:
        raise NotFound
    return part


def part_in(origin: Origin, booking: Booking) -> Part | None:
    """Return in which part somebody acts upon a booking; None: they have none."""
    role, subject = origin.actor.role, origin.actor.subject
    if role is Role.STAFF:
        return "staff"
    if role is Role.PARTNER and subject == booking.partner:
        return "partner"
    is_theirs = role in (Role.RESIDENT, Role.GRID_WORKER) and subject == booking.booked_by
    return "booker" if is_theirs else None


def book_room(origin: Origin, ask: BookingRequest) -> Work[BookingsMade]:
    """Book a room for every time that is asked for, or for none; where `skip_taken`, for those that are free.

    The work raises NotFound, RoomWithdrawn, MayNotShare, RoomNotOpen, SlotTaken, AgendaFull, TooManyBookings,
    TooManyPeople, OwnRoom, and what `check_times` and `occurrences` do.
    """
    room = room_ref(origin.community, ask.room)
    ahead = booked_ahead_ref(origin.community, origin.actor.subject)
    reads = (room, rule_ref(origin.community), ahead, series_ref(origin.community, ask.booking))

    def agendas(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        try:
            return tuple(_agenda_refs(origin.community, ask.room, _times(uow, ask)))
        except Refused:
            return ()  # it is said with the decision

    def decide(uow: UnitOfWork) -> BookingsMade:
        found = uow.get(room, NotFound())
        found.check_open()
        rules = rules_in(uow)
        rules.check_shares(found.partner, uow.at)
        if origin.actor.subject == found.partner:
            raise OwnRoom
        if ask.people > found.offer.seats:
            raise TooManyPeople(seats=found.offer.seats)
        times, skipped = _free(uow, ask, found, rules)
        one = _booking(uow, ask, found, rules)
        made = [_at(one, number, time) for number, time in enumerate(times)]
        _keep(uow, made, ask.rule)
        uow.announce(booking_ref(origin.community, made[0].id), _booked(made, rules))
        return BookingsMade([uow.versioned(booking_ref(origin.community, one.id)) for one in made], skipped)

    return Work(origin, reads, decide, agendas)


def _times(uow: UnitOfWork, ask: BookingRequest) -> tuple[Time, ...]:
    check_times(ask.begins_at, ask.ends_at, uow.at)
    return occurrences(ask.recurrence, ask.begins_at, ask.ends_at, rules_in(uow).zone)


def _free(
    uow: UnitOfWork, ask: BookingRequest, room: Room, rules: RoomRules
) -> tuple[Sequence[Time], Sequence[Time]]:
    """Return the times at which the room is to be booked, and those that are passed over.

    Raises:
        RoomNotOpen, SlotTaken: with the times in question.
    """
    times = _times(uow, ask)
    shut = [time for time in times if not _is_open_on(room, rules, time)]
    taken = [time for time in times if time not in shut and _is_taken(uow, ask.room, time)]
    free = [time for time in times if time not in shut and time not in taken]
    if free and (ask.skip_taken or len(free) == len(times)):
        return free, sorted([*shut, *taken])
    refused = RoomNotOpen if shut and not taken else SlotTaken
    raise refused(taken=_shown(taken), not_open=_shown(shut))


def _is_open_on(room: Room, rules: RoomRules, time: Time) -> bool:
    """Whether a room is shared on the days of a time; what ends at midnight does not touch the day after."""
    return room.offer.is_open_on(rules.day_of(time[0]), rules.day_of(time[1] - MINUTE))


def _is_taken(uow: UnitOfWork, room: str, time: Time) -> bool:
    refs = _agenda_refs(uow.origin.community, room, [time])
    return any((uow.find(ref) or Agenda()).is_taken(*time) for ref in refs)


def _agenda_refs(community: str, room: str, times: Iterable[Time]) -> Iterable[Ref[Agenda]]:
    months = dict.fromkeys(month for time in times for month in months_of(*time))
    return [agenda_ref(community, room, month) for month in months]


def _shown(times: Iterable[Time]) -> list[Mapping[str, str]]:
    return [{"begins_at": begin.isoformat(), "ends_at": end.isoformat()} for begin, end in times]


def _booking(uow: UnitOfWork, ask: BookingRequest, room: Room, rules: RoomRules) -> Booking:
    return Booking(
        id=ask.booking,
        room=room.id,
        room_name=room.offer.name,
        partner=room.partner,
        booked_by=uow.origin.actor.subject,
        begins_at=ask.begins_at,
        ends_at=ask.ends_at,
        people=ask.people,
        purpose=masked(ask.purpose),
        hours=rules.hours_of_room(room),
        booked_at=uow.at,
        changed_at=uow.at,
        due_at=ask.ends_at,
        series=ask.booking if ask.recurrence else "",
    )


def _at(one: Booking, number: int, time: Time) -> Booking:
    """Return a booking of a series; the first, and what stands alone, has the id that was asked for."""
    name = f"{one.id}.{number:02}" if number else one.id
    return replace(one, id=name, begins_at=time[0], ends_at=time[1], due_at=time[1])


def _keep(uow: UnitOfWork, made: Sequence[Booking], rule: str) -> None:
    community, first = uow.origin.community, made[0]
    slots = tuple(Slot(one.id, one.begins_at, one.ends_at) for one in made)
    for one, slot in zip(made, slots, strict=True):
        for agenda in _agenda_refs(community, one.room, [(one.begins_at, one.ends_at)]):
            uow.put(agenda, (uow.find(agenda) or Agenda()).with_slot(slot))
        uow.put(booking_ref(community, one.id), one)
    if rule:
        uow.put(series_ref(community, first.series), Series(rule, slots))
    ahead = booked_ahead_ref(community, first.booked_by)
    most = AHEAD_MAX if uow.origin.actor.role is Role.RESIDENT else AHEAD_MAX_FOR_OTHERS
    uow.put(ahead, (uow.find(ahead) or BookedAhead()).with_slots(slots, uow.at, most))


def _booked(made: Sequence[Booking], rules: RoomRules) -> RoomBooked:
    first = made[0]
    return RoomBooked(
        room=first.room,
        room_name=first.room_name,
        partner=first.partner,
        bookings=tuple(one.id for one in made),
        booked_by=first.booked_by,
        begins_at=first.begins_at,
        ends_at=first.ends_at,
        when=_when(made, rules),
        people=first.people,
        purpose=first.purpose,
    )


def _when(bookings: Sequence[Booking], rules: RoomRules) -> str:
    first = spoken(bookings[0].begins_at, bookings[0].ends_at, rules.zone)
    return first if len(bookings) == 1 else f"{first} 起共 {len(bookings)} 次"


def cancel_booking(
    origin: Origin, booking: str, reason: str, *, rest: bool = False
) -> Work[Versioned[Booking]]:
    """Cancel a booking.

    Arguments:
        rest: with those of its series that come after it.

    The work raises BookingBegun, BookingStepNotPossible, ReasonMissing; NotFound where it is not there for
    the one who asks.
    """
    ref = booking_ref(origin.community, booking)

    def more(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        kept = uow.find(ref)
        if kept is None:
            return ()
        slots = _slots(uow, kept, rest=rest)
        ahead = booked_ahead_ref(origin.community, kept.booked_by)
        series = (series_ref(origin.community, kept.series),) if rest and kept.series else ()
        bookings = (booking_ref(origin.community, slot.booking) for slot in slots)
        times = [(slot.begins_at, slot.ends_at) for slot in slots]
        return (ahead, *series, *bookings, *_agenda_refs(origin.community, kept.room, times))

    def decide(uow: UnitOfWork) -> Versioned[Booking]:
        before = uow.get(ref, NotFound())
        by, because = part_of(origin, before), masked(reason)
        if by != "booker" and not because:
            raise ReasonMissing
        gone = [before.cancelled(because, uow.at)]
        for slot in _slots(uow, before, rest=rest):
            later = uow.find(booking_ref(origin.community, slot.booking))
            if later is not None and later.id != before.id and later.state == "booked":
                gone.append(later.cancelled(because, uow.at))
        _let_go(uow, gone)
        uow.announce(ref, _cancelled(gone, by, rules_in(uow)))
        return uow.versioned(ref)

    return Work(origin, (ref, rule_ref(origin.community)), decide, more)


def _slots(uow: UnitOfWork, booking: Booking, *, rest: bool) -> tuple[Slot, ...]:
    """Return the slot of a booking, and those of its series that come after it."""
    own = Slot(booking.id, booking.begins_at, booking.ends_at)
    ref = series_ref(uow.origin.community, booking.series)
    series = uow.find(ref) if rest and booking.series and uow.is_loaded(ref) else None
    return (own, *(slot for slot in series.slots if slot.begins_at > own.begins_at)) if series else (own,)


def _let_go(uow: UnitOfWork, gone: Sequence[Booking]) -> None:
    community = uow.origin.community
    for one in gone:
        for agenda in _agenda_refs(community, one.room, [(one.begins_at, one.ends_at)]):
            uow.put(agenda, (uow.find(agenda) or Agenda()).without(one.id))
        uow.put(booking_ref(community, one.id), one)
    ahead = booked_ahead_ref(community, gone[0].booked_by)
    uow.put(ahead, (uow.find(ahead) or BookedAhead()).without(one.id for one in gone))


def _cancelled(gone: Sequence[Booking], by: Part, rules: RoomRules) -> RoomCancelled:
    first = gone[0]
    return RoomCancelled(
        room=first.room,
        room_name=first.room_name,
        partner=first.partner,
        bookings=tuple(one.id for one in gone),
        booked_by=first.booked_by,
        told=() if by == "booker" else (first.booked_by,),
        by=by,
        by_name=PART_NAMES[by],
        when=_when(gone, rules),
        reason=first.because,
    )
