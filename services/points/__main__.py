"""Where points is put together."""

from services.chassis.clock import now
from services.chassis.due import RunDue
from services.chassis.printing.printer import Printer
from services.chassis.settings import Settings
from services.chassis.spec import ServiceContext, ServiceParts, ServiceSpec
from services.chassis.supervision import PeriodicJob
from services.points.consumers import CONSUMES, POSITIONS
from services.points.jobs.days import CloseDays
from services.points.jobs.stars import SetStars
from services.points.jobs.timers import BY_ITSELF, DUE
from services.points.jobs.waiting import PayWaiting
from services.points.routes.accounts import AccountRoutes
from services.points.routes.appeals import AppealRoutes
from services.points.routes.boards import BoardRoutes
from services.points.routes.bookings import BookingRoutes
from services.points.routes.giving import GivingRoutes
from services.points.routes.holds import HoldRoutes
from services.points.routes.ratings import RatingRoutes
from services.points.routes.redemptions import RedemptionRoutes
from services.points.routes.room_use import RoomUseRoutes
from services.points.routes.rooms import RoomRoutes
from services.points.routes.rules import RuleRoutes
from services.points.routes.series import SeriesRoutes
from services.points.routes.shop import ShopRoutes
from services.points.routes.stars import StarRoutes
from services.points.store import COLLECTIONS, WATCHED


def build(kit: ServiceContext) -> ServiceParts:
    """Return the parts of points."""
    rooms = (
        AccountRoutes(kit.store, Printer()),
        HoldRoutes(kit.store),
        RuleRoutes(kit.store),
        ShopRoutes(kit.store),
        RedemptionRoutes(kit.store),
        GivingRoutes(kit.store),
        SeriesRoutes(kit.store),
        BoardRoutes(kit.store),
        RoomRoutes(kit.store),
        BookingRoutes(kit.store),
        RoomUseRoutes(kit.store),
        StarRoutes(kit.store),
        RatingRoutes(kit.store),
        AppealRoutes(kit.store),
    )
    jobs = []
    if kit.batches is not None:
        timers = RunDue(kit.store, kit.batches, now, DUE, BY_ITSELF)
        waiting = PayWaiting(kit.store, kit.batches, now)
        seconds = kit.settings_as(Settings).timers_seconds
        days, stars = CloseDays(kit.store, kit.batches, now), SetStars(kit.store, kit.batches, now)
        looks = {"timers": timers.look, "awards": waiting.look, "days": days.look, "stars": stars.look}
        jobs = [PeriodicJob(name, look, seconds) for name, look in looks.items()]
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
