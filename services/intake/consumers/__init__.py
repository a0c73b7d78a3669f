"""What intake hears, by kind of event; its own demands it hears beside the way (`DemandsHeard`)."""

from collections.abc import Mapping

from services.chassis.streams import EffectOf, Positions
from services.contracts.ids import OrderId, demand_of
from services.intake.consumers.orders import ORDERS_HEARD
from services.intake.store.demands import demand_ref

CONSUMES: Mapping[str, EffectOf] = ORDERS_HEARD
"""Kind of event → what intake does about it."""
POSITIONS = Positions({"order": lambda community, order: demand_ref(community, demand_of(OrderId(order)))})
"""What orders do is done to their demand."""
