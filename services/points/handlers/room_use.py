"""People come and go, what they used is confirmed or disputed, and the partner is paid for it, once."""

from collections.abc import Callable, Sequence
from typing import Any

from services.chassis.documents import Ref, Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.refusal import NotFound
from services.contracts.rooms import RoomDisputed, RoomRejected, RoomToConfirm, RoomUsed
from services.contracts.values import replace
from services.contracts.words import Message
from services.language.masks import masked
from services.points.domain.bookings import Booking, Part, Use
from services.points.domain.room_time import spoken, used_minutes
from services.points.domain.rules import ROOM, Service
from services.points.domain.transfers import Cause, id_of
from services.points.handlers.bookings import part_of
from services.points.handlers.room_rules import RoomRules, rules_in
from services.points.handlers.rules import rule_refs
from services.points.handlers.services import EarnedBy, earn, earning_refs
from services.points.store.rooms import booking_ref
from services.points.store.rules import rule_ref

USED = "room.used"
Step = Callable[[Booking, Part, UnitOfWork], Booking]


def check_in(origin: Origin, booking: str) -> Work[Versioned[Booking]]:
    """Note that people came; raises what `Booking.check_in` does."""
    return _step(origin, booking, lambda kept, by, uow: kept.check_in(by, uow.at))


def check_out(origin: Origin, booking: str) -> Work[Versioned[Booking]]:
    """Note that they went, and pay where nobody has to confirm; raises what `Booking.check_out` does."""
    return _step(origin, booking, lambda kept, by, uow: kept.check_out(by, uow.at))


def confirm_use(origin: Origin, booking: str) -> Work[Versioned[Booking]]:
    """Pay for what the booker or staff say was used; raises what `Booking.confirmed` does."""
    return _step(origin, booking, lambda kept, by, uow: kept.confirmed(by, uow.at))


def dispute_use(origin: Origin, booking: str, reason: str) -> Work[Versioned[Booking]]:
    """Let staff decide what the booker says was not so; raises what `Booking.disputed` does."""
    return _step(origin, booking, lambda kept, _, uow: kept.disputed(masked(reason), uow.at))


def reject_use(origin: Origin, booking: str, reason: str) -> Work[Versioned[Booking]]:
    """Pay nothing for what staff decided was not so; raises what `Booking.rejected` does."""
    return _step(origin, booking, lambda kept, _, uow: kept.rejected(masked(reason), uow.at))


def _step(origin: Origin, booking: str, step: Step) -> Work[Versioned[Booking]]:
    ref = booking_ref(origin.community, booking)

    def decide(uow: UnitOfWork) -> Versioned[Booking]:
        before = uow.get(ref, NotFound())
        return _keep(uow, step(before, part_of(origin, before), uow))

    return Work(origin, (ref, *rule_refs(origin.community)), decide, _what_paying_reads(ref))


def move_on(origin: Origin, booking: str) -> Work[bool]:
    """Let a booking go on whose time has come: nobody came, nobody checked out, or nobody disputed it."""
    ref = booking_ref(origin.community, booking)

    def decide(uow: UnitOfWork) -> bool:
        kept = uow.find(ref)
        after = kept.moved_on(uow.at) if kept is not None else None
        if after is None:
            return False
        _keep(uow, after)
        return True

    return Work(origin, (ref, *rule_refs(origin.community)), decide, _what_paying_reads(ref))


def _what_paying_reads(ref: Ref[Booking]) -> Callable[[UnitOfWork], Sequence[Ref[Any]]]:
    def reads(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        kept = uow.find(ref)
        if kept is None or uow.find(rule_ref(ref.community)) is None:
            return ()
        rules = rules_in(uow)
        return earning_refs(rules, ref.community, _earned_by(uow, kept, Service(ROOM)))

    return reads


def _earned_by(uow: UnitOfWork, booking: Booking, service: Service) -> EarnedBy:
    award = id_of(uow.origin.community, booking.id, USED)
    return EarnedBy(award, booking.partner, service, booking.begins_at, Cause("booking", booking.id))


def _keep(uow: UnitOfWork, after: Booking) -> Versioned[Booking]:
    """Keep a booking as a step left it, pay what it has earned by it, and tell of it."""
    ref = booking_ref(uow.origin.community, after.id)
    rules = rules_in(uow)
    if after.state == "used":
        inside, outside = used_minutes(rules.premises_of(after.hours), *after.span_used)
        earns = _earned_by(uow, after, Service(ROOM, inside, outside, name=after.room_name))
        after = replace(after, use=Use(inside, outside, earn(uow, earns, rules).amount_points))
    uow.put(ref, after)
    fact = _fact(after, rules)
    if fact is not None:
        uow.announce(ref, fact)
    return uow.versioned(ref)


def _fact(booking: Booking, rules: RoomRules) -> Message | None:
    told = {
        "room": booking.room,
        "room_name": booking.room_name,
        "partner": booking.partner,
        "booking": booking.id,
        "booked_by": booking.booked_by,
        "when": spoken(booking.begins_at, booking.ends_at, rules.zone),
    }
    match booking.state:
        case "to_confirm":
            return RoomToConfirm(**told, to=(booking.booked_by,), until=booking.due_at)
        case "disputed":
            return RoomDisputed(**told, reason=booking.because)
        case "rejected":
            return RoomRejected(**told, reason=booking.because)
        case "used" if booking.use is not None:
            use = booking.use
            return RoomUsed(
                **told,
                inside_minutes=use.inside_minutes,
                outside_minutes=use.outside_minutes,
                amount_points=use.points,
            )
        case _:
            return None
