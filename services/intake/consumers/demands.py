"""Intake hears its own demands: what is alike, and whose voice counts into which issue."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from services.chassis.documents import Ref
from services.chassis.streams import EffectOf, origin_of
from services.chassis.work import UnitOfWork, Work
from services.contracts import demands as facts
from services.contracts.envelope import Envelope
from services.intake.domain.issues import Issue
from services.intake.handlers.issues import _keep_issue, _Search
from services.intake.store.communities import profile_ref
from services.intake.store.issues import issue_ref, similar_ref


def _submitted(envelope: Envelope) -> Work[None]:
    """Find what a new demand is like, offer it to staff, and count its voice into an issue."""
    search = _Search(envelope)
    return Work(origin_of(envelope), search.reads, search.decide, search.more_reads)


def _counting(change: Callable[[Issue, Any], Issue]) -> EffectOf:
    """Return the effect that changes the issue a demand belongs to, if it belongs to one."""

    def effect(envelope: Envelope) -> Work[None]:
        community, fact = envelope.community, envelope.body
        similar = similar_ref(community, fact.demand)

        def issue_of(uow: UnitOfWork) -> Ref[Issue] | None:
            known = uow.find(similar)
            return issue_ref(community, known.issue) if known and known.issue else None

        def more_reads(uow: UnitOfWork) -> Sequence[Ref[Any]]:
            ref = issue_of(uow)
            return [ref] if ref else []

        def decide(uow: UnitOfWork) -> None:
            ref = issue_of(uow)
            issue = uow.find(ref) if ref else None
            if issue is not None:
                _keep_issue(uow, change(issue, fact))

        return Work(origin_of(envelope), (similar, profile_ref(community)), decide, more_reads)

    return effect


DEMANDS_HEARD: Mapping[str, EffectOf] = MappingProxyType(
    {
        facts.DemandSubmitted.kind: _submitted,
        facts.DemandEndorsed.kind: _counting(
            lambda issue, fact: issue.spoken_for(fact.demand, more=(fact.endorsed_by,))
        ),
        facts.DemandJoined.kind: _counting(
            lambda issue, fact: issue.spoken_for(fact.demand, more=fact.carried)
        ),
        facts.DemandParted.kind: _counting(
            lambda issue, fact: issue.spoken_for(fact.demand, fewer=fact.left)
        ),
        facts.DemandOptedOut.kind: _counting(
            lambda issue, fact: issue.spoken_for(fact.demand, fewer=fact.left)
        ),
        facts.DemandWithdrawn.kind: _counting(lambda issue, fact: issue.left_by(fact.demand)),
    }
)
"""Kind of event of intake's own → what it means for like demands and issues."""
