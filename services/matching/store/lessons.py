"""Where matching keeps what orders teach."""

from services.chassis.documents import Collection, Index, Ref
from services.contracts.ids import OrderId
from services.matching.domain.lessons import Lesson

LESSON_NUMBER = "number"
LESSONS = Collection("lessons", Lesson, Index((LESSON_NUMBER,)))


def lesson_ref(community: str, order: OrderId) -> Ref[Lesson]:
    """Return where the lesson of an order is kept."""
    return Ref(LESSONS, community, order)
