"""A demand (诉求): what a resident asks, and how far it has come."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.contracts.ids import DemandId, OrderId, round_of
from services.contracts.literals import DemandKind, ProviderKind, Satisfaction, Solved
from services.contracts.refusal import Conflict, Forbidden, Invalid
from services.contracts.values import replace
from services.intake.domain.alarms import NOT_PRESSING, NOW, PERHAPS, Alarm
from services.intake.domain.crowds import SUPPORTERS_MAX, Crowd
from services.intake.domain.duplicates import FoundBy
from services.intake.domain.lifecycle import (
    BEFORE_DONE,
    NAMES,
    OPEN,
    STEPS,
    DemandStatus,
    DemandStep,
    allowed_steps,
)
from services.intake.domain.readings import Understood
from services.language.words import Accusation

BROUGHT_MAX = 300
TIMELINE_MAX = 500
CONTACT_READS_MAX = 200
ENDORSED = "endorsed"


class UnknownCompound(Invalid):
    """The community has no compound or venue with this id."""

    slug = "unknown_compound"
    title = "本社区没有这个小区或场所"


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
    kind: ProviderKind


@dataclass(frozen=True, slots=True)
class Rating:
    """The resident's word on the result (评单); `by_call_back` when the community asked by phone (回访)."""

    solved: Solved
    satisfaction: Satisfaction
    comment: str
    at: datetime
    by_call_back: bool

    @property
    def good(self) -> bool:
        """Return whether the matter may be closed on it."""
        return self.solved != "unsolved" and self.satisfaction != "dissatisfied"


@dataclass(frozen=True, slots=True)
class Brought:
    """The people of a merged demand, who count as supporters of the one it went into.

    Arguments:
        demand: where they gave their voice.
        people: who asked it and who endorsed it there, without those who opted out.
        through: the demands between, nearest to it first, where it came along with another merge.
    """

    demand: DemandId
    people: tuple[str, ...]
    through: tuple[DemandId, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactRead:
    """Who opened the contact, and when."""

    by: str
    role: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Demand:
    """What a resident asks, by reference to the person, with everything that happened since.

    `supporters` are all who stand behind it beside the one who asked: those who endorsed it, then those
    whom merges `brought`. `endorsed_too` are brought and endorsed it themselves as well. Where they are many,
    `crowd` says where they stand, and nobody is named here. `joined_to` is the way a merged demand's people
    go, from the one it was merged into to the last. `round` counts its orders.
    """

    id: DemandId
    text: str
    title: str | None
    compound: str | None
    about: DemandKind
    asked_by: str
    entered_by: str
    submitted_at: datetime
    status: DemandStatus
    timeline: tuple[Line, ...]
    supporters: tuple[str, ...] = ()
    order: OrderId | None = None
    handler: Handler | None = None
    dispatched_at: datetime | None = None
    urged: int = 0
    reopened: int = 0
    rating: Rating | None = None
    merged_into: DemandId | None = None
    merged_from: tuple[DemandId, ...] = ()
    has_contact: bool = False
    danger: str = ""
    """Name of the danger that it tells of; empty when there is none."""
    question: str | None = None
    finish_due_at: datetime | None = None
    supervised: bool = False
    brought: tuple[Brought, ...] = ()
    endorsed_too: tuple[str, ...] = ()
    crowd: Crowd | None = None
    joined_to: tuple[DemandId, ...] = ()
    round: int = 1
    heard: Understood | None = None
    """What its words say; None for a demand of an earlier release."""
    private: bool | None = None
    """Not for the neighbours; None for a demand of an earlier release."""
    alarm: Alarm | None = None
    alarm_due_at: datetime | None = None
    """When the next is told of it, unless somebody has it before."""
    pressing: int = NOT_PRESSING
    """How far it stands before others in every list."""
    rating_due_at: datetime | None = None
    """When those who have not rated it are asked again, or it is left unrated."""
    call_back: bool = False
    """It is done, and somebody should ask the resident how it went (回访)."""
    contact_withheld: bool = False
    """The provider that has it is the one complained of, and does not learn whom to call."""
    contact_reads: tuple[ContactRead, ...] = ()
    found_by: FoundBy | None = None
    """What it is looked up by among likely duplicates; None for a demand of an earlier release."""
    is_confidential: bool = False
    """It has accused somebody once; whose word it is stays closed until a confidential reader corrects it."""

    @property
    def meaning(self) -> Understood:
        """Return what its words say; of what an earlier release kept, a report accuses, little is public."""
        if self.heard is not None:
            return self.heard
        accusation: Accusation = "wrongdoing" if self.about == "report" else "none"
        return Understood(accusation=accusation, private=self.about != "suggestion")

    @property
    def asks(self) -> Literal["", "danger", "place"]:
        """Return what a person is asked about it: `danger`, `place`, or nothing."""
        if not self.is_open:
            return ""
        if self.meaning.danger == "perhaps":
            return "danger"
        heard = self.meaning
        return "place" if heard.elsewhere and not heard.is_confirmed_elsewhere else ""

    @property
    def accuses(self) -> bool:
        """Return whether it says that somebody did wrong (举报), so that nobody may learn who says so."""
        return self.meaning.accusation == "wrongdoing"

    @property
    def is_private(self) -> bool:
        """Return whether it is not for the neighbours; of earlier ones only suggestions are."""
        return self.accuses or (self.about != "suggestion" if self.private is None else self.private)

    def understood_as(self, heard: Understood) -> "Demand":
        """Return the demand with another understanding of its words, and where it stands in lists.

        What was private stays so: its asker was told who sees it.
        """
        was = self.is_private and (self.heard is not None or self.private is not None)
        after = replace(
            self,
            heard=heard,
            private=was or heard.private or heard.is_alarming,
            is_confidential=self.is_confidential or heard.accusation == "wrongdoing",
        )
        return after.standing()

    def standing(self) -> "Demand":
        """Return the demand with its place before others, as alarm and reading have it."""
        is_open = self.alarm is not None and self.alarm.is_open
        perhaps = self.meaning.danger == "perhaps" and self.is_open
        pressing = NOW if is_open else PERHAPS if perhaps else NOT_PRESSING
        due = self.alarm_due_at if is_open else None
        return replace(self, pressing=pressing, alarm_due_at=due)

    def after(self, step: DemandStep, line: Line) -> "Demand":
        """Return the demand after a step, with its line on the timeline.

        Raises:
            StepNotAllowed: its status does not allow the step.
        """
        sources, target = STEPS[step]
        if self.status is DemandStatus.MERGED and self.status not in sources:
            raise StepNotAllowed(
                "这条诉求已并入另一条相同的诉求，请到那一条去办",
                present_status=self.status.value,
                allowed=allowed_steps(self.status),
                merged_into=self.merged_into,
            )
        if self.status not in sources:
            raise StepNotAllowed(
                f"诉求当前是“{NAMES[self.status]}”，不能这样做",
                present_status=self.status.value,
                allowed=allowed_steps(self.status),
            )
        return replace(self, status=target or self.status, timeline=_with(self.timeline, line)).standing()

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
        own = self.own_supporters
        if subject in own:
            return self
        is_known = subject in self.supporters  # a merge brought them; now they stay, whatever becomes of it
        if not is_known and len(self.supporters) >= SUPPORTERS_MAX:
            raise TooManySupporters(most=SUPPORTERS_MAX)
        after = self.endorsement_noted(at, 0 if is_known else len(self.supporters) + 1)
        return after.with_voices((*own, subject), self.brought)

    def endorsement_noted(self, at: datetime, number: int) -> "Demand":
        """Return the demand with how many stand behind it now on its timeline; one line says it of many.

        Arguments:
            number: of supporters; 0 where they are no more than before.

        Raises:
            StepNotAllowed: it is over.
        """
        line = Line(at, "resident", ENDORSED, f"有居民附议，共 {number} 人")
        after = self.after(DemandStep.ENDORSE, line)
        if not number:
            return self
        earlier = self.timeline[:-1] if self.timeline[-1].what == ENDORSED else self.timeline
        return replace(after, timeline=_with(earlier, line))

    def supplemented(self, line: Line) -> "Demand":
        """Return the demand with the answer to what was asked; in danger anything may be added.

        Raises:
            NothingAsked: nothing was.
            StepNotAllowed: it is not being worked on.
        """
        if self.meaning.is_alarming and self.status in BEFORE_DONE:
            return replace(self.noted(line), question=None)
        after = self.after(DemandStep.SUPPLEMENT, line)
        if self.question is None:
            raise NothingAsked
        return replace(after, question=None)

    def contact_opened(self, by: str, role: str, at: datetime) -> "Demand":
        """Return the demand with a record of who opened the contact."""
        reads = (*self.contact_reads, ContactRead(by, role, at))[-CONTACT_READS_MAX:]
        return replace(self, contact_reads=reads)

    def passed_on(self, line: Line) -> "Demand":
        """Return the demand without the one who asked, the first who supports it in their place.

        Raises:
            StepNotAllowed: it is over.
        """
        self.after(DemandStep.WITHDRAW, line)
        first = self.supporters[0]
        own = tuple(person for person in self.own_supporters if person != first)
        after = replace(self, asked_by=first, has_contact=False).with_voices(own, self.brought)
        return after.noted(line)

    @property
    def open_question(self) -> str | None:
        """Return what the resident is asked, as long as an answer helps."""
        sources, _ = STEPS[DemandStep.SUPPLEMENT]
        return self.question if self.status in sources else None

    @property
    def supporter_count(self) -> int:
        """Return how many stand behind it beside the one who asked."""
        return self.crowd.count if self.crowd else len(self.supporters)

    @property
    def own_supporters(self) -> tuple[str, ...]:
        """Return those who endorsed this demand themselves, in the order they came."""
        carried = {person for group in self.brought for person in group.people}
        both = set(self.endorsed_too)
        return tuple(person for person in self.supporters if person not in carried or person in both)

    @property
    def is_open(self) -> bool:
        """Return whether others may still join it."""
        return self.status in OPEN

    def is_of_another_round(self, order: OrderId) -> bool:
        """Return whether an order belongs to an earlier round: the one before a merge was taken back."""
        its = round_of(order)
        return its is not None and its < self.round

    def with_voices(self, own: tuple[str, ...], brought: tuple[Brought, ...]) -> "Demand":
        """Return the demand with these people behind it, each counted once, the one who asked not at all."""
        carried = {person for group in brought for person in group.people}
        everybody = dict.fromkeys((*own, *(person for group in brought for person in group.people)))
        everybody.pop(self.asked_by, None)
        return replace(
            self,
            supporters=tuple(everybody),
            brought=brought,
            endorsed_too=tuple(person for person in own if person in carried),
        )


def _with(timeline: tuple[Line, ...], line: Line) -> tuple[Line, ...]:
    """Keep the first line, how it began, and the latest of a very long timeline."""
    if len(timeline) < TIMELINE_MAX:
        return (*timeline, line)
    return (timeline[0], *timeline[2:], line)
