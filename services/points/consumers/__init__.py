"""What points hears."""

from collections.abc import Mapping
from types import MappingProxyType

from services.chassis.streams import EffectOf, Positions, origin_of
from services.contracts.communities import CommunityLoaded
from services.contracts.orders import OrderLeftUnrated, OrderReturned, OrderSettled
from services.points.handlers.rules import keep_rule
from services.points.handlers.services import award_points, award_unrated, settled
from services.points.handlers.taking_back import take_back

CONSUMES: Mapping[str, EffectOf] = MappingProxyType(
    {
        CommunityLoaded.kind: lambda envelope: keep_rule(origin_of(envelope), envelope.body),
        OrderSettled.kind: lambda envelope: award_points(origin_of(envelope), settled(envelope.body)),
        OrderLeftUnrated.kind: lambda envelope: award_unrated(origin_of(envelope), envelope.body),
        OrderReturned.kind: lambda envelope: take_back(origin_of(envelope), envelope.body),
    }
)
"""Kind of event → what points does about it."""
POSITIONS = Positions(recognised=frozenset({"order"}), in_part=frozenset({"order"}))
"""Heard in part, so that its streams have gaps here; an order's transfer shows that it was paid."""
