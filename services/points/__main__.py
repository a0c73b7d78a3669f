"""Where points is put together."""

from services.chassis.runner import Blueprint, Kit, Parts
from services.points.consumers import CONSUMES
from services.points.routes.accounts import PointsRoutes
from services.points.store import SHELVES


def build(kit: Kit) -> Parts:
    """Return the parts of points."""
    return Parts(PointsRoutes(kit.store).table(), CONSUMES)


BLUEPRINT: Blueprint = Blueprint("points", SHELVES, build)

if __name__ == "__main__":
    from services.house import serve

    serve("points")
