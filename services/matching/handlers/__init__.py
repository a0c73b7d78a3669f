"""What matching does: placing, answering, working, closing, in the order of its life; timing beside."""

from services.matching.handlers.answering import Answering
from services.matching.handlers.closing import Closing
from services.matching.handlers.placing import Placing
from services.matching.handlers.steps import KeptOrder
from services.matching.handlers.teaching import TakingBack
from services.matching.handlers.timing import Timing
from services.matching.handlers.working import Report, Working

__all__ = ["KeptOrder", "Matching", "Report"]


class Matching(Placing, Answering, Working, Closing, Timing, TakingBack):
    """The use cases of matching."""

    __slots__ = ()
