"""Where matching is put together."""

from services.chassis.batches import Batches
from services.chassis.clock import now
from services.chassis.runner import Blueprint, Kit, Parts
from services.chassis.supervision import Chore
from services.matching.assigner import Assigner
from services.matching.consumers import consumes
from services.matching.guides import Guides
from services.matching.handlers import Matching
from services.matching.learning_routes import LearningRoutes
from services.matching.routes import MatchingRoutes
from services.matching.solver import solve
from services.matching.store import SHELVES, WATCHED
from services.matching.timekeeper import Timekeeper
from services.matching.tutor import Tutor


def build(kit: Kit) -> Parts:
    """Return matching's parts; one set of guides serves messages and requests."""
    matching = Matching(Guides(), solve)
    chores = _chores(kit, kit.batches, matching) if kit.batches else []
    routes = (*MatchingRoutes(kit.store, matching).table(), *LearningRoutes(kit.store, matching).table())
    return Parts(routes, consumes(matching), chores, WATCHED)


def _chores(kit: Kit, batches: Batches, matching: Matching) -> list[Chore]:
    """What matching does by itself: deadlines, scarce places, lessons."""
    settings = kit.settings
    timekeeper = Timekeeper(kit.store, batches, matching, now)
    assigner = Assigner(kit.store, batches, matching, now)
    tutor = Tutor(kit.store, matching.guides)
    return [
        Chore("timekeeper", timekeeper.look, settings.timers_seconds),
        Chore("assigner", assigner.look, settings.places_seconds),
        Chore("tutor", tutor.look, settings.lessons_seconds),
    ]


BLUEPRINT: Blueprint = Blueprint("matching", SHELVES, build)

if __name__ == "__main__":
    from services.house import serve

    serve("matching")
