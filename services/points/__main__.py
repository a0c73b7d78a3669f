"""Where points is put together."""

from services.chassis.clock import now
from services.chassis.due import RunDue
from services.chassis.printing.printer import Printer
from services.chassis.settings import Settings
from services.chassis.spec import ServiceContext, ServiceParts, ServiceSpec
from services.chassis.supervision import PeriodicJob
from services.points.consumers import CONSUMES, POSITIONS
from services.points.jobs.stars import SetStars
from services.points.jobs.timers import BY_ITSELF, DUE
from services.points.jobs.waiting import PayWaiting
from services.points.routes.accounts import AccountRoutes
from services.points.routes.appeals import AppealRoutes
from services.points.routes.holds import HoldRoutes
from services.points.routes.ratings import RatingRoutes
from services.points.routes.rules import RuleRoutes
from services.points.routes.stars import StarRoutes
from services.points.store import COLLECTIONS, WATCHED


def build(kit: ServiceContext) -> ServiceParts:
    """Return the parts of points."""
    rooms = (
        AccountRoutes(kit.store, Printer()),
        HoldRoutes(kit.store),
        RuleRoutes(kit.store),
        StarRoutes(kit.store),
        RatingRoutes(kit.store),
        AppealRoutes(kit.store),
    )
    jobs = []
    if kit.batches is not None:
        timers = RunDue(kit.store, kit.batches, now, DUE, BY_ITSELF)
        waiting = PayWaiting(kit.store, kit.batches, now)
        seconds = kit.settings_as(Settings).timers_seconds
        stars = SetStars(kit.store, kit.batches, now)
        jobs = [
            PeriodicJob("timers", timers.look, seconds),
            PeriodicJob("awards", waiting.look, seconds),
            PeriodicJob("stars", stars.look, seconds),
        ]
    return ServiceParts(
        tuple(route for room in rooms for route in room.table()),
        CONSUMES,
        jobs,
        WATCHED,
        positions=POSITIONS,
    )


SPEC: ServiceSpec = ServiceSpec("points", COLLECTIONS, build)

if __name__ == "__main__":
    from services.composition import serve

    serve("points")
