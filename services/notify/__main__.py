"""Where notify is put together."""

from pydantic import ValidationError

from services.chassis.clock import now
from services.chassis.settings import Misconfigured
from services.chassis.spec import ServiceContext, ServiceParts, ServiceSpec
from services.chassis.supervision import PeriodicJob
from services.notify.channels.alarms import Ways, read_ways
from services.notify.consumers import POSITIONS, consumes
from services.notify.handlers.tellings import Notifier
from services.notify.jobs.alarms import SendAlarms
from services.notify.jobs.console import EVERY_SECONDS, ConsoleChannel
from services.notify.jobs.tellings import TellMany
from services.notify.routes.notices import NotifyRoutes
from services.notify.settings import NotifySettings
from services.notify.store import COLLECTIONS
from services.notify.store.notices import NOTICES


def build(kit: ServiceContext) -> ServiceParts:
    """Return notify's parts; the console channel runs when it is wanted, the telling of many always."""
    settings = kit.settings_as(NotifySettings)
    ways, console = ways_of(settings), settings.notify_console
    jobs = [PeriodicJob("console", ConsoleChannel(kit.store).look, EVERY_SECONDS)] if console else []
    if kit.batches is not None:
        tellings = TellMany(kit.store, kit.batches, now)
        if ways:
            alarms = SendAlarms(kit.store, kit.batches, ways, now)
            jobs.append(PeriodicJob("alarms", alarms.look, settings.timers_seconds))
        jobs.append(PeriodicJob("tellings", tellings.look, settings.tellings_seconds))
    kept = {NOTICES.name: settings.notices_kept_days}
    effects = consumes(Notifier(console, ways))
    return ServiceParts(NotifyRoutes(kit.store).table(), effects, jobs, positions=POSITIONS, kept_days=kept)


def ways_of(settings: NotifySettings) -> Ways:
    """Return how alarms leave the house.

    Raises:
        Misconfigured: the setting is of another form; what is in it is not said, since it holds secrets.
    """
    try:
        return read_ways(settings.alarm_ways.get_secret_value())
    except ValidationError as error:
        places = "; ".join(".".join(map(str, row["loc"])) + ": " + row["type"] for row in error.errors())
        raise Misconfigured(f"SANDAN_ALARM_WAYS cannot be read: {places}") from None


SPEC: ServiceSpec = ServiceSpec("notify", COLLECTIONS, build)

if __name__ == "__main__":
    from services.composition import serve

    serve("notify")
