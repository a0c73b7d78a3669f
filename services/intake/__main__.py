"""Where intake is put together."""

from services.chassis.clock import now
from services.chassis.due import RunDue
from services.chassis.spec import ServiceContext, ServiceParts, ServiceSpec
from services.chassis.supervision import PeriodicJob
from services.intake.consumers import CONSUMES, POSITIONS
from services.intake.consumers.demands import DemandsHeard
from services.intake.jobs.timers import BY_ITSELF, DUE
from services.intake.likeness.indexes import LikenessIndexes
from services.intake.metrics import MEASURES
from services.intake.routes.alarms import AlarmRoutes
from services.intake.routes.communities import CommunityRoutes
from services.intake.routes.demands import DemandRoutes
from services.intake.routes.duplicates import DuplicateRoutes
from services.intake.routes.issues import IssueRoutes
from services.intake.settings import IntakeSettings
from services.intake.store import COLLECTIONS, WATCHED
from services.intake.store.vault import Vault
from services.language.reader import own_reader


def build(kit: ServiceContext) -> ServiceParts:
    """Return intake's parts; without a vault key it keeps no contacts."""
    settings = kit.settings_as(IntakeSettings)
    key = settings.vault_key.get_secret_value()
    vault = Vault(key) if key else None
    indexes = LikenessIndexes(kit.store, settings.likeness_mb * 1024 * 1024)
    rooms = (
        CommunityRoutes(kit.store),
        DemandRoutes(kit.store, vault, settings.same_demand_seconds, settings.supporters_by_name),
        AlarmRoutes(kit.store, vault),
        DuplicateRoutes(kit.store, indexes, settings.supporters_by_name),
        IssueRoutes(kit.store),
    )
    jobs = []
    if kit.batches is not None:
        own_reader()  # reading its tables takes half a second, which nobody who asks should wait for
        timers = RunDue(kit.store, kit.batches, now, DUE, BY_ITSELF)
        jobs.append(PeriodicJob("timers", timers.look, settings.timers_seconds))
    return ServiceParts(
        tuple(route for room in rooms for route in room.table()),
        CONSUMES,
        jobs,
        WATCHED,
        MEASURES,
        DemandsHeard(indexes),
        POSITIONS,
    )


SPEC: ServiceSpec = ServiceSpec("intake", COLLECTIONS, build)

if __name__ == "__main__":
    from services.composition import serve

    serve("intake")
