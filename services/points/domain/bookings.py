"""Bookings (预订): somebody has a room for a time, comes, goes, and says that it was so.

booked → in_use → used                       paid at once
              └→ to_confirm → used           the partner itself opened or closed, or nobody closed
                          └→ disputed → used, or rejected
booked → cancelled, before it begins; no_show, if nobody came by its end
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from services.contracts.refusal import Conflict, Invalid
from services.contracts.values import replace
from services.points.domain.room_time import MINUTE, on_the_minute
from services.points.domain.rooms import RoomHours

HOURS_MAX = timedelta(hours=24)
AHEAD_MAX = timedelta(days=180)
CHECK_IN_OPENS = timedelta(minutes=30)
"""Before it begins."""
CLOSES_AFTER = timedelta(hours=2)
"""After its end, where nobody checked out."""
DISPUTED_WITHIN = timedelta(days=7)
"""After the check-out; then the partner's word holds."""

BookingState = Literal[
    "booked", "in_use", "to_confirm", "disputed", "used", "rejected", "no_show", "cancelled"
]
Part = Literal["booker", "partner", "staff", "timer"]
"""In which part somebody acts."""
STATE_NAMES: Mapping[BookingState, str] = MappingProxyType(
    {
        "booked": "已预订",
        "in_use": "使用中",
        "to_confirm": "待确认",
        "disputed": "有异议",
        "used": "已使用",
        "rejected": "未认可",
        "no_show": "未到",
        "cancelled": "已取消",
    }
)
PART_NAMES: Mapping[Part, str] = MappingProxyType(
    {"booker": "预订人", "partner": "合伙人", "staff": "社区", "timer": "到时自动"}
)


class BookingEndsFirst(Invalid):
    """It ends after it begins."""

    slug = "booking_ends_first"
    title = "结束时间须晚于开始时间"


class BookingNotOnTheMinute(Invalid):
    """Rooms are booked by the minute."""

    slug = "booking_not_on_the_minute"
    title = "预订时间须为整分钟"


class BookingTooLong(Invalid):
    """A booking has a day at most."""

    slug = "booking_too_long"
    title = "一次预订不超过 24 小时"


class BookingInThePast(Invalid):
    """It begins after now."""

    slug = "booking_in_the_past"
    title = "预订的开始时间已过"


class BookingTooFarAhead(Invalid):
    """It, or the first of a series, begins within half a year."""

    slug = "booking_too_far_ahead"
    title = f"最多提前 {AHEAD_MAX.days} 天预订"


class TooManyPeople(Conflict):
    """There are as many seats as the room has."""

    slug = "too_many_people"
    title = "人数超过座位数"


class OwnRoom(Conflict):
    """Partners earn by what others use."""

    slug = "own_room"
    title = "合伙人不能预订自己的空间"


class ReasonMissing(Invalid):
    """Whoever cancels what somebody else booked says why."""

    slug = "reason_missing"
    title = "取消别人的预订须写明原因"


class BookingStepNotPossible(Conflict):
    """As it stands now, that cannot be done."""

    slug = "booking_step_not_possible"
    title = "预订的当前状态不能这样做"


class CheckInTooEarly(Conflict):
    """People come half an hour before it begins, and no earlier."""

    slug = "check_in_too_early"
    title = f"开始前 {CHECK_IN_OPENS // MINUTE} 分钟起才能签到"


class BookingOver(Conflict):
    """Its time is over."""

    slug = "booking_over"
    title = "预订的时间已过"


class BookingBegun(Conflict):
    """What has begun is not cancelled any more."""

    slug = "booking_begun"
    title = "已经开始的预订不能取消"


@dataclass(frozen=True, slots=True)
class Mark:
    """When somebody came or went, and in which part they acted who noted it."""

    at: datetime
    by: Part


@dataclass(frozen=True, slots=True)
class Use:
    """What of the booked time was used, inside business hours and outside, and what it earned."""

    inside_minutes: int
    outside_minutes: int
    points: int


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking.

    Arguments:
        room_name: as it was called then.
        partner: whose room it is.
        booked_by: by the subject of their token.
        hours: the business hours that held when it was booked; empty: always.
        series: the first booking of those that recur together; empty: it stands alone.
        sequence: counts what calendars are to notice (RFC 5545 §3.8.7.4).
        due_at: when it moves on by itself.
        because: why it was cancelled, disputed or rejected.
    """

    id: str
    room: str
    room_name: str
    partner: str
    booked_by: str
    begins_at: datetime
    ends_at: datetime
    people: int
    purpose: str
    hours: tuple[RoomHours, ...]
    booked_at: datetime
    changed_at: datetime
    due_at: datetime | None
    series: str = ""
    sequence: int = 0
    state: BookingState = "booked"
    checked_in: Mark | None = None
    checked_out: Mark | None = None
    use: Use | None = None
    because: str = ""

    @property
    def span_used(self) -> tuple[datetime, datetime]:
        """Return from when to when it was used: nobody's coming early or staying on makes it longer."""
        assert self.checked_in is not None, "nothing is paid for nobody"
        gone = self.checked_out.at if self.checked_out else self.ends_at
        return max(self.begins_at, self.checked_in.at), min(self.ends_at, gone)

    @property
    def needs_confirmation(self) -> bool:
        """Return whether more is needed than the word of the one who earns by it."""
        return any(mark is not None and mark.by in ("partner", "timer") for mark in self.marks)

    @property
    def marks(self) -> tuple[Mark | None, Mark | None]:
        """Return who noted its beginning and its end."""
        return self.checked_in, self.checked_out

    def check_in(self, by: Part, at: datetime) -> "Booking":
        """Return the booking after somebody came.

        Raises:
            BookingStepNotPossible, CheckInTooEarly, BookingOver
        """
        self._expect("booked")
        if at >= self.ends_at:
            raise BookingOver
        opens = self.begins_at - CHECK_IN_OPENS
        if at < opens:
            raise CheckInTooEarly(opens_at=opens.isoformat())
        due = self.ends_at + CLOSES_AFTER
        return replace(self, state="in_use", checked_in=Mark(at, by), due_at=due, changed_at=at)

    def check_out(self, by: Part, at: datetime) -> "Booking":
        """Return the booking after they went: used, or to be confirmed.

        Raises:
            BookingStepNotPossible
            BookingOver: it is closed by itself.
        """
        self._expect("in_use")
        if by != "timer" and self.due_at is not None and at >= self.due_at:
            raise BookingOver
        gone = replace(self, checked_out=Mark(at, by), changed_at=at)
        if not gone.needs_confirmation:
            return replace(gone, state="used", due_at=None)
        return replace(gone, state="to_confirm", due_at=None if by == "timer" else at + DISPUTED_WITHIN)

    def confirmed(self, by: Part, at: datetime) -> "Booking":
        """Return the booking after somebody said that it was so; what is disputed, staff decide.

        Raises:
            BookingStepNotPossible
        """
        self._expect(*(("to_confirm", "disputed") if by == "staff" else ("to_confirm",)))
        return replace(self, state="used", due_at=None, changed_at=at)

    def disputed(self, because: str, at: datetime) -> "Booking":
        """Return the booking after the booker said that it was not so.

        Raises:
            BookingStepNotPossible
        """
        self._expect("to_confirm")
        return replace(self, state="disputed", because=because, due_at=None, changed_at=at)

    def rejected(self, because: str, at: datetime) -> "Booking":
        """Return the booking after staff decided that it was not so.

        Raises:
            BookingStepNotPossible
        """
        self._expect("to_confirm", "disputed")
        return replace(self, state="rejected", because=because, due_at=None, changed_at=at)

    def cancelled(self, because: str, at: datetime) -> "Booking":
        """Return the booking after it was cancelled.

        Raises:
            BookingStepNotPossible, BookingBegun
        """
        if self.state == "in_use" or (self.state == "booked" and at >= self.begins_at):
            raise BookingBegun
        self._expect("booked")
        after = replace(self, state="cancelled", because=because, due_at=None, changed_at=at)
        return replace(after, sequence=self.sequence + 1)

    def moved_on(self, at: datetime) -> "Booking | None":
        """Return the booking after its time has come, or None if it has not: it moves on by itself."""
        if self.due_at is None or self.due_at > at:
            return None
        if self.state == "booked":
            return replace(self, state="no_show", due_at=None, changed_at=at)
        return self.check_out("timer", at) if self.state == "in_use" else self.confirmed("timer", at)

    def _expect(self, *states: BookingState) -> None:
        if self.state not in states:
            raise BookingStepNotPossible(f"预订{STATE_NAMES[self.state]}，不能这样做", state=self.state)


def check_times(begins_at: datetime, ends_at: datetime, at: datetime) -> None:
    """Make sure that a room can be booked for a time.

    Raises:
        BookingEndsFirst, BookingNotOnTheMinute, BookingTooLong, BookingInThePast, BookingTooFarAhead
    """
    if ends_at <= begins_at:
        raise BookingEndsFirst
    if on_the_minute(begins_at) != begins_at or on_the_minute(ends_at) != ends_at:
        raise BookingNotOnTheMinute
    if ends_at - begins_at > HOURS_MAX:
        raise BookingTooLong
    if begins_at <= at:
        raise BookingInThePast
    if begins_at - at > AHEAD_MAX:
        raise BookingTooFarAhead(days_max=AHEAD_MAX.days)
