"""What a community's file says of its partners' rooms: who may share, and when they are in business."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.chassis.work import UnitOfWork
from services.contracts.community_file import Partner
from services.points.domain.room_time import Premises
from services.points.domain.rooms import MayNotShare, Room, RoomHours
from services.points.handlers.rules import Rules, file_of, first_book
from services.points.store.rules import RuleOnRecord, rule_book_ref, rule_ref


@dataclass(frozen=True, slots=True)
class RoomRules(Rules):
    """By what rooms are shared, and what is earned by it."""

    def check_shares(self, partner: str, at: datetime) -> Partner:
        """Return a partner that may share rooms now.

        Raises:
            MayNotShare: it is not in the file, has not signed the convention, or does not work.
        """
        found = self.partner(partner)
        if found is None:
            raise MayNotShare("该合伙人不在本社区的名册上")
        if found.convention_signed_on is None or found.convention_signed_on > self.day_of(at):
            raise MayNotShare(f"{found.name}还没有签订合伙人服务公约")
        if not found.working:
            raise MayNotShare(f"{found.name}目前停业")
        return found

    def shares(self, partner: str, at: datetime) -> bool:
        """Return whether a partner may share rooms now."""
        try:
            self.check_shares(partner, at)
        except MayNotShare:
            return False
        return True

    def premises_of(self, hours: Sequence[RoomHours]) -> Premises:
        """Return when a room with such hours is in business."""
        return self.premises([one.opening for one in hours])

    def hours_of_room(self, room: Room) -> tuple[RoomHours, ...]:
        """Return the business hours of a room: its partner's, and its own where they are longer.

        A partner that says when its room is in business cannot make them shorter: it earns more outside them.
        """
        partner = self.partner(room.partner)
        spans = partner.hours if partner else ()
        hours = tuple(RoomHours(s.days, s.opens.isoformat(), s.closes.isoformat()) for s in spans)
        return (*hours, *(room.offer.hours or ())) if hours else ()


def room_rules(record: RuleOnRecord | None) -> RoomRules:
    """Return what the file on record says.

    Raises:
        MayNotShare: no file has been loaded, so nobody is a partner.
    """
    if record is None:
        raise MayNotShare
    return RoomRules(file_of(record.text), first_book(record))


def rules_in(uow: UnitOfWork) -> RoomRules:
    """Return by what rooms are shared, and by what is earned where a unit of work has read that, too.

    Raises:
        MayNotShare: as `room_rules`.
    """
    rules = room_rules(uow.find(rule_ref(uow.origin.community)))
    book = rule_book_ref(uow.origin.community)
    decided = uow.find(book) if uow.is_loaded(book) else None
    return RoomRules(rules.file, decided) if decided is not None else rules
