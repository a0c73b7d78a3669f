"""Where points is put together."""

from services.chassis.spec import ServiceContext, ServiceParts, ServiceSpec
from services.points.consumers import CONSUMES, POSITIONS
from services.points.routes.accounts import PointsRoutes
from services.points.store import COLLECTIONS


def build(kit: ServiceContext) -> ServiceParts:
    """Return the parts of points."""
    return ServiceParts(PointsRoutes(kit.store).table(), CONSUMES, positions=POSITIONS)


SPEC: ServiceSpec = ServiceSpec("points", COLLECTIONS, build)

if __name__ == "__main__":
    from services.composition import serve

    serve("points")
