"""What may be sent to matching: the body of every write."""

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from services.chassis.http.bodies import Command
from services.contracts.words import TYPED, Note, Proof, Reason, ThingId
from services.matching.domain import orders as rules

Title = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=TYPED)]
FigureName = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=TYPED)]
Figures = Annotated[
    dict[FigureName, Annotated[float, Field(allow_inf_nan=False)]],
    Field(max_length=20),
]
SERVED_AT_MIN = datetime(2000, 1, 1, tzinfo=UTC)
Proofs = Annotated[tuple[Proof, ...], Field(max_length=20)]


class CallProvider(Command):
    """吹哨: another provider, and the part of the matter it is called to."""

    provider: ThingId
    part: Title


class DispatchOrder(Command):
    """Staff choose; `community` means that the community itself takes the lead."""

    provider: ThingId
    call: tuple[CallProvider, ...] = Field(
        default=(), max_length=10, description="others called to parts of it at once; the provider leads"
    )


class GiveReason(Command):
    """A step that has to be explained."""

    reason: Reason


class OfferHandover(Command):
    """转办."""

    to: ThingId
    reason: Reason


class PlannedMilestone(Command):
    """One milestone ahead."""

    id: ThingId
    title: Title
    due_on: date | None = None


class PlanMilestones(Command):
    """Milestones ahead, in their order."""

    milestones: tuple[PlannedMilestone, ...] = Field(min_length=1, max_length=rules.MILESTONES_MAX)


class FinishMilestone(Command):
    """A milestone reached."""

    note: Note = ""
    figures: Figures = Field(default_factory=dict)
    proof: Proofs = ()


class CompleteOrder(Command):
    """办结, with at least one proof."""

    summary: Reason
    proof: Proofs = ()
    served_at: Annotated[AwareDatetime, Field(ge=SERVED_AT_MIN)] | None = Field(
        default=None, description="when the work took place, if not just now; decides on double points"
    )


class UrgeOrder(Command):
    """催办."""

    note: Note = ""


class AskResident(Command):
    """待诉求人补充."""

    question: Reason


class RequestExtension(Command):
    """申请延期."""

    days: int = Field(ge=1, le=250, description="working days more")
    reason: Reason
