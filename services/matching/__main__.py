"""Where matching is put together."""

from services.chassis.batches import Batches
from services.chassis.clock import now
from services.chassis.spec import ServiceContext, ServiceParts, ServiceSpec
from services.chassis.supervision import PeriodicJob
from services.matching.consumers import POSITIONS, consumes
from services.matching.handlers.context import Matching
from services.matching.jobs.departures import ReclaimOrders
from services.matching.jobs.learning import RefitInterval, Retrain
from services.matching.jobs.slots import AssignSlots
from services.matching.jobs.timers import RunTimers
from services.matching.routes.answering import AnsweringRoutes
from services.matching.routes.closing import ClosingRoutes
from services.matching.routes.lessons import LessonRoutes
from services.matching.routes.orders import OrderRoutes
from services.matching.routes.placing import PlacingRoutes
from services.matching.routes.timing import TimingRoutes
from services.matching.routes.working import WorkingRoutes
from services.matching.routing.models import CommunityModels
from services.matching.routing.solver import solve
from services.matching.settings import MatchingSettings
from services.matching.store import COLLECTIONS, WATCHED
from services.matching.store.workloads import WorkloadView


def build(kit: ServiceContext) -> ServiceParts:
    """Return matching's parts; one set of models serves messages and requests."""
    workload = kit.documents if isinstance(kit.documents, WorkloadView) else WorkloadView(kit.store)
    matching = Matching(CommunityModels(), solve, workload.shard)
    workload.prepare = matching.models.prepare
    jobs = _jobs(kit, kit.batches, matching, workload) if kit.batches else []
    rooms = (
        OrderRoutes(kit.store, matching, workload),
        PlacingRoutes(matching),
        AnsweringRoutes(matching),
        WorkingRoutes(matching),
        ClosingRoutes(matching),
        TimingRoutes(matching),
        LessonRoutes(kit.store, matching, workload),
    )
    routes = tuple(route for room in rooms for route in room.table())
    return ServiceParts(routes, consumes(matching), jobs, WATCHED, positions=POSITIONS)


def _jobs(
    kit: ServiceContext, batches: Batches, matching: Matching, workload: WorkloadView
) -> list[PeriodicJob]:
    """What matching does by itself: deadlines, scarce slots, lessons."""
    settings = kit.settings_as(MatchingSettings)
    timers = RunTimers(kit.store, batches, matching, now)
    slots = AssignSlots(workload, batches, matching, now)
    departures = ReclaimOrders(kit.store, batches, matching, now)
    learning = Retrain(
        kit.store, matching.models, RefitInterval(settings.lessons_count, settings.lessons_wait_seconds)
    )
    return [
        PeriodicJob("timers", timers.look, settings.timers_seconds),
        PeriodicJob("places", slots.look, settings.places_seconds),
        PeriodicJob("departures", departures.look, settings.timers_seconds),
        PeriodicJob("lessons", learning.look, settings.lessons_seconds),
    ]


SPEC: ServiceSpec = ServiceSpec("matching", COLLECTIONS, build, WorkloadView)

if __name__ == "__main__":
    from services.composition import serve

    serve("matching")
