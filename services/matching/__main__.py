"""Where matching is put together."""

from collections.abc import Callable, Coroutine

from services.chassis.batches import Batches
from services.chassis.clock import now
from services.chassis.runner import Blueprint, Kit, Parts
from services.matching.assigner import Assigner
from services.matching.consumers import consumes
from services.matching.guides import Guides
from services.matching.handlers import Matching
from services.matching.learning_routes import LearningRoutes
from services.matching.routes import MatchingRoutes
from services.matching.solver import solve
from services.matching.store import SHELVES
from services.matching.timekeeper import Timekeeper
from services.matching.tutor import Tutor


def build(kit: Kit) -> Parts:
    """Return matching's parts; one set of guides serves messages and requests."""
    matching = Matching(Guides(), solve)
    chores = _chores(kit, kit.batches, matching) if kit.batches else []
    routes = (*MatchingRoutes(kit.store, matching).table(), *LearningRoutes(kit.store, matching).table())
    return Parts(routes, consumes(matching), chores)


def _chores(
    kit: Kit, batches: Batches, matching: Matching
) -> list[Callable[[], Coroutine[None, None, None]]]:
    """What matching does by itself: deadlines, scarce places, lessons."""
    settings = kit.settings
    return [
        Timekeeper(kit.store, batches, matching, now, settings.timers_seconds).run,
        Assigner(kit.store, batches, matching, now, settings.places_seconds).run,
        Tutor(kit.store, matching.guides, settings.lessons_seconds).run,
    ]


BLUEPRINT: Blueprint = Blueprint("matching", SHELVES, build)

if __name__ == "__main__":
    from services.house import serve

    serve("matching")
