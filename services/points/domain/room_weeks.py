"""How a room stands, day by day: what is free, booked or closed, and what of it is business."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal

from services.points.domain.agendas import Agenda, Slot
from services.points.domain.room_time import DAY, Premises, midnight_of, on_the_minute, pieces
from services.points.domain.rooms import RoomOffer

DAYS = 7
StretchState = Literal["free", "booked", "closed"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a day.

    Arguments:
        is_business: whether it lies in business hours; outside, its use earns more.
        booking: that has it; empty where none does.
    """

    begins_at: datetime
    ends_at: datetime
    state: StretchState
    is_business: bool
    booking: str = ""


@dataclass(frozen=True, slots=True)
class RoomDay:
    """A day of a room, from midnight to midnight."""

    day: date
    is_holiday: bool
    stretches: Sequence[Stretch]


@dataclass(frozen=True, slots=True)
class RoomWeek:
    """A room, as it is looked at.

    Arguments:
        offer: None where nobody can book it any more.
        slots: of its agenda, in order.
        at: when it is looked at; what is over is closed.
    """

    offer: RoomOffer | None
    premises: Premises
    slots: Sequence[Slot]
    at: datetime

    def days(self, first: date) -> Iterator[RoomDay]:
        """Yield seven days."""
        for number in range(DAYS):
            day = first + timedelta(days=number)
            yield RoomDay(day, self.premises.is_holiday(day), tuple(self._stretches(day)))

    def _stretches(self, day: date) -> Iterator[Stretch]:
        begin, end = midnight_of(day, self.premises.zone), midnight_of(day + DAY, self.premises.zone)
        taken = Agenda(tuple(slot for slot in self.slots if slot.overlaps(begin, end)))
        edges = {edge for slot in taken.slots for edge in (slot.begins_at, slot.ends_at)}
        edges.add(on_the_minute(self.at))
        is_open = self.offer is not None and self.offer.is_open_on(day, day)
        for piece in pieces(self.premises, begin, end):
            inside = {edge for edge in edges if piece.begins_at < edge < piece.ends_at}
            for one, other in pairwise(sorted({piece.begins_at, piece.ends_at, *inside})):
                slot = taken.at(one)
                state: StretchState = "free" if is_open and one >= self.at else "closed"
                yield Stretch(
                    one,
                    other,
                    "booked" if slot else state,
                    piece.is_open,
                    slot.booking if slot else "",
                )


def week_bounds(premises: Premises, first: date) -> tuple[datetime, datetime]:
    """Return when the first of seven days begins and the last ends."""
    return midnight_of(first, premises.zone), midnight_of(first + timedelta(days=DAYS), premises.zone)
