"""Working time: how long something takes when only the hours in which people work are counted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Protocol

DAYS_MAX = 4_000
"""Days that are looked through for working time before it is taken for certain that there is none."""


class NoWorkingTime(Exception):
    """The calendar has no working day within `DAYS_MAX` days: a mistake in the community's file."""


class Clock(Protocol):
    """Counts time in one way or another. Moments carry their zone; results are in UTC."""

    def later(self, start: datetime, span: timedelta) -> datetime: ...

    def between(self, start: datetime, end: datetime) -> timedelta: ...


@dataclass(frozen=True, slots=True)
class RoundTheClock:
    """Counts every hour: what is urgent does not wait for Monday."""

    def later(self, start: datetime, span: timedelta) -> datetime:
        """Return the moment at which `span` has passed."""
        return start.astimezone(UTC) + span

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the time between two moments; nothing when the end is not after the start."""
        return max(timedelta(), end - start)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the working day, in local time; `closes` is after `opens`."""

    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Counts working hours and working days alone.

    Arguments:
        spans: of every working day, in their order, none overlapping.
        zone: the community's time zone, in which days begin and end.
        is_workday: whether people work on a day; it knows holidays, and weekends that are worked (调休).
    """

    spans: tuple[Span, ...]
    zone: tzinfo
    is_workday: Callable[[date], bool]

    def later(self, start: datetime, span: timedelta) -> datetime:
        """Return the moment at which `span` of working time has passed, closing times included.

        Raises:
            NoWorkingTime: nobody ever works.
        """
        left = span
        for opens, closes in self._spans_from(start):
            begins = max(opens, start)
            if closes - begins >= left:
                return begins.astimezone(UTC) + left
            left -= closes - begins
        raise NoWorkingTime

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time between two moments; nothing when the end is not after the start."""
        passed = timedelta()
        for opens, closes in self._spans_from(start):
            if opens >= end:
                break
            passed += max(timedelta(), min(closes, end) - max(opens, start))
        return passed

    def closing(self, start: datetime, days: int) -> datetime:
        """Return when the `days`-th working day after the day of `start` closes; that day does not count.

        Raises:
            NoWorkingTime: nobody ever works.
        """
        return _moment(
            _workday_after(self.is_workday, self.day_of(start), days), self.spans[-1].closes, self.zone
        )

    def opening(self, start: datetime, days: int) -> datetime:
        """Return when the `days`-th working day after the day of `start` opens.

        Raises:
            NoWorkingTime: nobody ever works.
        """
        return _moment(
            _workday_after(self.is_workday, self.day_of(start), days), self.spans[0].opens, self.zone
        )

    def day_of(self, at: datetime) -> date:
        """Return the day of a moment, as people in the community call it."""
        return at.astimezone(self.zone).date()

    def _spans_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the working spans that end at or after `start`."""
        for day in _days_from(self.day_of(start)):
            if not self.is_workday(day):
                continue
            for span in self.spans:
                closes = _moment(day, span.closes, self.zone)
                if closes >= start:
                    yield _moment(day, span.opens, self.zone), closes


def _days_from(first: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range(DAYS_MAX))


@lru_cache(maxsize=4_096)
def _workday_after(is_workday: Callable[[date], bool], start: date, days: int) -> date:
    left = days
    for day in _days_from(start + timedelta(days=1)):
        if is_workday(day):
            left -= 1
            if left <= 0:
                return day
    raise NoWorkingTime


@lru_cache(maxsize=4_096)
def _moment(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
