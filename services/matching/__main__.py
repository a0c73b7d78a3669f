"""Where matching is put together."""

from services.chassis.runner import Blueprint, Kit, Parts
from services.matching.consumers import consumes
from services.matching.guides import Guides
from services.matching.handlers import Matching
from services.matching.routes import MatchingRoutes
from services.matching.store import SHELVES


def build(kit: Kit) -> Parts:
    """Return matching's parts; one set of guides serves messages and requests."""
    matching = Matching(Guides())
    return Parts(MatchingRoutes(kit.store, matching).table(), consumes(matching))


BLUEPRINT: Blueprint = Blueprint("matching", SHELVES, build)

if __name__ == "__main__":
    from services.house import serve

    serve("matching")
