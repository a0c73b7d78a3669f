"""Where matching is put together."""

from services.chassis.batches import Batches
from services.chassis.clock import now
from services.chassis.runner import Blueprint, Kit, Parts
from services.matching.consumers import consumes
from services.matching.guides import Guides
from services.matching.handlers import Matching
from services.matching.routes import MatchingRoutes
from services.matching.store import SHELVES
from services.matching.timekeeper import Timekeeper


def build(kit: Kit) -> Parts:
    """Return matching's parts; one set of guides serves messages and requests."""
    matching = Matching(Guides())
    chores = [_timekeeper(kit, kit.batches, matching).run] if kit.batches else []
    return Parts(MatchingRoutes(kit.store, matching).table(), consumes(matching), chores)


def _timekeeper(kit: Kit, batches: Batches, matching: Matching) -> Timekeeper:
    return Timekeeper(kit.store, batches, matching, now, kit.settings.timers_seconds)


BLUEPRINT: Blueprint = Blueprint("matching", SHELVES, build)

if __name__ == "__main__":
    from services.house import serve

    serve("matching")
