"""Lessons are taken back by staff: what was taught by mistake counts no more."""

from services.chassis.desk import Desk, Origin, Work
from services.chassis.shelf import Kept
from services.contracts.refusal import NotFound
from services.matching.domain.lessons import Lesson
from services.matching.handlers.steps import Steps
from services.matching.store import lesson_ref


class TakingBack(Steps):
    """What staff may do with lessons; they are taught by the orders themselves (`Steps.keep`)."""

    __slots__ = ()

    def undo_lesson(self, origin: Origin, order: str) -> Work[Kept[Lesson]]:
        """Take an order's lesson back; again it changes nothing.

        Raises:
            NotFound: the order taught none.
        """
        ref = lesson_ref(origin.community, order)

        def decide(desk: Desk) -> Kept[Lesson]:
            before = desk.get(ref, NotFound())
            if not before.undone:
                desk.put(ref, before.taken_back())
                desk.put(self.lane.found(desk), self.tally(desk).taught())
            return desk.kept(ref)

        return Work(origin, (ref, self.lane.ref(origin)), decide)
