"""Where matching is put together."""

from services.chassis.batches import Batches
from services.chassis.clock import now
from services.chassis.spec import ServiceContext, ServiceParts, ServiceSpec
from services.chassis.supervision import PeriodicJob
from services.matching.consumers import consumes
from services.matching.handlers.context import Matching
from services.matching.jobs.departures import Leavers
from services.matching.jobs.learning import RefitInterval, Tutor
from services.matching.jobs.places import Assigner
from services.matching.jobs.timers import Timekeeper
from services.matching.routes.answering import AnsweringRoutes
from services.matching.routes.closing import ClosingRoutes
from services.matching.routes.lessons import LessonRoutes
from services.matching.routes.orders import OrderRoutes
from services.matching.routes.placing import PlacingRoutes
from services.matching.routes.timing import TimingRoutes
from services.matching.routes.working import WorkingRoutes
from services.matching.routing.models import Guides
from services.matching.routing.solver import solve
from services.matching.settings import MatchingSettings
from services.matching.store import COLLECTIONS, WATCHED
from services.matching.store.places import Places


def build(kit: ServiceContext) -> ServiceParts:
    """Return matching's parts; one set of guides serves messages and requests."""
    places = kit.documents if isinstance(kit.documents, Places) else Places(kit.store)
    matching = Matching(Guides(), solve, places.lane)
    chores = _chores(kit, kit.batches, matching, places) if kit.batches else []
    rooms = (
        OrderRoutes(kit.store, matching, places),
        PlacingRoutes(matching),
        AnsweringRoutes(matching),
        WorkingRoutes(matching),
        ClosingRoutes(matching),
        TimingRoutes(matching),
        LessonRoutes(kit.store, matching, places),
    )
    routes = tuple(route for room in rooms for route in room.table())
    return ServiceParts(routes, consumes(matching), chores, WATCHED)


def _chores(kit: ServiceContext, batches: Batches, matching: Matching, places: Places) -> list[PeriodicJob]:
    """What matching does by itself: deadlines, scarce places, lessons."""
    settings = kit.settings_as(MatchingSettings)
    timekeeper = Timekeeper(kit.store, batches, matching, now)
    assigner = Assigner(places, batches, matching, now)
    leavers = Leavers(kit.store, batches, matching, now)
    tutor = Tutor(
        kit.store, matching.guides, RefitInterval(settings.lessons_count, settings.lessons_wait_seconds)
    )
    return [
        PeriodicJob("timekeeper", timekeeper.look, settings.timers_seconds),
        PeriodicJob("assigner", assigner.look, settings.places_seconds),
        PeriodicJob("leavers", leavers.look, settings.timers_seconds),
        PeriodicJob("tutor", tutor.look, settings.lessons_seconds),
    ]


BLUEPRINT: ServiceSpec = ServiceSpec("matching", COLLECTIONS, build, Places)

if __name__ == "__main__":
    from services.composition import serve

    serve("matching")
