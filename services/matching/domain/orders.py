"""An order (工单): what one provider is asked to do about a demand, from proposal to settlement."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.contracts.ids import DemandId, OrderId
from services.contracts.literals import DemandKind
from services.contracts.values import replace
from services.matching.domain.caution import Heard
from services.matching.domain.deadlines import Extension, Level, Pause, Supervision
from services.matching.domain.lifecycle import NAMES, STEPS, UNDONE, OrderStatus, OrderStep, allowed_steps
from services.matching.domain.parts import Basis, Called, Choice, Effort, Handover, Proof, Stage, Who
from services.matching.domain.refusals import (
    Accused,
    CannotReceive,
    CompanionsOpen,
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

NOTHING_HEARD = Heard()
MILESTONES_MAX = 100
SERVED_AHEAD_MAX = timedelta(seconds=30)
"""By how much the clock of who reports may be ahead of ours."""
NO_EFFORT = Effort()
NO_ORDER = OrderId("")
"""Leads nobody and belongs to nobody."""


@dataclass(frozen=True, slots=True)
class Order:
    """What one provider at a time is answerable for."""

    id: OrderId
    demand: DemandId
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
    proof: tuple[Proof, ...] = ()
    served_at: datetime | None = None
    effort: Effort = NO_EFFORT
    well_rated: bool = False
    urged: int = 0
    returned: int = 0
    ended_because: str = ""
    about: DemandKind = "help"
    urgent: bool = False
    answerable: Who | None = None
    sign_due_at: datetime | None = None
    finish_due_at: datetime | None = None
    timer_at: datetime | None = None
    level: Level = Level.CANDIDATE
    unsigned: tuple[str, ...] = ()
    overdue_told_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[Extension, ...] = ()
    supervised: Supervision | None = None
    basis: Basis | None = None
    queued_at: datetime | None = None
    lead: OrderId = NO_ORDER
    part: str = ""
    called: tuple[Called, ...] = ()
    seat: int | None = None
    """Which of its provider's places it takes, counted from 0."""
    heard: Heard = NOTHING_HEARD
    pressing: int = 0
    """How far it stands before others in every list."""
    held: bool = False
    """A person decides because of what its words say, however sure the router is."""

    def understood_as(self, heard: Heard) -> "Order":
        """Return the order with what its words say, and its place before others."""
        pressing = heard.pressing if self.status in UNDONE else 0
        return replace(self, heard=heard, pressing=pressing)

    def queued(self, at: datetime) -> "Order":
        """Return the order waiting for a place with somebody who can do it."""
        return replace(self.after_step(OrderStep.QUEUE), queued_at=at)

    def dispatched_to(self, provider: Who, chosen_by: str, because: str, at: datetime) -> "Order":
        """Return the order as the provider finds it in its inbox; its reason follows it.

        Raises:
            Accused: the provider is said to have done wrong.
        """
        after = self.after_step(OrderStep.DISPATCH)
        self.must_not_be_accused(provider.id)
        choice = next((one for one in self.candidates if one.provider.id == provider.id), None)
        return replace(
            after,
            provider=provider,
            chosen_by=chosen_by,
            dispatched_at=at,
            queued_at=None,
            because=because,
            confidence=choice.confidence if choice else 0.0,
        )

    def must_not_be_accused(self, provider: str) -> None:
        """Make sure that a provider is not the one who is said to have done wrong.

        Raises:
            Accused: it is.
        """
        if self.is_accused(provider):
            raise Accused(provider=provider)

    def is_accused(self, provider: str) -> bool:
        """Return whether a provider is said to have done wrong in this matter."""
        return self.heard.is_wrongdoing and provider in self.heard.accused

    def is_taken_from_its_provider(self, before: "Order") -> bool:
        """Return whether who works on it loses it by what it is now understood to say.

        The accused do; and where a wrong is told only now, everybody does until a person has said who is
        accused: it may be whoever works on it. Whom staff chose for a wrong that was known keeps it.
        """
        if before.provider is None:
            return False
        is_news = self.heard.is_wrongdoing and not before.heard.is_wrongdoing
        return self.is_accused(before.provider.id) or (is_news and not self.heard.is_confirmed)

    def without_accused_receiver(self) -> "Order":
        """Return the order without an offer to the one who is said to have done wrong."""
        offer = self.handover
        return replace(self, handover=None) if offer and self.is_accused(offer.receiver.id) else self

    def recalled(self) -> "Order":
        """Return the order without provider, for a person to decide anew; nobody has declined it.

        Nobody answers for it, and what its provider asked for is void.
        """
        return replace(
            self.after_step(OrderStep.RECALL),
            provider=None,
            handover=None,
            queued_at=None,
            answerable=None,
            accepted_at=None,
            extensions=tuple(one for one in self.extensions if one.granted is not None),
        )

    def left_unrated(self) -> "Order":
        """Return the order at its end without the resident's word, which counts as neither good nor bad."""
        return self.after_step(OrderStep.LEAVE_UNRATED)

    def accepted(self, at: datetime) -> "Order":
        """Return the order with its provider answerable for it."""
        after = self.after_step(OrderStep.ACCEPT)
        return replace(after, accepted_at=at, answerable=self._provider)

    def after_decline(self) -> "Order":
        """Return the order without its provider, who is not asked again."""
        after = self.after_step(OrderStep.DECLINE)
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
        after = self.after_step(OrderStep.OFFER_HANDOVER)
        if self.handover is not None:
            raise HandoverPending(receiver=self.handover.receiver.id)
        if receiver.id == self._provider.id:
            raise CannotReceive
        self.must_not_be_accused(receiver.id)
        return replace(after, handover=Handover(receiver, reason, at))

    def taken_over(self) -> "Order":
        """Return the order with the receiver answerable (首接负责制: by consent alone).

        Raises:
            Accused: the receiver is said to have done wrong.
        """
        offer = self._offer(OrderStep.CONSENT_TO_HANDOVER)
        self.must_not_be_accused(offer.receiver.id)
        return replace(
            self,
            provider=offer.receiver,
            answerable=offer.receiver,
            handover=None,
            handed_over=self.handed_over + 1,
            because=f"{self._provider.name}转办：{offer.reason}",
        )

    def not_taken_over(self, step: OrderStep = OrderStep.REFUSE_HANDOVER) -> "Order":
        """Return the order with the one who had it: the other refused, or did not answer in time."""
        self._offer(step)
        return replace(self, handover=None)

    def unsigned_in_time(self) -> "Order":
        """Return the order without the provider that did not answer in time, which is not asked again."""
        after = self.after_step(OrderStep.MISS_SIGNING)
        missed = self._provider.id
        return replace(
            after, provider=None, declined=(*self.declined, missed), unsigned=(*self.unsigned, missed)
        )

    def planned(self, stages: tuple[Stage, ...]) -> "Order":
        """Return the order as a project with milestones ahead."""
        after = self.after_step(OrderStep.PLAN)
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
        after = self.after_step(OrderStep.FINISH_MILESTONE)
        planned = next((stage for stage in self.stages if stage.id == done.id), None)
        if planned is None:
            raise UnknownMilestone
        if planned.done_at is not None:
            raise MilestoneDone
        kept = replace(done, title=planned.title, due_on=planned.due_on)
        stages = tuple(kept if stage.id == done.id else stage for stage in self.stages)
        return replace(after, stages=stages)

    def completed(
        self,
        summary: str,
        proof: tuple[Proof, ...],
        served_at: datetime | None,
        at: datetime,
        effort: Effort = NO_EFFORT,
    ) -> "Order":
        """Return the order as done, with proof.

        Arguments:
            served_at: when the work began, if not just now.
            effort: how much it was; with minutes it is over when they have passed.

        Raises:
            ProofMissing: nobody could see it.
            ServedAtImpossible: it cannot have been then; points may depend on it.
            MilestonesOpen: something planned is not done.
            HandoverPending: it is not clear whose it is.
            CompanionsOpen: somebody who was called is not done.
        """
        after = self.after_step(OrderStep.COMPLETE)
        if not proof:
            raise ProofMissing
        served_at = self._served(served_at, timedelta(minutes=effort.minutes), at)
        if self.handover is not None:
            raise HandoverPending(receiver=self.handover.receiver.id)
        left = [stage.title for stage in self.stages if stage.done_at is None]
        if left:
            raise MilestonesOpen(open=left)
        busy = [entry.part for entry in self.called if not entry.over]
        if busy:
            raise CompanionsOpen(open=busy)
        done = replace(after, summary=summary, proof=proof, completed_at=at)
        return replace(done, served_at=served_at, effort=effort)

    def _served(self, told: datetime | None, took: timedelta, at: datetime) -> datetime:
        """Return when the work began.

        Who tells it has a clock of their own, which may be a little ahead of ours; and ours may have been put
        back since they accepted.
        """
        latest = max(at, self.accepted_at or at)
        if told is None:
            return latest
        if not (self.accepted_at or told) <= told <= latest + SERVED_AHEAD_MAX - took:
            raise ServedAtImpossible
        return min(told, latest)

    def verified(self) -> "Order":
        """Return the order as the community found it done."""
        return self.after_step(OrderStep.VERIFY)

    def sent_back(self) -> "Order":
        """Return the order to be done again (发回重办), even after its end: what it earned is taken back."""
        after = self.after_step(OrderStep.RETURN)
        return replace(after, returned=self.returned + 1, well_rated=False, completed_at=None)

    def rated_well(self) -> "Order":
        """Return the order with the resident content; it settles once it is verified, too.

        Raises:
            StepNotAllowed: it went back meanwhile, and the next try is to be rated anew.
        """
        return replace(self.after_step(OrderStep.BE_RATED_WELL), well_rated=True)

    @property
    def can_settle(self) -> bool:
        """Return whether it is verified and well rated."""
        return self.status is OrderStatus.VERIFIED and self.well_rated

    @property
    def is_in_time(self) -> bool | None:
        """Return whether it was reported done by its deadline; None: it had none."""
        if self.completed_at is None or self.finish_due_at is None:
            return None
        return self.completed_at <= self.finish_due_at

    def settled(self) -> "Order":
        """Return the order at its end."""
        return self.after_step(OrderStep.SETTLE)

    def urged_again(self) -> "Order":
        """Return the order with one urge more."""
        return replace(self.after_step(OrderStep.URGE), urged=self.urged + 1)

    def cancelled(self, reason: str) -> "Order":
        """Return the order given up; nobody has to answer for it."""
        return replace(self.after_step(OrderStep.CANCEL), handover=None, ended_because=reason, queued_at=None)

    @property
    def _provider(self) -> Who:
        assert self.provider is not None, "only a proposed order has no provider"
        return self.provider

    def _offer(self, step: OrderStep) -> Handover:
        self.after_step(step)
        if self.handover is None:
            raise NoHandoverOffered
        return self.handover

    def after_step(self, step: OrderStep) -> "Order":
        """Return the order where a step leads it.

        Raises:
            StepNotAllowed: its status does not allow the step.
        """
        sources, target = STEPS[step]
        if self.status not in sources:
            raise StepNotAllowed(
                f"工单当前是“{NAMES[self.status]}”，不能这样做",
                present_status=self.status.value,
                allowed=allowed_steps(self.status),
            )
        after = replace(self, status=target or self.status)
        return after if after.status in UNDONE else replace(after, pressing=0)
