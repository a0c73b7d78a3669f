"""What matching shows of orders and providers, and to whom."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field

from services.chassis.documents import Versioned
from services.chassis.http.bodies import View
from services.matching.domain.caution import danger_name
from services.matching.domain.lifecycle import NAMES, UNDONE, OrderStatus, allowed_steps
from services.matching.domain.orders import Order
from services.matching.domain.parts import Choice, Who
from services.matching.domain.sight import PROVIDERS, Sight
from services.matching.domain.timing import is_overdue, open_pause
from services.matching.views.messages import milestone_of


class WhoView(View):
    """A provider by its public name."""

    in_full: ClassVar[bool] = True

    id: str
    name: str
    kind: str


class ReasonView(View):
    """One part of a score."""

    in_full: ClassVar[bool] = True

    name: str
    value: float
    because: str


class CandidateView(View):
    """A candidate with its reasons, which add up to the score."""

    provider: WhoView
    score: float
    reasons: list[ReasonView]


class ProofView(View):
    """Where a proof can be found."""

    kind: str
    ref: str
    note: str


class MilestoneView(View):
    """A milestone, planned or done."""

    id: str
    title: str
    due_on: str | None
    done_at: datetime | None
    note: str
    figures: dict[str, float]
    proof: list[ProofView]


class HandoverView(View):
    """An offer that waits for its answer."""

    receiver: WhoView
    reason: str
    offered_at: datetime
    due_at: datetime | None = Field(description="when it ends by itself")


class PauseView(View):
    """A time in which the resident was waited for."""

    asked_at: datetime
    question: str
    until: datetime
    ended_at: datetime | None
    answer: str


class ExtensionView(View):
    """A request for more working days; `granted` is null until staff decide."""

    days: int
    reason: str
    asked_at: datetime
    granted: bool | None
    decided_at: datetime | None
    because: str


class SupervisionView(View):
    """Why the community watches over it (督办), and since when."""

    reason: str
    since: datetime
    by: str = Field(description="staff or clock")


class CalledView(View):
    """A companion: who was called to which part, and whether that is done."""

    order: str
    provider: str
    part: str
    over: bool


class OrderView(View):
    """An order (工单)."""

    id: str
    version: int = Field(description="also the ETag")
    demand: str
    text: str
    title: str | None
    compound: str | None
    status: OrderStatus
    status_name: str
    category: str
    confidence: float
    because: str
    provider: WhoView | None
    chosen_by: str
    candidates: list[CandidateView]
    created_at: datetime
    dispatched_at: datetime | None
    accepted_at: datetime | None
    completed_at: datetime | None
    handover: HandoverView | None
    handed_over: int
    lead: str = Field(description="the order it is a companion of (吹哨报到); empty for an order of its own")
    part: str = Field(description="the part of the matter it was called to")
    called: list[CalledView]
    matters: list[str] = Field(description="categories of several matters in one demand")
    milestones: list[MilestoneView]
    summary: str
    proof: list[ProofView]
    served_at: datetime | None = Field(description="when the work began, as was reported")
    minutes: int = Field(description="how long it took; 0: not said, as with the two below")
    persons: int = Field(description="people served")
    sessions: int = Field(description="sessions (场次)")
    urged: int
    returned: int
    ended_because: str
    about: str = Field(description="enquiry, help, suggestion, complaint or report")
    urgent: bool
    danger: str = Field(description="now, perhaps (a person has to say), soon or none")
    danger_name: str = Field(description="what kind of danger, as people read it; empty without one")
    taken: bool = Field(description="somebody has the danger in hand")
    held: bool = Field(description="a person decides because of what the words say")
    accusation: str = Field(description="wrongdoing, complaint or none")
    accused: list[str] = Field(description="providers that are accused; not shown to providers")
    answerable: WhoView | None = Field(description="首接负责制: who accepted first, or consented since")
    sign_due_at: datetime | None = Field(description="until when whoever has it now has to answer")
    finish_due_at: datetime | None = Field(description="until when it is to be done")
    overdue: bool
    waiting: bool = Field(description="for the resident; the deadline stands still")
    level: str = Field(description="how far it has come with nobody taking it: candidate, staff, supervisor")
    unsigned: list[str] = Field(description="providers that did not answer in time")
    pauses: list[PauseView]
    extensions: list[ExtensionView]
    supervised: SupervisionView | None
    allowed: list[str]


class OrderPage(View):
    """A page of orders, newest first; `next` asks for the page after it."""

    items: list[OrderView]
    next: str | None


def overdue_where(at: datetime) -> Mapping[str, object]:
    """Return the condition under which an order is overdue; the same rule as `is_overdue`."""
    return {
        "status": {"$in": list(UNDONE)},
        "finish_due_at": {"$lt": at},
        "pauses": {"$not": {"$elemMatch": {"ended_at": None}}},
    }


def order_view(kept: Versioned[Order], viewer: Sight, at: datetime) -> OrderView:
    """Return an order; who else was considered is the community's business."""
    order = kept.present
    of_the_community = viewer.role not in PROVIDERS
    return OrderView(
        id=order.id,
        version=kept.revision,
        demand=order.demand,
        text=order.text,
        title=order.title,
        compound=order.compound,
        status=order.status,
        status_name=NAMES[order.status],
        category=order.category,
        confidence=order.confidence,
        matters=list(order.basis.matters) if order.basis else [],
        lead=order.lead,
        part=order.part,
        urged=order.urged,
        returned=order.returned,
        ended_because=order.ended_because,
        about=order.about,
        level=order.level,
        held=order.held,
        allowed=allowed_steps(order.status),
        **_of_providers(order, of_the_community=of_the_community),
        **_of_work(order),
        **_of_time(order, at),
        **_of_reading(order, of_the_community=of_the_community),
    )


def _of_providers(order: Order, *, of_the_community: bool) -> dict[str, Any]:
    shown = order.candidates if of_the_community else ()
    called = (CalledView(order=c.order, provider=c.provider, part=c.part, over=c.over) for c in order.called)
    return {
        "provider": _who(order.provider) if order.provider else None,
        "because": order.because if of_the_community else "",
        "chosen_by": order.chosen_by,
        "candidates": [_candidate(choice) for choice in shown],
        "answerable": _who(order.answerable) if order.answerable else None,
        "handover": _handover(order),
        "handed_over": order.handed_over,
        "unsigned": list(order.unsigned),
        "called": list(called),
    }


def _of_work(order: Order) -> dict[str, Any]:
    stages = (milestone_of(stage).model_dump() for stage in order.stages)
    return {
        "milestones": [MilestoneView.model_validate(stage) for stage in stages],
        "summary": order.summary,
        "proof": [ProofView(kind=one.kind, ref=one.ref, note=one.note) for one in order.proof],
        "served_at": order.served_at,
        **asdict(order.effort),
        "supervised": SupervisionView(**asdict(order.supervised)) if order.supervised else None,
    }


def _of_time(order: Order, at: datetime) -> dict[str, Any]:
    return {
        "created_at": order.created_at,
        "dispatched_at": order.dispatched_at,
        "accepted_at": order.accepted_at,
        "completed_at": order.completed_at,
        "sign_due_at": order.sign_due_at,
        "finish_due_at": order.finish_due_at,
        "overdue": is_overdue(order, at),
        "waiting": open_pause(order) is not None,
        "pauses": [PauseView(**asdict(pause)) for pause in order.pauses],
        "extensions": [ExtensionView(**asdict(extension)) for extension in order.extensions],
    }


def _of_reading(order: Order, *, of_the_community: bool) -> dict[str, Any]:
    heard = order.heard
    return {
        "urgent": order.urgent,
        "danger": heard.danger,
        "danger_name": danger_name(heard.kind) if heard.danger != "none" else "",
        "taken": heard.taken,
        "accusation": heard.accusation if of_the_community else "none",
        "accused": list(heard.accused) if of_the_community else [],
    }


def _who(who: Who) -> WhoView:
    return WhoView(id=who.id, name=who.name, kind=who.kind)


def _candidate(choice: Choice) -> CandidateView:
    reasons = [ReasonView(name=p.name, value=p.value, because=p.because) for p in choice.parts]
    return CandidateView(provider=_who(choice.provider), score=choice.score, reasons=reasons)


def _handover(order: Order) -> HandoverView | None:
    offer = order.handover
    if offer is None:
        return None
    return HandoverView(
        receiver=_who(offer.receiver), reason=offer.reason, offered_at=offer.offered_at, due_at=offer.due_at
    )
