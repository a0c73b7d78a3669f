"""An order (工单): what one provider is asked to do about a demand, from proposal to settlement."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from services.matching.domain.refusals import (
    CannotReceive,
    DuplicateMilestones,
    HandoverPending,
    MilestoneDone,
    MilestonesOpen,
    NoHandoverOffered,
    ProofMissing,
    ServedAtImpossible,
    StepNotAllowed,
    TooManyMilestones,
    UnknownMilestone,
)

MILESTONES_MAX = 100


class OrderStatus(StrEnum):
    """Where an order stands."""

    PROPOSED = "proposed"
    DISPATCHED = "dispatched"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    VERIFIED = "verified"
    SETTLED = "settled"
    CANCELLED = "cancelled"


class OrderStep(StrEnum):
    """What moves an order."""

    DISPATCH = "dispatch"
    ACCEPT = "accept"
    DECLINE = "decline"
    OFFER_HANDOVER = "offer_handover"
    CONSENT_TO_HANDOVER = "consent_to_handover"
    REFUSE_HANDOVER = "refuse_handover"
    PLAN = "plan"
    FINISH_MILESTONE = "finish_milestone"
    COMPLETE = "complete"
    VERIFY = "verify"
    BE_RATED_WELL = "be_rated_well"
    RETURN = "return"
    SETTLE = "settle"
    URGE = "urge"
    CANCEL = "cancel"


S = OrderStatus
_TAKEN = (S.ACCEPTED, S.IN_PROGRESS)
_IN_HAND = (S.DISPATCHED, *_TAKEN)

STEPS: Mapping[OrderStep, tuple[tuple[OrderStatus, ...], OrderStatus | None]] = MappingProxyType(
    {
        OrderStep.DISPATCH: ((S.PROPOSED,), S.DISPATCHED),
        OrderStep.ACCEPT: ((S.DISPATCHED,), S.ACCEPTED),
        OrderStep.DECLINE: ((S.DISPATCHED,), S.PROPOSED),
        OrderStep.OFFER_HANDOVER: (_TAKEN, None),
        OrderStep.CONSENT_TO_HANDOVER: (_TAKEN, None),
        OrderStep.REFUSE_HANDOVER: (_TAKEN, None),
        OrderStep.PLAN: (_TAKEN, S.IN_PROGRESS),
        OrderStep.FINISH_MILESTONE: (_TAKEN, S.IN_PROGRESS),
        OrderStep.COMPLETE: (_TAKEN, S.COMPLETED),
        OrderStep.VERIFY: ((S.COMPLETED,), S.VERIFIED),
        OrderStep.BE_RATED_WELL: ((S.COMPLETED, S.VERIFIED), None),
        OrderStep.RETURN: ((S.COMPLETED, S.VERIFIED), S.IN_PROGRESS),
        OrderStep.SETTLE: ((S.VERIFIED,), S.SETTLED),
        OrderStep.URGE: ((S.PROPOSED, *_IN_HAND), None),
        OrderStep.CANCEL: ((S.PROPOSED, *_IN_HAND, S.COMPLETED, S.VERIFIED), S.CANCELLED),
    }
)
"""Step → the statuses it may be taken from, and the one it leads to (None: it stays).
A declined order is proposed again, and at once dispatched to the next candidate if there is one."""

OPEN = frozenset(_IN_HAND)
"""Statuses in which an order takes a place of its provider's capacity."""


@dataclass(frozen=True, slots=True)
class Who:
    """A provider by id, public name and kind: unit, partner or community."""

    id: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a candidate's score."""

    name: str
    value: float
    because: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate as the router explained it; the parts add up to the score."""

    provider: Who
    score: float
    parts: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a proof of work can be found."""

    kind: str
    ref: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """A milestone: planned, then done."""

    id: str
    title: str
    due_on: str | None = None
    done_at: datetime | None = None
    note: str = ""
    figures: dict[str, float] = field(default_factory=dict)
    proof: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Handover:
    """An offer to another provider, until it answers."""

    receiver: Who
    reason: str
    offered_at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """What one provider at a time is answerable for."""

    id: str
    demand: str
    text: str
    title: str | None
    compound: str | None
    asked_by: str
    category: str
    confidence: float
    because: str
    candidates: tuple[Choice, ...]
    status: OrderStatus
    created_at: datetime
    provider: Who | None = None
    chosen_by: str = ""
    dispatched_at: datetime | None = None
    accepted_at: datetime | None = None
    completed_at: datetime | None = None
    declined: tuple[str, ...] = ()
    handover: Handover | None = None
    handed_over: int = 0
    stages: tuple[Stage, ...] = ()
    summary: str = ""
    proof: tuple[Evidence, ...] = ()
    served_at: datetime | None = None
    well_rated: bool = False
    urged: int = 0
    returned: int = 0
    ended_because: str = ""

    def dispatched_to(self, provider: Who, chosen_by: str, at: datetime) -> "Order":
        """Return the order as the provider finds it in its inbox."""
        after = self._after(OrderStep.DISPATCH)
        return replace(after, provider=provider, chosen_by=chosen_by, dispatched_at=at)

    def accepted(self, at: datetime) -> "Order":
        """Return the order with its provider answerable for it."""
        return replace(self._after(OrderStep.ACCEPT), accepted_at=at)

    def refused(self) -> "Order":
        """Return the order without its provider, who is not asked again."""
        after = self._after(OrderStep.DECLINE)
        return replace(after, provider=None, declined=(*self.declined, self._provider.id))

    def next_choices(self) -> tuple[Choice, ...]:
        """Return the candidates that have not declined, best first."""
        return tuple(choice for choice in self.candidates if choice.provider.id not in self.declined)

    def offered(self, receiver: Who, reason: str, at: datetime) -> "Order":
        """Return the order with an offer pending; the one who has it stays answerable.

        Raises:
            HandoverPending: another offer waits for its answer.
            CannotReceive: it is the one who has it.
        """
        after = self._after(OrderStep.OFFER_HANDOVER)
        if self.handover is not None:
            raise HandoverPending(receiver=self.handover.receiver.id)
        if receiver.id == self._provider.id:
            raise CannotReceive
        return replace(after, handover=Handover(receiver, reason, at))

    def taken_over(self) -> "Order":
        """Return the order with the receiver answerable (首接负责制: by consent alone)."""
        offer = self._offer(OrderStep.CONSENT_TO_HANDOVER)
        return replace(self, provider=offer.receiver, handover=None, handed_over=self.handed_over + 1)

    def not_taken_over(self) -> "Order":
        """Return the order with the one who had it."""
        self._offer(OrderStep.REFUSE_HANDOVER)
        return replace(self, handover=None)

    def planned(self, stages: tuple[Stage, ...]) -> "Order":
        """Return the order as a project with milestones ahead."""
        after = self._after(OrderStep.PLAN)
        if len(self.stages) + len(stages) > MILESTONES_MAX:
            raise TooManyMilestones(most=MILESTONES_MAX)
        ids = [stage.id for stage in (*self.stages, *stages)]
        if len(set(ids)) != len(ids):
            raise DuplicateMilestones
        return replace(after, stages=(*self.stages, *stages))

    def stage_done(self, done: Stage) -> "Order":
        """Return the order with a milestone reached; `done` keeps the planned title and date.

        Raises:
            UnknownMilestone, MilestoneDone
        """
        after = self._after(OrderStep.FINISH_MILESTONE)
        planned = next((stage for stage in self.stages if stage.id == done.id), None)
        if planned is None:
            raise UnknownMilestone
        if planned.done_at is not None:
            raise MilestoneDone
        kept = replace(done, title=planned.title, due_on=planned.due_on)
        stages = tuple(kept if stage.id == done.id else stage for stage in self.stages)
        return replace(after, stages=stages)

    def completed(
        self, summary: str, proof: tuple[Evidence, ...], served_at: datetime, at: datetime
    ) -> "Order":
        """Return the order as done, with proof.

        Raises:
            ProofMissing: nobody could see it.
            ServedAtImpossible: it cannot have been then; points may depend on it.
            MilestonesOpen: something planned is not done.
            HandoverPending: it is not clear whose it is.
        """
        after = self._after(OrderStep.COMPLETE)
        if not proof:
            raise ProofMissing
        if not (self.accepted_at or served_at) <= served_at <= at:
            raise ServedAtImpossible
        if self.handover is not None:
            raise HandoverPending(receiver=self.handover.receiver.id)
        left = [stage.title for stage in self.stages if stage.done_at is None]
        if left:
            raise MilestonesOpen(open=left)
        return replace(after, summary=summary, proof=proof, served_at=served_at, completed_at=at)

    def verified(self) -> "Order":
        """Return the order as the community found it done."""
        return self._after(OrderStep.VERIFY)

    def sent_back(self) -> "Order":
        """Return the order to be done again (发回重办)."""
        after = self._after(OrderStep.RETURN)
        return replace(after, returned=self.returned + 1, well_rated=False, completed_at=None)

    def rated_well(self) -> "Order":
        """Return the order with the resident content; it settles once it is verified, too.

        Raises:
            StepNotAllowed: it went back meanwhile, and the next try is to be rated anew.
        """
        return replace(self._after(OrderStep.BE_RATED_WELL), well_rated=True)

    @property
    def can_settle(self) -> bool:
        """Return whether it is verified and well rated."""
        return self.status is S.VERIFIED and self.well_rated

    def settled(self) -> "Order":
        """Return the order at its end."""
        return self._after(OrderStep.SETTLE)

    def urged_again(self) -> "Order":
        """Return the order with one urge more."""
        return replace(self._after(OrderStep.URGE), urged=self.urged + 1)

    def cancelled(self, reason: str) -> "Order":
        """Return the order given up; nobody has to answer for it."""
        return replace(self._after(OrderStep.CANCEL), handover=None, ended_because=reason)

    @property
    def _provider(self) -> Who:
        assert self.provider is not None, "only a proposed order has no provider"
        return self.provider

    def _offer(self, step: OrderStep) -> Handover:
        self._after(step)
        if self.handover is None:
            raise NoHandoverOffered
        return self.handover

    def _after(self, step: OrderStep) -> "Order":
        sources, target = STEPS[step]
        if self.status not in sources:
            raise StepNotAllowed(
                f"工单当前是“{NAMES[self.status]}”，不能这样做",
                present_status=self.status.value,
                allowed=allowed_steps(self.status),
            )
        return replace(self, status=target or self.status)


def allowed_steps(status: OrderStatus) -> list[str]:
    """Return what people may do in a status; the last two steps happen by themselves."""
    by_people = set(STEPS) - {OrderStep.BE_RATED_WELL, OrderStep.SETTLE}
    return [step.value for step, (sources, _) in STEPS.items() if status in sources and step in by_people]


NAMES: Mapping[OrderStatus, str] = MappingProxyType(
    {
        S.PROPOSED: "待研判",
        S.DISPATCHED: "已下单，待接单",
        S.ACCEPTED: "已接单",
        S.IN_PROGRESS: "办理中",
        S.COMPLETED: "已办结，待核实",
        S.VERIFIED: "已核实，待评单",
        S.SETTLED: "已结单",
        S.CANCELLED: "已取消",
    }
)
"""Status → what people read."""
