"""Matching's doors for the work: milestones, the report that it is done."""

from dataclasses import dataclass
from typing import Any

from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route
from services.chassis.work import Work
from services.contracts.roles import DOERS
from services.matching.domain import refusals
from services.matching.domain.parts import Effort, Stage
from services.matching.handlers import working
from services.matching.handlers.context import Matching
from services.matching.handlers.working import Report
from services.matching.routes import access
from services.matching.routes.bodies import (
    CompleteOrder,
    FinishMilestone,
    PlanMilestones,
)
from services.matching.views.messages import proof_from


@dataclass(frozen=True, slots=True)
class WorkingRoutes:
    """The routes over matching's use cases."""

    matching: Matching

    def plan(self, request: ApiRequest[PlanMilestones]) -> Work[Reply]:
        stages = tuple(
            Stage(m.id, m.title, m.due_on.isoformat() if m.due_on else None) for m in request.body.milestones
        )
        return access.step(
            self.matching, request, working.plan_milestones(self.matching, *access.asked(request), stages)
        )

    def finish_milestone(self, request: ApiRequest[FinishMilestone]) -> Work[Reply]:
        proof = tuple(proof_from(given) for given in request.body.proof)

        def done(at: Any) -> Stage:
            return Stage(
                request.path["milestone"],
                "",
                done_at=at,
                note=request.body.note,
                figures=request.body.figures,
                proof=proof,
            )

        return access.step(
            self.matching, request, working.finish_milestone(self.matching, *access.asked(request), done)
        )

    def complete(self, request: ApiRequest[CompleteOrder]) -> Work[Reply]:
        proof = tuple(proof_from(given) for given in request.body.proof)
        body = request.body
        effort = Effort(body.minutes or 0, body.persons or 0, body.sessions or 0)
        report = Report(body.summary, proof, body.served_at, effort)
        return access.step(
            self.matching, request, working.complete_order(self.matching, *access.asked(request), report)
        )

    def table(self) -> tuple[Route, ...]:
        """Return the routes."""
        step = refusals.StepNotAllowed
        return (
            access.post_step(
                "/milestones",
                DOERS,
                self.plan,
                "Plan milestones",
                PlanMilestones,
                step,
                refusals.TooManyMilestones,
                refusals.DuplicateMilestones,
            ),
            access.post_step(
                "/milestones/{milestone}/done",
                DOERS,
                self.finish_milestone,
                "Report a milestone",
                FinishMilestone,
                step,
                refusals.UnknownMilestone,
                refusals.MilestoneDone,
            ),
            access.post_step(
                "/complete",
                DOERS,
                self.complete,
                "Complete an order (办结)",
                CompleteOrder,
                step,
                refusals.ProofMissing,
                refusals.ServedAtImpossible,
                refusals.MilestonesOpen,
                refusals.HandoverPending,
            ),
        )
