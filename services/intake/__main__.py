"""Where intake is put together."""

from services.chassis.runner import Blueprint, Kit, Parts
from services.intake.consumers import CONSUMES
from services.intake.routes import IntakeRoutes
from services.intake.store import SHELVES, WATCHED
from services.intake.vault import Vault
from services.intake.voices_routes import VoicesRoutes


def build(kit: Kit) -> Parts:
    """Return intake's parts; without a vault key it keeps no contacts."""
    key = kit.settings.vault_key.get_secret_value()
    routes = IntakeRoutes(kit.store, Vault(key) if key else None)
    voices = VoicesRoutes(kit.store)
    return Parts((*routes.table(), *voices.table()), CONSUMES, watched=WATCHED)


BLUEPRINT: Blueprint = Blueprint("intake", SHELVES, build)

if __name__ == "__main__":
    from services.house import serve

    serve("intake")
