"""Where notify is put together."""

from services.chassis.clock import now
from services.chassis.runner import Blueprint, Kit, Parts
from services.chassis.supervision import Chore
from services.notify.channels import EVERY_SECONDS, ConsoleChannel
from services.notify.consumers import consumes
from services.notify.handlers import Notifier
from services.notify.routes import NotifyRoutes
from services.notify.store import SHELVES
from services.notify.teller import Teller


def build(kit: Kit) -> Parts:
    """Return notify's parts; the console channel runs when it is wanted, the teller always."""
    console = kit.settings.notify_console
    chores = [Chore("console", ConsoleChannel(kit.store).look, EVERY_SECONDS)] if console else []
    if kit.batches is not None:
        teller = Teller(kit.store, kit.batches, now)
        chores.append(Chore("teller", teller.look, kit.settings.tellings_seconds))
    return Parts(NotifyRoutes(kit.store).table(), consumes(Notifier(console)), chores)


BLUEPRINT: Blueprint = Blueprint("notify", SHELVES, build)

if __name__ == "__main__":
    from services.house import serve

    serve("notify")
