"""A demand (诉求): what a resident asks, and how far it has come."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from services.contracts.refusal import Conflict, Forbidden, Invalid

SUPPORTERS_MAX = 10_000
TIMELINE_MAX = 500


class DemandStatus(StrEnum):
    """Where a demand stands."""

    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    QUEUED = "queued"
    DISPATCHED = "dispatched"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    RATED = "rated"
    CLOSED = "closed"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


class DemandStep(StrEnum):
    """What moves a demand. The first group is taken by people, the second follows the order."""

    WITHDRAW = "withdraw"
    RATE_WELL = "rate_well"
    RATE_BADLY = "rate_badly"
    MERGE = "merge"
    ENDORSE = "endorse"
    URGE = "urge"
    SUPPLEMENT = "supplement"

    GO_TO_REVIEW = "go_to_review"
    BE_QUEUED = "be_queued"
    BE_DISPATCHED = "be_dispatched"
    BE_ACCEPTED = "be_accepted"
    MAKE_PROGRESS = "make_progress"
    BE_COMPLETED = "be_completed"
    BE_DONE_AGAIN = "be_done_again"
    BE_SETTLED = "be_settled"
    BE_CANCELLED = "be_cancelled"


S = DemandStatus
_BEFORE_DONE = (S.SUBMITTED, S.IN_REVIEW, S.QUEUED, S.DISPATCHED, S.ACCEPTED, S.IN_PROGRESS, S.REOPENED)
_OPEN = (*_BEFORE_DONE, S.COMPLETED)

STEPS: Mapping[DemandStep, tuple[tuple[DemandStatus, ...], DemandStatus | None]] = MappingProxyType(
    {
        DemandStep.GO_TO_REVIEW: ((S.SUBMITTED, S.QUEUED, S.DISPATCHED), S.IN_REVIEW),
        DemandStep.BE_QUEUED: ((S.SUBMITTED, S.IN_REVIEW, S.DISPATCHED), S.QUEUED),
        DemandStep.BE_DISPATCHED: ((S.SUBMITTED, S.IN_REVIEW, S.QUEUED, S.DISPATCHED), S.DISPATCHED),
        DemandStep.BE_ACCEPTED: ((S.DISPATCHED,), S.ACCEPTED),
        DemandStep.MAKE_PROGRESS: ((S.ACCEPTED, S.IN_PROGRESS), S.IN_PROGRESS),
        DemandStep.BE_COMPLETED: ((S.ACCEPTED, S.IN_PROGRESS), S.COMPLETED),
        DemandStep.RATE_WELL: ((S.COMPLETED,), S.RATED),
        DemandStep.RATE_BADLY: ((S.COMPLETED,), S.REOPENED),
        DemandStep.BE_DONE_AGAIN: ((S.REOPENED, S.COMPLETED, S.RATED), S.IN_PROGRESS),
        DemandStep.BE_SETTLED: ((S.RATED,), S.CLOSED),
        DemandStep.BE_CANCELLED: ((*_OPEN, S.RATED), S.CLOSED),
        DemandStep.WITHDRAW: (_BEFORE_DONE, S.WITHDRAWN),
        DemandStep.MERGE: (_BEFORE_DONE, S.MERGED),
        DemandStep.ENDORSE: (_OPEN, None),
        DemandStep.URGE: (_BEFORE_DONE, None),
        DemandStep.SUPPLEMENT: ((S.ACCEPTED, S.IN_PROGRESS), None),
    }
)
"""Step → the statuses it may be taken from, and the one it leads to (None: it stays)."""


class StepNotAllowed(Conflict):
    """The demand's status does not allow this step; `allowed` lists the ones that it does."""

    slug = "step_not_allowed"


class NotYourDemand(Forbidden):
    """Only the one who asked may do this, or the community for them."""

    slug = "not_your_demand"
    title = "只有提出人或代办的社区人员可以这样做"


class NothingAsked(Conflict):
    """Nobody has asked the resident for more."""

    slug = "nothing_asked"
    title = "目前没有需要补充的内容"


class OwnDemand(Conflict):
    """Nobody endorses what they asked themselves."""

    slug = "own_demand"
    title = "不能附议自己提出的诉求"


class SameDemand(Invalid):
    """A demand cannot be merged into itself, or into one that is over."""

    slug = "cannot_merge"
    title = "不能并入这条诉求"


class TooManySupporters(Conflict):
    """More people than the community could have."""

    slug = "too_many_supporters"
    title = "附议人数已达上限"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline, as a resident reads it."""

    at: datetime
    by: str
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Handler:
    """The provider that has the order now."""

    id: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Rating:
    """The resident's word on the result (评单); `by_call_back` when the community asked by phone (回访)."""

    solved: str
    satisfaction: str
    comment: str
    at: datetime
    by_call_back: bool

    @property
    def good(self) -> bool:
        """Return whether the matter may be closed on it."""
        return self.solved != "unsolved" and self.satisfaction != "dissatisfied"


@dataclass(frozen=True, slots=True)
class Demand:
    """What a resident asks, by reference to the person, with everything that happened since."""

    id: str
    text: str
    title: str | None
    compound: str | None
    about: str
    asked_by: str
    entered_by: str
    submitted_at: datetime
    status: DemandStatus
    timeline: tuple[Line, ...]
    supporters: tuple[str, ...] = ()
    order: str | None = None
    handler: Handler | None = None
    dispatched_at: datetime | None = None
    urged: int = 0
    reopened: int = 0
    rating: Rating | None = None
    merged_into: str | None = None
    merged_from: tuple[str, ...] = ()
    has_contact: bool = False
    question: str | None = None
    finish_due_at: datetime | None = None
    supervised: bool = False

    def after(self, step: DemandStep, line: Line) -> "Demand":
        """Return the demand after a step, with its line on the timeline.

        Raises:
            StepNotAllowed: its status does not allow the step.
        """
        sources, target = STEPS[step]
        if self.status not in sources:
            raise StepNotAllowed(
                f"诉求当前是“{NAMES[self.status]}”，不能这样做",
                present_status=self.status.value,
                allowed=allowed_steps(self.status),
            )
        return replace(self, status=target or self.status, timeline=_with(self.timeline, line))

    def following(self, step: DemandStep, line: Line) -> "Demand":
        """Return the demand after what happened to its order; one that is over keeps its status."""
        sources, _ = STEPS[step]
        return self.after(step, line) if self.status in sources else self.noted(line)

    def noted(self, line: Line) -> "Demand":
        """Return the demand with a line more and nothing else changed."""
        return replace(self, timeline=_with(self.timeline, line))

    def endorsed_by(self, subject: str, at: datetime) -> "Demand":
        """Return the demand with one supporter more; the same one again changes nothing.

        Raises:
            OwnDemand: it is theirs.
            StepNotAllowed: it is over.
            TooManySupporters: nobody else fits in.
        """
        if subject == self.asked_by:
            raise OwnDemand
        if subject in self.supporters:
            return self
        if len(self.supporters) >= SUPPORTERS_MAX:
            raise TooManySupporters(most=SUPPORTERS_MAX)
        line = Line(at, "resident", "endorsed", f"有居民附议，共 {len(self.supporters) + 1} 人")
        return replace(self.after(DemandStep.ENDORSE, line), supporters=(*self.supporters, subject))

    def supplemented(self, line: Line) -> "Demand":
        """Return the demand with the answer to what was asked.

        Raises:
            NothingAsked: nothing was.
            StepNotAllowed: it is not being worked on.
        """
        after = self.after(DemandStep.SUPPLEMENT, line)
        if self.question is None:
            raise NothingAsked
        return replace(after, question=None)

    @property
    def open_question(self) -> str | None:
        """Return what the resident is asked, as long as an answer helps."""
        sources, _ = STEPS[DemandStep.SUPPLEMENT]
        return self.question if self.status in sources else None

    def joined_by(self, other: "Demand", at: datetime) -> "tuple[Demand, tuple[str, ...]]":
        """Return the demand with another's people as supporters, and who came over with it.

        Raises:
            SameDemand: it is itself, or is over.
        """
        if other.id == self.id or self.status not in _OPEN:
            raise SameDemand(present_status=self.status.value)
        present = {self.asked_by, *self.supporters}
        people = dict.fromkeys((other.asked_by, *other.supporters))
        carried = tuple(person for person in people if person not in present)
        line = Line(at, "staff", "joined", f"并入一条相同的诉求，带来 {len(carried)} 位居民的附议")
        joined = replace(
            self.noted(line),
            supporters=(*self.supporters, *carried),
            merged_from=(*self.merged_from, other.id),
        )
        return joined, carried


def _with(timeline: tuple[Line, ...], line: Line) -> tuple[Line, ...]:
    """Keep the first line, how it began, and the latest of a very long timeline."""
    if len(timeline) < TIMELINE_MAX:
        return (*timeline, line)
    return (timeline[0], *timeline[2:], line)


def allowed_steps(status: DemandStatus) -> list[str]:
    """Return what people may do in a status, by the names of the routes."""
    steps = (step for step, (sources, _) in STEPS.items() if status in sources and step in _BY_PEOPLE)
    return list(dict.fromkeys(_BY_PEOPLE[step] for step in steps))


_BY_PEOPLE: Mapping[DemandStep, str] = MappingProxyType(
    {
        DemandStep.RATE_WELL: "rate",
        DemandStep.RATE_BADLY: "rate",
        DemandStep.WITHDRAW: "withdraw",
        DemandStep.MERGE: "merge",
        DemandStep.ENDORSE: "endorse",
        DemandStep.URGE: "urge",
        DemandStep.SUPPLEMENT: "supplement",
    }
)


NAMES: Mapping[DemandStatus, str] = MappingProxyType(
    {
        S.SUBMITTED: "已点单",
        S.IN_REVIEW: "社区研判中",
        S.QUEUED: "排队等候",
        S.DISPATCHED: "已下单",
        S.ACCEPTED: "已接单",
        S.IN_PROGRESS: "办理中",
        S.COMPLETED: "已办结，待评单",
        S.RATED: "已评单",
        S.CLOSED: "已归档",
        S.REOPENED: "重新办理",
        S.WITHDRAWN: "已撤回",
        S.MERGED: "已合并",
    }
)
"""Status → what a resident reads."""
