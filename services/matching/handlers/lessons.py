"""Lessons are taken back by staff: what was taught by mistake counts no more."""

from services.chassis.desk import Desk, Origin, Work
from services.chassis.shelf import Kept
from services.contracts.ids import OrderId
from services.contracts.refusal import NotFound
from services.matching.domain.lessons import Lesson
from services.matching.handlers.context import Matching
from services.matching.store.lessons import lesson_ref


def undo_lesson(matching: Matching, origin: Origin, order: OrderId) -> Work[Kept[Lesson]]:
    """Take an order's lesson back; again it changes nothing.

    Raises:
        NotFound: the order taught none.
    """
    ref = lesson_ref(origin.community, order)

    def decide(desk: Desk) -> Kept[Lesson]:
        before = desk.get(ref, NotFound())
        if not before.undone:
            desk.put(ref, before.taken_back())
            desk.put(matching.lane.found(desk), matching.tally(desk).taught())
        return desk.kept(ref)

    return Work(origin, (ref, matching.lane.ref(origin)), decide)
