"""Opening hours: on which days of the week, and from when to when, somebody works."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

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
