"""The resident rates what was done (评单); who does not is asked again, and at last it is left unrated."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.chassis.documents import Ref
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts import demands as facts
from services.contracts.ids import DemandId
from services.contracts.literals import Satisfaction, Solved
from services.contracts.refusal import NotFound
from services.contracts.roles import COMMUNITY
from services.contracts.values import replace
from services.intake.domain.demands import Demand, Line, Rating
from services.intake.domain.lifecycle import DemandStatus, DemandStep
from services.intake.handlers.demands import because_of, must_concern
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
        after = clock_of_rating(before, _rated(before, rating, origin), 0, uow.at)
        uow.put(ref, after)
        _announce_rating(uow, ref, after, opinion)
        return uow.versioned(ref)

    return Work(origin, (ref,), decide)


_SATISFACTION = {"satisfied": "满意", "mostly": "基本满意", "dissatisfied": "不满意"}
_SOLVED = {"solved": "已解决", "partly": "部分解决", "unsolved": "未解决"}


def _rated(before: Demand, rating: Rating, origin: Origin) -> Demand:
    how = "社区回访" if rating.by_call_back else "居民评单"
    words = (
        f"{how}：{_SOLVED[rating.solved]}，{_SATISFACTION[rating.satisfaction]}{because_of(rating.comment)}"
    )
    line = Line(rating.at, origin.actor.role.value, "rated", words)
    if rating.good:
        return replace(before.after(DemandStep.RATE_WELL, line), rating=rating)
    after = before.after(DemandStep.RATE_BADLY, line)
    return replace(after, rating=rating, reopened=before.reopened + 1)


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
    )
    uow.announce(ref, rated)
    if not good:
        reason = comment or _SOLVED[opinion.solved]
        again = facts.DemandReopened(
            demand=after.id, order=order, reason=reason, times=after.reopened, round=after.round
        )
        uow.announce(ref, again)


ASKED_AGAIN_AFTER_SHARE = 3
"""After this part of the term it is asked for again."""
UNRATED = "unrated"


def first_due(at: datetime, days: int) -> datetime:
    """Return when those who have not rated by then are asked again."""
    return at + timedelta(days=days) / ASKED_AGAIN_AFTER_SHARE


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
            line = Line(uow.at, "clock", "lapsed", "已归档（未评价）")
            uow.put(ref, replace(before.after(DemandStep.LAPSE, line), rating_due_at=None))
            uow.announce(ref, facts.DemandClosed(demand=demand, outcome=UNRATED, order=before.order or ""))
        else:
            uow.put(ref, replace(before, rating_due_at=None))
        return True

    return Work(origin, (ref, known), decide)


def _ask_again(uow: UnitOfWork, origin: Origin, before: Demand, days: int) -> None:
    ref = demand_ref(origin.community, before.id)
    left = days - days // ASKED_AGAIN_AFTER_SHARE
    due = uow.at + timedelta(days=days) - timedelta(days=days) / ASKED_AGAIN_AFTER_SHARE
    line = Line(uow.at, "clock", "asked_again", "办结后还没有评单，已再次提醒，并请社区回访")
    uow.put(ref, replace(before.noted(line), call_back=True, rating_due_at=due))
    fact = facts.DemandRatingWanted(demand=before.id, asked_by=before.asked_by, left_days=left)
    uow.announce(ref, fact)


def _leave(uow: UnitOfWork, origin: Origin, before: Demand, days: int) -> None:
    ref = demand_ref(origin.community, before.id)
    line = Line(uow.at, "clock", "left_unrated", f"{days} 天内没有评单，按“未评价”处理；不满意仍可要求重办")
    after = before.after(DemandStep.LEAVE_UNRATED, line)
    uow.put(ref, replace(after, call_back=False, rating_due_at=uow.at + timedelta(days=days)))
    fact = facts.DemandLeftUnrated(demand=before.id, asked_by=before.asked_by, left_days=days)
    uow.announce(ref, fact)


def clock_of_rating(before: Demand, after: Demand, days: int, at: datetime) -> Demand:
    """Return a demand with the clock of its rating wound when it is done, and stopped when it is not.

    Arguments:
        days: that it waits to be rated.
    """
    if after.status is DemandStatus.COMPLETED and before.status is not DemandStatus.COMPLETED:
        return replace(after, rating_due_at=first_due(at, days), call_back=False)
    if after.status not in (DemandStatus.COMPLETED, DemandStatus.UNRATED):
        return replace(after, rating_due_at=None, call_back=False)
    return after
