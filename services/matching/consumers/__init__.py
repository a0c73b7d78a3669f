"""What matching hears: communities' files, and what residents say of their demands."""

from collections.abc import Mapping
from types import MappingProxyType

from services.chassis.streams import EffectOf, origin_of
from services.chassis.work import Work
from services.contracts import demands
from services.contracts.communities import CommunityLoaded
from services.contracts.envelope import Envelope
from services.contracts.ids import order_id
from services.matching.handlers import closing, communities, rereading, timing
from services.matching.handlers import placing as placing_handlers
from services.matching.handlers.context import Matching
from services.matching.handlers.keeping import VersionedOrder

UNRATED = "unrated"


def consumes(matching: Matching) -> Mapping[str, EffectOf]:
    """Return kind of event → what matching does about it."""

    def loaded(envelope: Envelope) -> Work[None]:
        fact: CommunityLoaded = envelope.body
        return communities.keep_catalogue(matching, origin_of(envelope), fact.file)

    def submitted(envelope: Envelope) -> Work[None]:
        return placing_handlers.place_order(
            matching, origin_of(envelope), envelope.body, asked_at=envelope.at
        )

    def withdrawn(envelope: Envelope) -> Work[VersionedOrder]:
        fact: demands.DemandWithdrawn = envelope.body
        reason = f"居民已撤回：{fact.reason}" if fact.reason else "居民已撤回"
        return closing.cancel_order(
            matching, origin_of(envelope), order_id(fact.demand, fact.round), reason, by_demand=True
        )

    def merged(envelope: Envelope) -> Work[VersionedOrder]:
        fact: demands.DemandMerged = envelope.body
        reason = "已并入另一条相同的诉求"
        return closing.cancel_order(
            matching, origin_of(envelope), order_id(fact.demand, fact.round), reason, by_demand=True
        )

    def urged(envelope: Envelope) -> Work[VersionedOrder]:
        fact: demands.DemandUrged = envelope.body
        return closing.urge_order(matching, origin_of(envelope), order_id(fact.demand, fact.round), fact.note)

    def rated(envelope: Envelope) -> Work[VersionedOrder] | Work[None]:
        fact: demands.DemandRated = envelope.body
        if fact.good:
            return closing.note_good_rating(matching, origin_of(envelope), order_id(fact.demand, fact.round))
        # A bad rating is followed by demand.reopened, which says why.
        return Work(origin_of(envelope), (), lambda _: None)

    def reopened(envelope: Envelope) -> Work[VersionedOrder]:
        fact: demands.DemandReopened = envelope.body
        return closing.return_order(
            matching, origin_of(envelope), order_id(fact.demand, fact.round), fact.reason
        )

    def supplemented(envelope: Envelope) -> Work[VersionedOrder]:
        fact: demands.DemandSupplemented = envelope.body
        return timing.note_answer(matching, origin_of(envelope), fact.order, fact.text)

    return MappingProxyType(
        {
            CommunityLoaded.kind: loaded,
            **_about_what_was_heard(matching),
            **_about_its_people(matching),
            demands.DemandSubmitted.kind: submitted,
            demands.DemandUnmerged.kind: submitted,
            demands.DemandWithdrawn.kind: withdrawn,
            demands.DemandMerged.kind: merged,
            demands.DemandUrged.kind: urged,
            demands.DemandRated.kind: rated,
            demands.DemandReopened.kind: reopened,
            demands.DemandSupplemented.kind: supplemented,
        }
    )


def _about_what_was_heard(matching: Matching) -> Mapping[str, EffectOf]:
    def reread(envelope: Envelope) -> Work[None]:
        return rereading.reread_order(matching, origin_of(envelope), envelope.body)

    def taken(envelope: Envelope) -> Work[None]:
        fact: demands.DemandAlarmTaken = envelope.body
        return rereading.take_in_hand(matching, origin_of(envelope), fact.demand, fact.round)

    return {demands.DemandReread.kind: reread, demands.DemandAlarmTaken.kind: taken}


def _about_its_people(matching: Matching) -> Mapping[str, EffectOf]:
    def passed_on(envelope: Envelope) -> Work[None]:
        fact: demands.DemandPassedOn = envelope.body
        return rereading.pass_on(matching, origin_of(envelope), fact.demand, fact.round, fact.asked_by)

    def closed(envelope: Envelope) -> Work[VersionedOrder] | Work[None]:
        fact: demands.DemandClosed = envelope.body
        if fact.outcome != UNRATED or not fact.order:
            return Work(origin_of(envelope), (), lambda _: None)
        return closing.leave_unrated(matching, origin_of(envelope), fact.order)

    return {demands.DemandPassedOn.kind: passed_on, demands.DemandClosed.kind: closed}
