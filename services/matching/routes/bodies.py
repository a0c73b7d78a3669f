"""What may be sent to matching: the body of every write."""

from datetime import UTC, date, datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

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
        default=None, description="when the work began, if not just now"
    )
    minutes: Annotated[int, Field(ge=1, le=1_440)] | None = Field(
        default=None, description="how long it took, with served_at; decides on double points"
    )
    persons: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None, description="how many people were served"
    )
    sessions: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None, description="of how many sessions (场次)"
    )

    @model_validator(mode="after")
    def _is_timed(self) -> Self:
        if self.minutes is not None and self.served_at is None:
            raise ValueError("minutes: say in served_at when it began, too")
        return self


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
