"""Matching hears what residents say of their demands: each becomes, moves, or ends an order."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from services.chassis.streams import origin_of
from services.chassis.work import Work
from services.contracts import demands
from services.contracts.envelope import Envelope
from services.contracts.ids import order_id
from services.matching.handlers import closing, placing, rereading, timing
from services.matching.handlers.context import Matching
from services.matching.handlers.keeping import VersionedOrder

UNRATED = "unrated"
Effect = Callable[[Matching, Envelope], Work[Any]]


def _submitted(matching: Matching, envelope: Envelope) -> Work[None]:
    return placing.place_order(matching, origin_of(envelope), envelope.body, asked_at=envelope.at)


def _reread(matching: Matching, envelope: Envelope) -> Work[None]:
    return rereading.reread_order(matching, origin_of(envelope), envelope.body)


def _alarm_taken(matching: Matching, envelope: Envelope) -> Work[None]:
    fact: demands.DemandAlarmTaken = envelope.body
    return rereading.take_in_hand(matching, origin_of(envelope), fact.demand, fact.round)


def _passed_on(matching: Matching, envelope: Envelope) -> Work[None]:
    fact: demands.DemandPassedOn = envelope.body
    return rereading.pass_on(matching, origin_of(envelope), fact.demand, fact.round, fact.asked_by)


def _supplemented(matching: Matching, envelope: Envelope) -> Work[VersionedOrder]:
    fact: demands.DemandSupplemented = envelope.body
    return timing.note_answer(matching, origin_of(envelope), fact.order, fact.text)


def _urged(matching: Matching, envelope: Envelope) -> Work[VersionedOrder]:
    fact: demands.DemandUrged = envelope.body
    return closing.urge_order(matching, origin_of(envelope), order_id(fact.demand, fact.round), fact.note)


def _rated(matching: Matching, envelope: Envelope) -> Work[VersionedOrder] | Work[None]:
    fact: demands.DemandRated = envelope.body
    if not fact.good:
        return _nothing(envelope)  # it is followed by demand.reopened, which says why
    return closing.note_good_rating(matching, origin_of(envelope), order_id(fact.demand, fact.round))


def _reopened(matching: Matching, envelope: Envelope) -> Work[VersionedOrder]:
    fact: demands.DemandReopened = envelope.body
    order = order_id(fact.demand, fact.round)
    return closing.return_order(matching, origin_of(envelope), order, fact.reason)


def _withdrawn(matching: Matching, envelope: Envelope) -> Work[VersionedOrder]:
    fact: demands.DemandWithdrawn = envelope.body
    reason = f"居民已撤回：{fact.reason}" if fact.reason else "居民已撤回"
    order = order_id(fact.demand, fact.round)
    return closing.cancel_order(matching, origin_of(envelope), order, reason, by_demand=True)


def _merged(matching: Matching, envelope: Envelope) -> Work[VersionedOrder]:
    fact: demands.DemandMerged = envelope.body
    order = order_id(fact.demand, fact.round)
    reason = "已并入另一条相同的诉求"
    return closing.cancel_order(matching, origin_of(envelope), order, reason, by_demand=True)


def _closed(matching: Matching, envelope: Envelope) -> Work[VersionedOrder] | Work[None]:
    fact: demands.DemandClosed = envelope.body
    if fact.outcome != UNRATED or not fact.order:
        return _nothing(envelope)
    return closing.leave_unrated(matching, origin_of(envelope), fact.order)


def _nothing(envelope: Envelope) -> Work[None]:
    return Work(origin_of(envelope), (), lambda _: None)


DEMANDS_HEARD: Mapping[str, Effect] = MappingProxyType(
    {
        demands.DemandSubmitted.kind: _submitted,
        demands.DemandUnmerged.kind: _submitted,
        demands.DemandReread.kind: _reread,
        demands.DemandAlarmTaken.kind: _alarm_taken,
        demands.DemandPassedOn.kind: _passed_on,
        demands.DemandSupplemented.kind: _supplemented,
        demands.DemandUrged.kind: _urged,
        demands.DemandRated.kind: _rated,
        demands.DemandReopened.kind: _reopened,
        demands.DemandWithdrawn.kind: _withdrawn,
        demands.DemandMerged.kind: _merged,
        demands.DemandClosed.kind: _closed,
    }
)
"""Kind of event of a demand → what it means for its order."""
