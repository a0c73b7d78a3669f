"""What points hears."""

from collections.abc import Mapping
from types import MappingProxyType

from services.chassis.streams import EffectOf, Positions, origin_of
from services.contracts.communities import CommunityLoaded
from services.contracts.orders import OrderSettled
from services.points.handlers.awards import award_points
from services.points.handlers.rules import keep_rule

CONSUMES: Mapping[str, EffectOf] = MappingProxyType(
    {
        CommunityLoaded.kind: lambda envelope: keep_rule(origin_of(envelope), envelope.body),
        OrderSettled.kind: lambda envelope: award_points(origin_of(envelope), envelope.body),
    }
)
"""Kind of event → what points does about it."""
POSITIONS = Positions(recognised=frozenset({"order"}), in_part=frozenset({"order"}))
"""Heard in part, so that its streams have gaps here; an order's transfer shows that it was paid."""
