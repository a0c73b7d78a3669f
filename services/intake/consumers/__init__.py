"""What intake hears, by kind of event."""

from collections.abc import Mapping
from types import MappingProxyType

from services.chassis.streams import EffectOf
from services.intake.consumers.demands import DEMANDS_HEARD
from services.intake.consumers.orders import ORDERS_HEARD

CONSUMES: Mapping[str, EffectOf] = MappingProxyType({**ORDERS_HEARD, **DEMANDS_HEARD})
"""Kind of event → what intake does about it."""
