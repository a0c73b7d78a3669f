"""What intake hears, by kind of event; its own demands it hears beside the way (`DemandsHeard`)."""

from collections.abc import Mapping

from services.chassis.streams import EffectOf
from services.intake.consumers.orders import ORDERS_HEARD

CONSUMES: Mapping[str, EffectOf] = ORDERS_HEARD
"""Kind of event → what intake does about it."""
