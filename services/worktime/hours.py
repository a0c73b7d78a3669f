"""Opening hours: on which days of the week, and from when to when, somebody works."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order of `datetime.weekday()`."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A span in which somebody works: days by `mon`..`sun`, local time, `closes` not included."""

    days: tuple[str, ...]
    opens: time
    closes: time

    def covers(self, local: datetime) -> bool:
        """Return whether a moment of local time lies in it."""
        return WEEKDAYS[local.weekday()] in self.days and self.opens <= local.time() < self.closes


def is_open(hours: Sequence[Opening], local: datetime) -> bool:
    """Return whether somebody works at a moment of local time; without any hours, always."""
    return not hours or any(opening.covers(local) for opening in hours)


def minutes_open(hours: Sequence[Opening], start: datetime, end: datetime, zone: tzinfo) -> int:
    """Return how many whole minutes of a span somebody works; without any hours, all of them.

    Arguments:
        start, end: moments; spans longer than a few days are not meant.
        zone: in whose local time the hours are.
    """
    if not hours:
        return max(0, int((end - start).total_seconds()) // 60)
    first, last = start.astimezone(zone), end.astimezone(zone)
    seconds = 0.0
    for day in (first.date() + timedelta(days=n) for n in range((last.date() - first.date()).days + 1)):
        for opening in hours:
            if WEEKDAYS[day.weekday()] not in opening.days:
                continue
            opens = datetime.combine(day, opening.opens, zone)
            closes = datetime.combine(day, opening.closes, zone)
            seconds += max(0.0, (min(closes, last) - max(opens, first)).total_seconds())
    return int(seconds) // 60
