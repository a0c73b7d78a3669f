"""The resident rates what was done (评单); who does not is asked again, and at last it is left unrated."""

from dataclasses import dataclass

from services.chassis.documents import Ref
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts import demands as facts
from services.contracts.ids import DemandId
from services.contracts.literals import Satisfaction, Solved
from services.contracts.refusal import NotFound
from services.contracts.roles import COMMUNITY
from services.contracts.values import replace
from services.contracts.words import ProviderRef
from services.intake.domain.demands import Demand, Rating
from services.intake.domain.lifecycle import DemandStatus
from services.intake.domain.ratings import SOLVED, asked_again, lapsed, left_unrated, rated
from services.intake.handlers.demands import must_concern
from services.intake.store.communities import profile_ref
from services.intake.store.demands import VersionedDemand, demand_ref


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the resident says of the result."""

    solved: Solved
    satisfaction: Satisfaction
    comment: str


def rate_demand(origin: Origin, demand: DemandId, opinion: Opinion) -> Work[VersionedDemand]:
    """Take the resident's word on the result (评单); a bad one reopens the demand at once."""
    ref = demand_ref(origin.community, demand)

    def decide(uow: UnitOfWork) -> VersionedDemand:
        before = uow.get(ref, NotFound())
        must_concern(origin, before)
        rating = Rating(
            opinion.solved,
            opinion.satisfaction,
            opinion.comment,
            uow.at,
            by_call_back=origin.actor.role in COMMUNITY and origin.actor.subject != before.asked_by,
        )
        after = rated(before, rating, origin.actor.role.value)
        uow.put(ref, after)
        _announce_rating(uow, ref, after, opinion)
        return uow.versioned(ref)

    return Work(origin, (ref,), decide)


def _announce_rating(uow: UnitOfWork, ref: Ref[Demand], after: Demand, opinion: Opinion) -> None:
    order = after.order or ""
    good = after.rating is not None and after.rating.good
    comment = opinion.comment
    rated = facts.DemandRated(
        demand=after.id,
        order=order,
        solved=opinion.solved,
        satisfaction=opinion.satisfaction,
        comment=comment,
        good=good,
        round=after.round,
        asked_by=after.asked_by,
        provider=_provider(after),
        by_call_back=after.rating is not None and after.rating.by_call_back,
    )
    uow.announce(ref, rated)
    if not good:
        reason = comment or SOLVED[opinion.solved]
        again = facts.DemandReopened(
            demand=after.id, order=order, reason=reason, times=after.reopened, round=after.round
        )
        uow.announce(ref, again)


def _provider(demand: Demand) -> ProviderRef | None:
    who = demand.handler
    return ProviderRef(id=who.id, name=who.name, kind=who.kind) if who else None


UNRATED = "unrated"


def rating_is_due(origin: Origin, demand: DemandId) -> Work[bool]:
    """Do what is due for a demand that is done and not rated; answers whether anything was done.

    First it is asked for again and somebody is to call; after the term it is left unrated (未评价), which
    counts as neither good nor bad, and may still be reopened; after another term it is over.
    """
    ref, known = demand_ref(origin.community, demand), profile_ref(origin.community)

    def decide(uow: UnitOfWork) -> bool:
        before = uow.find(ref)
        if before is None or before.rating_due_at is None or before.rating_due_at > uow.at:
            return False
        days = uow.get(known, NotFound()).rating_days
        if before.status is DemandStatus.COMPLETED and not before.call_back:
            _ask_again(uow, origin, before, days)
        elif before.status is DemandStatus.COMPLETED:
            _leave(uow, origin, before, days)
        elif before.status is DemandStatus.UNRATED:
            uow.put(ref, lapsed(before, uow.at))
            uow.announce(ref, facts.DemandClosed(demand=demand, outcome=UNRATED, order=before.order or ""))
        else:
            uow.put(ref, replace(before, rating_due_at=None))
        return True

    return Work(origin, (ref, known), decide)


def _ask_again(uow: UnitOfWork, origin: Origin, before: Demand, days: int) -> None:
    ref = demand_ref(origin.community, before.id)
    after, left = asked_again(before, days, uow.at)
    uow.put(ref, after)
    fact = facts.DemandRatingWanted(demand=before.id, asked_by=before.asked_by, left_days=left)
    uow.announce(ref, fact)


def _leave(uow: UnitOfWork, origin: Origin, before: Demand, days: int) -> None:
    ref = demand_ref(origin.community, before.id)
    uow.put(ref, left_unrated(before, days, uow.at))
    fact = facts.DemandLeftUnrated(demand=before.id, asked_by=before.asked_by, left_days=days)
    uow.announce(ref, fact)
