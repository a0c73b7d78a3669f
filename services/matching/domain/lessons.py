"""What a community teaches the router: one lesson an order, from what people decided about it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.contracts.values import replace
from services.language.wishes import Wish
from services.matching.domain.lifecycle import OrderStatus
from services.matching.domain.orders import Order

BY_STAFF = "staff"
LESSONS_MAX = 2_000
"""The newest lessons a community's experience is made of; older ones are forgotten."""


class Teaching(StrEnum):
    """What a lesson says of its provider."""

    CHOSEN = "chosen"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


WEIGHTS = {Teaching.CHOSEN: 1.0, Teaching.CONFIRMED: 1.0, Teaching.REFUSED: 0.5}
"""How much a lesson counts beside one plain choice of staff."""
DOUBTED_WEIGHT = 0.25
"""What a lesson still counts that all the others speak against."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One order's lesson.

    Arguments:
        id: of the order.
        text, title, compound: the matter, masked, as the router read it.
        provider: whom the lesson is about.
        teaching: whether it was right or wrong for the matter.
        number: grows with time; a newer one about the same order takes a new number. Microseconds since
            1970; an earlier release counted the community's lessons from 1 instead.
        at: the moment whose contracts counted; None for one of a release that did not keep it.
        undone: taken back by staff; it teaches nothing.
        wishes: of the matter; empty in lessons of a release that did not read them.
    """

    id: str
    text: str
    title: str | None
    compound: str | None
    provider: str
    teaching: Teaching
    number: int
    at: datetime | None = None
    undone: bool = False
    wishes: tuple[Wish, ...] = ()

    @property
    def weight(self) -> float:
        """Return how much it counts."""
        return WEIGHTS[self.teaching]

    def taken_back(self) -> "Lesson":
        """Return the lesson without effect."""
        return replace(self, undone=True)


def number_at(at: datetime) -> int:
    """Return the number of a lesson that is taught at a moment."""
    return round(at.timestamp() * 1_000_000)


def lesson_of(before: Order | None, after: Order, number: int) -> Lesson | None:
    """Return what a change of an order teaches, if it does; `number` is the lesson's.

    Staff choosing, a provider refusing what the router sent it, another taking over with consent, and an
    order settled to everybody's content are lessons. A deadline missed is none: it says who slept, not
    whose it was. Nor is a companion's part: the words are those of the whole matter. And who looks into a
    wrong says nothing about who is to be asked by such words.
    """
    if after.heard.is_wrongdoing or after.heard.against_community:
        return None
    if before is None or after.part or (after.provider == before.provider and after.status is before.status):
        return None
    about = after.provider
    teaching = Teaching.CHOSEN
    if after.status is OrderStatus.SETTLED:
        teaching = Teaching.CONFIRMED
    elif before.status is OrderStatus.DISPATCHED and len(after.declined) > len(before.declined):
        if before.chosen_by == BY_STAFF or len(after.unsigned) > len(before.unsigned):
            return None
        about, teaching = before.provider, Teaching.REFUSED
    elif after.status is OrderStatus.DISPATCHED:
        about = after.provider if after.chosen_by == BY_STAFF else None
    elif after.handed_over == before.handed_over:
        return None
    if about is None:
        return None
    at = after.dispatched_at or after.created_at
    return Lesson(
        after.id,
        after.text,
        after.title,
        after.compound,
        about.id,
        teaching,
        number,
        at,
        wishes=after.heard.wishes,
    )


def retained(lessons: "list[Lesson]") -> "list[Lesson]":
    """Return the lessons that count, in the order in which they were taught, the newest `LESSONS_MAX`.

    Of those taught at the same moment the one of the order with the lower id comes first, everywhere.
    """
    valid = sorted((lesson for lesson in lessons if not lesson.undone), key=lambda one: (one.number, one.id))
    return valid[-LESSONS_MAX:]
