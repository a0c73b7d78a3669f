"""What a community's file says of its partners' rooms: who may share, when is business, what is earned."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.chassis.work import UnitOfWork
from services.contracts.community_file import CommunityFile, Deadlines, Partner
from services.points.domain.room_time import Premises
from services.points.domain.rooms import MayNotShare, Room, RoomHours
from services.points.handlers.rules import file_of
from services.points.store.rules import RuleOnRecord, rule_ref
from services.worktime.state_calendar import is_state_holiday


@dataclass(frozen=True, slots=True)
class RoomRules:
    """The file, as rooms need it.

    Arguments:
        version: of the file on record, for what is reckoned by it.
    """

    file: CommunityFile
    version: int

    @property
    def zone(self) -> tzinfo:
        """Return the community's time zone."""
        return ZoneInfo(self.file.community.timezone)

    def partner(self, partner: str) -> Partner | None:
        """Return a partner; None where the file does not name it, or does no longer."""
        return next((one for one in self.file.partners if one.id == partner), None)

    def check_shares(self, partner: str, at: datetime) -> Partner:
        """Return a partner that may share rooms now.

        Raises:
            MayNotShare: it is not in the file, has not signed the convention, or does not work.
        """
        found = self.partner(partner)
        if found is None:
            raise MayNotShare("该合伙人不在本社区的名册上")
        if found.convention_signed_on is None or found.convention_signed_on > self.today(at):
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

    def hours_of(self, room: Room) -> tuple[RoomHours, ...]:
        """Return the business hours of a room: its own, or else its partner's."""
        if room.offer.hours is not None:
            return room.offer.hours
        partner = self.partner(room.partner)
        spans = partner.hours if partner else ()
        return tuple(RoomHours(s.days, s.opens.isoformat(), s.closes.isoformat()) for s in spans)

    def premises(self, hours: Sequence[RoomHours]) -> Premises:
        """Return when a place with such hours is in business."""
        return Premises([one.opening for one in hours], self.zone, _holidays_of(self.file.deadlines))

    def today(self, at: datetime) -> date:
        """Return the day, as people call it where the community is."""
        return at.astimezone(self.zone).date()


def room_rules(record: RuleOnRecord | None, version: int) -> RoomRules:
    """Return what the file on record says.

    Raises:
        MayNotShare: no file has been loaded, so nobody is a partner.
    """
    if record is None:
        raise MayNotShare
    return RoomRules(file_of(record.text), version)


def rules_in(uow: UnitOfWork) -> RoomRules:
    """Return what the file says that a unit of work has read.

    Raises:
        MayNotShare: as `room_rules`.
    """
    record = rule_ref(uow.origin.community)
    return room_rules(uow.find(record), uow.revision(record))


@lru_cache(maxsize=64)
def _holidays_of(deadlines: Deadlines) -> Callable[[date], bool]:
    free, worked = frozenset(deadlines.holidays), frozenset(deadlines.workdays)

    def is_holiday(day: date) -> bool:
        return day in free or (day not in worked and is_state_holiday(day))

    return is_holiday
