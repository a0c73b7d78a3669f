"""Rooms (共享空间): premises that a partner lets people use, and until when new bookings are taken."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

from services.contracts.refusal import Conflict, Invalid
from services.contracts.values import replace
from services.worktime.hours import Opening

ROOMS_MAX = 50
"""Rooms of a partner that are open at once."""


class MayNotShare(Conflict):
    """Rooms are those of partners who are in the community's file, have signed the convention, and work."""

    slug = "may_not_share"
    title = "只有已签公约、正在营业的合伙人可以共享空间"


class RoomWithdrawn(Conflict):
    """It is shared no longer."""

    slug = "room_withdrawn"
    title = "这个空间已不再共享"


class RoomNotOpen(Conflict):
    """It is shared from a day on, or until a day; `not_open` says which of the times are before or after."""

    slug = "room_not_open"
    title = "这个空间在那些日子不开放预订"


class RoomDatesWrong(Invalid):
    """What ends on a day begins on that day or before it."""

    slug = "room_dates_wrong"
    title = "开放的截止日期不能早于开始日期"


class TooManyRooms(Conflict):
    """A partner has so many rooms open at most."""

    slug = "too_many_rooms"
    title = f"一个合伙人最多共享 {ROOMS_MAX} 个空间"


@dataclass(frozen=True, slots=True)
class RoomHours:
    """A span of business hours as it is kept: days by `mon`..`sun`, `opens` and `closes` as 08:30."""

    days: tuple[str, ...]
    opens: str
    closes: str

    @property
    def opening(self) -> Opening:
        """Return it as time is told by it."""
        return Opening(self.days, time.fromisoformat(self.opens), time.fromisoformat(self.closes))


@dataclass(frozen=True, slots=True)
class RoomOffer:
    """What is offered.

    Arguments:
        seats: so many people at most.
        equipment: what is in it, in plain words.
        hours: its own business hours; None: the partner's.
        open_from, open_until: days (ISO) from which and until which it may be used, both included.
    """

    name: str
    seats: int
    equipment: str = ""
    hours: tuple[RoomHours, ...] | None = None
    open_from: str | None = None
    open_until: str | None = None

    def check(self) -> None:
        """Make sure that it can be.

        Raises:
            RoomDatesWrong
        """
        if self.open_from and self.open_until and self.open_until < self.open_from:
            raise RoomDatesWrong

    def is_open_on(self, first: date, last: date) -> bool:
        """Return whether it may be used from one day to another."""
        begins, ends = self.open_from or "", self.open_until or "9999-12-31"
        return begins <= first.isoformat() and last.isoformat() <= ends


@dataclass(frozen=True, slots=True)
class Room:
    """A room.

    Arguments:
        partner: whose it is.
        because: why it was withdrawn.
    """

    id: str
    partner: str
    offer: RoomOffer
    published_at: datetime
    state: Literal["open", "withdrawn"] = "open"
    withdrawn_at: datetime | None = None
    because: str = ""

    def changed(self, offer: RoomOffer) -> "Room":
        """Return the room with another offer; what is booked stays as it was booked.

        Raises:
            RoomWithdrawn, RoomDatesWrong
        """
        self.check_open()
        offer.check()
        return replace(self, offer=offer)

    def withdrawn(self, because: str, at: datetime) -> "Room":
        """Return the room after it was withdrawn: nobody books it any more, what is booked stays.

        Raises:
            RoomWithdrawn: it was before.
        """
        self.check_open()
        return replace(self, state="withdrawn", withdrawn_at=at, because=because)

    def check_open(self) -> None:
        """Make sure that it is shared.

        Raises:
            RoomWithdrawn
        """
        if self.state != "open":
            raise RoomWithdrawn


@dataclass(frozen=True, slots=True)
class OpenRooms:
    """How many rooms of a partner are open."""

    rooms: int = 0

    def with_one_more(self) -> "OpenRooms":
        """Return it with another room.

        Raises:
            TooManyRooms
        """
        if self.rooms >= ROOMS_MAX:
            raise TooManyRooms(rooms_max=ROOMS_MAX)
        return OpenRooms(self.rooms + 1)

    def with_one_less(self) -> "OpenRooms":
        """Return it after a room was withdrawn."""
        return OpenRooms(max(0, self.rooms - 1))
