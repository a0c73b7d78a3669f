"""What points hears."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from services.chassis.streams import EffectOf, Positions, Repeated, origin_of
from services.chassis.work import Work
from services.contracts.communities import CommunityLoaded
from services.contracts.demands import DemandRated
from services.contracts.envelope import Envelope
from services.contracts.orders import (
    OrderLeftUnrated,
    OrderOverdue,
    OrderReturned,
    OrderSettled,
    OrderUnsigned,
)
from services.points.handlers.ratings import and_note_promise, note_promise, note_rating
from services.points.handlers.rules import keep_rule
from services.points.handlers.services import award_points, award_unrated, settled
from services.points.handlers.taking_back import take_back


def _loaded(envelope: Envelope) -> Work[Any]:
    return keep_rule(origin_of(envelope), envelope.body)


def _settled(envelope: Envelope) -> Work[Repeated | None]:
    return and_note_promise(award_points(origin_of(envelope), settled(envelope.body)), envelope)


def _left_unrated(envelope: Envelope) -> Work[Repeated | None]:
    return and_note_promise(award_unrated(origin_of(envelope), envelope.body), envelope)


def _returned(envelope: Envelope) -> Work[Repeated | None]:
    return and_note_promise(take_back(origin_of(envelope), envelope.body), envelope)


CONSUMES: Mapping[str, EffectOf] = MappingProxyType(
    {
        CommunityLoaded.kind: _loaded,
        DemandRated.kind: note_rating,
        OrderSettled.kind: _settled,
        OrderLeftUnrated.kind: _left_unrated,
        OrderReturned.kind: _returned,
        OrderUnsigned.kind: note_promise,
        OrderOverdue.kind: note_promise,
    }
)
"""Kind of event → what points does about it."""
_IN_PART = frozenset({"demand", "order"})
POSITIONS = Positions(recognised=_IN_PART, in_part=_IN_PART)
"""Heard in part, so that their streams have gaps here; what is kept of an order shows that it was heard."""
