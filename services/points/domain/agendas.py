"""Who has a room when, a month at a time, and what somebody has booked ahead: bounded, and kept in order.

Two bookings that overlap share a moment, and so a month whose agenda both have to write: under its revision,
the database decides which of them is first.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from services.contracts.refusal import Conflict

SLOTS_MAX = 1_500
"""Bookings of a room in a month."""
AHEAD_MAX = 100
AHEAD_MAX_FOR_OTHERS = 400
"""Bookings that somebody has ahead; who books for others may have more."""


class SlotTaken(Conflict):
    """Somebody has the room then; `taken` says when, `not_open` when it is not shared."""

    slug = "slot_taken"
    title = "这个时间已被预订"


class AgendaFull(Conflict):
    """A room has been booked so often in a month that no more is taken."""

    slug = "agenda_full"
    title = "这个空间当月的预订已满"


class TooManyBookings(Conflict):
    """Somebody has booked so much ahead that they first use or cancel some of it."""

    slug = "too_many_bookings"
    title = "您未使用的预订过多，请先使用或取消一些"


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch of time that a booking has."""

    booking: str
    begins_at: datetime
    ends_at: datetime

    def overlaps(self, begins_at: datetime, ends_at: datetime) -> bool:
        """Return whether they share a moment; one may begin when the other ends."""
        return self.begins_at < ends_at and begins_at < self.ends_at


def _beginning(slot: Slot) -> datetime:
    return slot.begins_at


@dataclass(frozen=True, slots=True)
class Agenda:
    """A room's bookings that touch a month (of UTC), in order; no two overlap."""

    slots: tuple[Slot, ...] = ()

    def is_taken(self, begins_at: datetime, ends_at: datetime) -> bool:
        """Return whether somebody has the room then."""
        place = bisect_left(self.slots, ends_at, key=_beginning)
        return place > 0 and self.slots[place - 1].ends_at > begins_at

    def at(self, moment: datetime) -> Slot | None:
        """Return the slot that a moment lies in."""
        place = bisect_right(self.slots, moment, key=_beginning)
        return self.slots[place - 1] if place and self.slots[place - 1].ends_at > moment else None

    def with_slot(self, slot: Slot) -> "Agenda":
        """Return it with another slot.

        Raises:
            SlotTaken: somebody has it.
            AgendaFull
        """
        if self.is_taken(slot.begins_at, slot.ends_at):
            raise SlotTaken
        if len(self.slots) >= SLOTS_MAX:
            raise AgendaFull
        place = bisect_left(self.slots, slot.begins_at, key=_beginning)
        return Agenda((*self.slots[:place], slot, *self.slots[place:]))

    def without(self, booking: str) -> "Agenda":
        """Return it without a booking."""
        return Agenda(tuple(slot for slot in self.slots if slot.booking != booking))

    def between(self, begins_at: datetime, ends_at: datetime) -> tuple[Slot, ...]:
        """Return the slots that share a moment with a time."""
        return tuple(slot for slot in self.slots if slot.overlaps(begins_at, ends_at))


@dataclass(frozen=True, slots=True)
class BookedAhead:
    """What somebody has booked and not had yet."""

    slots: tuple[Slot, ...] = ()

    def with_slots(self, more: Iterable[Slot], at: datetime, most: int) -> "BookedAhead":
        """Return it with more, and without what is over.

        Raises:
            TooManyBookings
        """
        slots = (*(slot for slot in self.slots if slot.ends_at > at), *more)
        if len(slots) > most:
            raise TooManyBookings(bookings_max=most)
        return BookedAhead(slots)

    def without(self, bookings: Iterable[str]) -> "BookedAhead":
        """Return it without some bookings."""
        gone = frozenset(bookings)
        return BookedAhead(tuple(slot for slot in self.slots if slot.booking not in gone))


def months_of(begins_at: datetime, ends_at: datetime) -> tuple[str, ...]:
    """Return the months (of UTC, `2026-03`) that a time touches; it ends before its last moment."""
    month = begins_at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    found: list[str] = []
    while month < ends_at or not found:
        found.append(f"{month:%Y-%m}")
        month = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
    return tuple(found)
