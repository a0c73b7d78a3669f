"""What a community teaches the router: one lesson an order, from what people decided about it."""

from dataclasses import dataclass, replace
from enum import StrEnum

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
        number: counts the community's lessons; a newer one about the same order takes a new number.
        undone: taken back by staff; it teaches nothing.
    """

    id: str
    text: str
    title: str | None
    compound: str | None
    provider: str
    teaching: Teaching
    number: int
    undone: bool = False

    @property
    def weight(self) -> float:
        """Return how much it counts."""
        return WEIGHTS[self.teaching]

    def taken_back(self) -> "Lesson":
        """Return the lesson without effect."""
        return replace(self, undone=True)


def retained(lessons: "list[Lesson]") -> "list[Lesson]":
    """Return the lessons that count, in the order in which they were taught, the newest `LESSONS_MAX`."""
    valid = sorted((lesson for lesson in lessons if not lesson.undone), key=lambda lesson: lesson.number)
    return valid[-LESSONS_MAX:]
