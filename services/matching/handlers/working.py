"""The work: milestones, and the report that it is done."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts import orders as facts
from services.contracts.ids import OrderId
from services.matching.domain.orders import NO_EFFORT, Order
from services.matching.domain.parts import Effort, Proof, Stage
from services.matching.handlers.context import Matching
from services.matching.handlers.facts import provider_fields
from services.matching.handlers.keeping import VersionedOrder, keep, step
from services.matching.handlers.rights import must_be_theirs
from services.matching.views.messages import milestone_of, proof_of


@dataclass(frozen=True, slots=True)
class Report:
    """What a provider reports when it is done; `served_at` is when the work itself began."""

    summary: str
    proof: tuple[Proof, ...]
    served_at: datetime | None
    effort: Effort = NO_EFFORT


def plan_milestones(
    matching: Matching, origin: Origin, order: OrderId, stages: tuple[Stage, ...]
) -> Work[VersionedOrder]:
    """Plan milestones ahead; the order is a project from then on."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        must_be_theirs(origin, before)
        after = before.planned(stages)
        milestones = tuple(milestone_of(stage) for stage in stages)
        keep(
            matching, uow, before, after, facts.OrderPlanned(**provider_fields(after), milestones=milestones)
        )

    return step(matching, origin, order, decide)


def finish_milestone(
    matching: Matching, origin: Origin, order: OrderId, done: Callable[[datetime], Stage]
) -> Work[VersionedOrder]:
    """Report a milestone as done, with note, figures and proof."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        must_be_theirs(origin, before)
        stage = done(uow.at)
        after = before.stage_done(stage)
        kept = next(other for other in after.stages if other.id == stage.id)
        fact = facts.OrderMilestoneDone(**provider_fields(after), milestone=milestone_of(kept))
        keep(matching, uow, before, after, fact)

    return step(matching, origin, order, decide)


def complete_order(
    matching: Matching,
    origin: Origin,
    order: OrderId,
    report: Report,
) -> Work[VersionedOrder]:
    """Report the work as done (办结), with proof."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        must_be_theirs(origin, before)
        after = before.completed(report.summary, report.proof, report.served_at, uow.at, report.effort)
        proof = tuple(proof_of(one) for one in report.proof)
        fact = facts.OrderCompleted(**provider_fields(after), summary=report.summary, proof=proof)
        keep(matching, uow, before, after, fact)

    return step(matching, origin, order, decide)
