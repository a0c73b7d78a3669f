"""What intake shows of a demand, to whom: phone and identity numbers only to those who need them."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from services.chassis.identity import Identity
from services.chassis.shelf import Kept
from services.contracts.words import Role
from services.intake.domain.demand import NAMES, Demand, DemandStatus, Line, allowed_steps
from services.intake.domain.understanding import DANGERS, Danger
from services.intake.domain.words_of_residents import masked

_HELPERS = (Role.STAFF, Role.GRID_WORKER)
_PROVIDERS = (Role.UNIT, Role.PARTNER)
_CONFIDENTIAL = "report"


class View(BaseModel):
    """What goes out."""

    model_config = ConfigDict(frozen=True)


class LineView(View):
    """One line of the timeline."""

    at: datetime
    by: str = Field(description="role of who did it")
    what: str
    text: str


class HandlerView(View):
    """The provider that has the order."""

    id: str
    name: str
    kind: str


class RatingView(View):
    """The resident's word on the result."""

    solved: str = Field(description="solved, partly or unsolved")
    satisfaction: str = Field(description="satisfied, mostly or dissatisfied")
    comment: str
    at: datetime
    by_call_back: bool


class EmergencyView(View):
    """Somebody is in danger: whom to call at once, before anything else."""

    danger: str
    call: tuple[str, ...] = Field(description="telephone numbers, as 119")
    advice: str


class DemandView(View):
    """A demand (诉求) as the one who asks may see it."""

    id: str
    version: int = Field(description="also the ETag")
    text: str
    title: str | None
    compound: str | None
    about: str = Field(description="enquiry, help, suggestion, complaint or report")
    status: DemandStatus
    status_name: str
    emergency: EmergencyView | None = Field(description="shown before anything else")
    mine: bool
    supporters: int
    endorsed: bool = Field(description="by the one who asks")
    submitted_at: datetime
    dispatched_at: datetime | None
    order: str | None
    handler: HandlerView | None
    urged: int
    reopened: int
    rating: RatingView | None
    merged_into: str | None
    merged_from: tuple[str, ...]
    has_contact: bool
    question: str | None = Field(description="what the resident is asked for (待诉求人补充)")
    finish_due_at: datetime | None = Field(description="until when it is to be done")
    supervised: bool = Field(description="the community watches over it (督办)")
    allowed: list[str]
    timeline: tuple[LineView, ...]


class DemandPage(View):
    """A page of demands, newest first; `next` asks for the page after it."""

    items: list[DemandView]
    next: str | None


class ContactView(View):
    """How to reach the resident."""

    name: str
    phone: str


class CommunityView(View):
    """A community as its people know it."""

    id: str
    name: str
    compounds: dict[str, str] = Field(description="id → name")
    venues: dict[str, str] = Field(description="id → name")


class ChangeView(View):
    """One difference between the file before and the file now."""

    section: str
    id: str
    field: str | None
    text: str


class LoadedView(View):
    """What a load changed, or would change."""

    community: str
    version: int
    changed: bool
    dry_run: bool
    changes: list[ChangeView]


class FileView(View):
    """The community file on record."""

    version: int
    loaded_at: datetime
    file: dict[str, object]


def may_see(demand: Demand, viewer: Identity) -> bool:
    """Return whether a demand exists for somebody: providers see theirs, reports are confidential."""
    if viewer.role in _PROVIDERS:
        return demand.handler is not None and demand.handler.id == viewer.subject
    return viewer.role in _HELPERS or demand.about != _CONFIDENTIAL or demand.asked_by == viewer.subject


def may_contact(demand: Demand, viewer: Identity) -> bool:
    """Return whether somebody needs the resident's name and phone for what they do."""
    is_handler = demand.handler is not None and demand.handler.id == viewer.subject
    return viewer.role in _HELPERS or (viewer.role in _PROVIDERS and is_handler)


def demand_view(kept: Kept[Demand], viewer: Identity) -> DemandView:
    """Return a demand as the viewer may see it."""
    demand = kept.value
    assert demand is not None, "a view is made of something that is there"
    mine = demand.asked_by == viewer.subject
    in_full = mine or may_contact(demand, viewer)
    return DemandView.model_construct(
        id=demand.id,
        version=kept.revision,
        text=demand.text if in_full else masked(demand.text),
        title=demand.title if in_full or not demand.title else masked(demand.title),
        compound=demand.compound,
        about=demand.about,
        status=demand.status,
        status_name=NAMES[demand.status],
        emergency=emergency_view(DANGERS_BY_NAME.get(demand.danger)),
        mine=mine,
        supporters=len(demand.supporters),
        endorsed=viewer.subject in demand.supporters,
        submitted_at=demand.submitted_at,
        dispatched_at=demand.dispatched_at,
        order=demand.order,
        handler=_handler(demand),
        urged=demand.urged,
        reopened=demand.reopened,
        rating=_rating(demand, in_full=in_full),
        merged_into=demand.merged_into,
        merged_from=demand.merged_from,
        has_contact=demand.has_contact,
        question=demand.open_question,
        finish_due_at=demand.finish_due_at,
        supervised=demand.supervised,
        allowed=allowed_steps(demand.status),
        timeline=tuple(_line(line, in_full=in_full) for line in demand.timeline),
    )


DANGERS_BY_NAME = {danger.name: danger for danger in DANGERS}


def emergency_view(danger: Danger | None) -> EmergencyView | None:
    """Return what somebody in danger has to be told at once."""
    if danger is None:
        return None
    return EmergencyView(danger=danger.name, call=danger.call, advice=danger.advice)


def _handler(demand: Demand) -> HandlerView | None:
    by = demand.handler
    return HandlerView.model_construct(id=by.id, name=by.name, kind=by.kind) if by else None


def _rating(demand: Demand, *, in_full: bool) -> RatingView | None:
    rating = demand.rating
    if rating is None:
        return None
    return RatingView.model_construct(
        solved=rating.solved,
        satisfaction=rating.satisfaction,
        comment=rating.comment if in_full else masked(rating.comment),
        at=rating.at,
        by_call_back=rating.by_call_back,
    )


def _line(line: Line, *, in_full: bool) -> LineView:
    text = line.text if in_full else masked(line.text)
    return LineView.model_construct(at=line.at, by=line.by, what=line.what, text=text)


def visible_where(viewer: Identity) -> Mapping[str, object]:
    """Return the condition under which a demand is listed for somebody; the same rule as `may_see`."""
    if viewer.role in _PROVIDERS:
        return {"handler.id": viewer.subject}
    if viewer.role in _HELPERS:
        return {}
    return {"$or": [{"about": {"$ne": _CONFIDENTIAL}}, {"asked_by": viewer.subject}]}
