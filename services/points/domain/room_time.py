"""Time in a room: what of it lies inside business hours, what its use earns, and how people say when it is.

The use of a room is counted in whole minutes. A minute lies inside business hours if it begins in them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise

from services.worktime.hours import Opening, is_open

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
_DAY_NAMES = "一二三四五六日"


@dataclass(frozen=True, slots=True)
class Premises:
    """When a place is in business.

    Arguments:
        hours: by weekday; one without any is always in business, on holidays, too.
        zone: in which its days begin.
        is_holiday: whether the state, or the community, rests on a day: nobody is in business then.
    """

    hours: Sequence[Opening]
    zone: tzinfo
    is_holiday: Callable[[date], bool]

    def is_open(self, at: datetime) -> bool:
        """Return whether it is in business at a moment."""
        local = at.astimezone(self.zone)
        return not self.hours or (is_open(self.hours, local) and not self.is_holiday(local.date()))


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of time in which a place is in business throughout, or is not."""

    begins_at: datetime
    ends_at: datetime
    is_open: bool

    @property
    def minutes(self) -> int:
        """Return how long it is."""
        return (self.ends_at - self.begins_at) // MINUTE


def pieces(premises: Premises, begins_at: datetime, ends_at: datetime) -> Iterator[Piece]:
    """Yield the pieces of a time, cut at every midnight and wherever business begins or ends."""
    cuts = {begins_at, ends_at}
    day = begins_at.astimezone(premises.zone).date()
    while (midnight := _moment(day, time(), premises.zone)) < ends_at:
        times = {edge for hours in premises.hours for edge in (hours.opens, hours.closes)}
        cuts |= {midnight, *(_moment(day, edge, premises.zone) for edge in times)}
        day += DAY
    inside = sorted(cut for cut in cuts if begins_at <= cut <= ends_at)
    for begin, end in pairwise(inside):
        yield Piece(begin, end, premises.is_open(begin))


def used_minutes(premises: Premises, begins_at: datetime, ends_at: datetime) -> tuple[int, int]:
    """Return the minutes of a use inside business hours, and those outside; none if it ends before it begins.

    Both moments are cut to the minute.
    """
    begin, end = on_the_minute(begins_at), on_the_minute(ends_at)
    if end <= begin:
        return 0, 0
    counted = {True: 0, False: 0}
    for piece in pieces(premises, begin, end):
        counted[piece.is_open] += piece.minutes
    return counted[True], counted[False]


def on_the_minute(at: datetime) -> datetime:
    """Return the beginning of a moment's minute, in UTC."""
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def spoken(begins_at: datetime, ends_at: datetime, zone: tzinfo) -> str:
    """Return a time as people say it where it is; the day of its end where that is another."""
    begin, end = begins_at.astimezone(zone), ends_at.astimezone(zone)
    to = f"{end:%H:%M}" if end.date() == begin.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{begin:%Y-%m-%d}（周{_DAY_NAMES[begin.weekday()]}）{begin:%H:%M}–{to}"


def midnight_of(day: date, zone: tzinfo) -> datetime:
    """Return when a day begins."""
    return _moment(day, time(), zone)


def _moment(day: date, at: time, zone: tzinfo) -> datetime:
    """Return a moment of a day in UTC; what is not on the minute begins with the next."""
    moment = datetime.combine(day, at, zone).astimezone(UTC)
    whole = on_the_minute(moment)
    return whole if whole == moment else whole + MINUTE
