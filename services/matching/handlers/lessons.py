"""Lessons are taken back by staff: what was taught by mistake counts no more."""

from services.chassis.documents import Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.ids import OrderId
from services.contracts.refusal import NotFound
from services.matching.domain.lessons import Lesson
from services.matching.handlers.context import Matching
from services.matching.store.lessons import lesson_ref


def undo_lesson(matching: Matching, origin: Origin, order: OrderId) -> Work[Versioned[Lesson]]:
    """Take an order's lesson back; again it changes nothing.

    Raises:
        NotFound: the order taught none.
    """
    ref = lesson_ref(origin.community, order)

    def decide(uow: UnitOfWork) -> Versioned[Lesson]:
        before = uow.get(ref, NotFound())
        if not before.undone:
            uow.put(ref, before.taken_back())
            uow.put(matching.shard.found(uow), matching.tally(uow).taught())
        return uow.versioned(ref)

    return Work(origin, (ref, matching.shard.ref(origin)), decide)
