"""Rooms are published, changed and withdrawn."""

from collections.abc import Sequence
from typing import Any

from services.chassis.documents import Ref, Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.refusal import NotFound
from services.contracts.rooms import RoomChanged, RoomPublished, RoomWithdrawn
from services.contracts.values import replace
from services.language.masks import masked
from services.points.domain.rooms import OpenRooms, Room, RoomOffer
from services.points.handlers.room_rules import rules_in
from services.points.store.rooms import open_rooms_ref, room_ref
from services.points.store.rules import rule_ref


def publish_room(origin: Origin, room: str, partner: str, offer: RoomOffer) -> Work[Versioned[Room]]:
    """Let a partner's room be booked from now on.

    Arguments:
        room: its id.

    The work raises MayNotShare, RoomDatesWrong, TooManyRooms.
    """
    ref, count = room_ref(origin.community, room), open_rooms_ref(origin.community, partner)

    def decide(uow: UnitOfWork) -> Versioned[Room]:
        name = rules_in(uow).check_shares(partner, uow.at).name
        offer.check()
        uow.put(count, (uow.find(count) or OpenRooms()).with_one_more())
        published = Room(room, partner, _masked(offer), uow.at)
        uow.put(ref, published)
        fact = RoomPublished(**_told(published), partner_name=name, seats=offer.seats, by=_part(origin))
        uow.announce(ref, fact)
        return uow.versioned(ref)

    return Work(origin, (rule_ref(origin.community), ref, count), decide)


def change_room(origin: Origin, room: str, offer: RoomOffer) -> Work[Versioned[Room]]:
    """Let a room be another offer; what is booked stays as it was booked.

    The work raises RoomWithdrawn, RoomDatesWrong, MayNotShare; NotFound where there is no such room.
    """
    ref = room_ref(origin.community, room)

    def decide(uow: UnitOfWork) -> Versioned[Room]:
        changed = uow.get(ref, NotFound()).changed(_masked(offer))
        name = rules_in(uow).check_shares(changed.partner, uow.at).name
        uow.put(ref, changed)
        fact = RoomChanged(**_told(changed), partner_name=name, seats=offer.seats, by=_part(origin))
        uow.announce(ref, fact)
        return uow.versioned(ref)

    return Work(origin, (rule_ref(origin.community), ref), decide)


def withdraw_room(origin: Origin, room: str, reason: str) -> Work[Versioned[Room]]:
    """Let a room be booked no longer; what is booked stays until somebody cancels it.

    The work raises RoomWithdrawn; NotFound where there is no such room.
    """
    ref = room_ref(origin.community, room)

    def decide(uow: UnitOfWork) -> Versioned[Room]:
        gone = uow.get(ref, NotFound()).withdrawn(masked(reason), uow.at)
        count = open_rooms_ref(origin.community, gone.partner)
        uow.put(ref, gone)
        uow.put(count, (uow.find(count) or OpenRooms()).with_one_less())
        uow.announce(ref, RoomWithdrawn(**_told(gone), by=_part(origin), reason=gone.because))
        return uow.versioned(ref)

    def owner(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        kept = uow.find(ref)
        return (open_rooms_ref(origin.community, kept.partner),) if kept else ()

    return Work(origin, (ref,), decide, owner)


def _masked(offer: RoomOffer) -> RoomOffer:
    return replace(offer, name=masked(offer.name), equipment=masked(offer.equipment))


def _told(room: Room) -> dict[str, str]:
    return {"room": room.id, "room_name": room.offer.name, "partner": room.partner}


def _part(origin: Origin) -> str:
    return origin.actor.role.value
