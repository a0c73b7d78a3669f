"""Where intake is put together."""

from services.chassis.clock import now
from services.chassis.runner import Blueprint, Kit, Parts
from services.chassis.supervision import Chore
from services.intake.consumers import CONSUMES
from services.intake.jobs.timers import Watchman
from services.intake.routes.alarms import CareRoutes
from services.intake.routes.demands import IntakeRoutes
from services.intake.routes.issues import VoicesRoutes
from services.intake.store import SHELVES, WATCHED
from services.intake.store.vault import Vault
from services.language.reader import own_reader


def build(kit: Kit) -> Parts:
    """Return intake's parts; without a vault key it keeps no contacts."""
    key = kit.settings.vault_key.get_secret_value()
    routes = IntakeRoutes(kit.store, Vault(key) if key else None, kit.settings.same_demand_seconds)
    voices, care = VoicesRoutes(kit.store), CareRoutes(kit.store, routes.vault)
    chores = []
    if kit.batches is not None:
        own_reader()  # reading its tables takes half a second, which nobody who asks should wait for
        watchman = Watchman(kit.store, kit.batches, now)
        chores.append(Chore("watchman", watchman.look, kit.settings.timers_seconds))
    return Parts((*routes.table(), *care.table(), *voices.table()), CONSUMES, chores, WATCHED)


BLUEPRINT: Blueprint = Blueprint("intake", SHELVES, build)

if __name__ == "__main__":
    from services.house import serve

    serve("intake")
