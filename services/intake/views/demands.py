"""What intake shows of a demand, to whom: phone and identity numbers only to those who need them."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from pydantic import Field

from services.chassis.documents import Versioned
from services.chassis.http.bodies import View
from services.intake.domain.demands import Demand, Line
from services.intake.domain.lifecycle import NAMES, DemandStatus, allowed_steps
from services.intake.domain.sight import PROVIDERS, STAFF, Viewer, told_to
from services.intake.store.communities import CommunityProfile
from services.intake.views.readings import (
    AskedView,
    EmergencyView,
    ReadingView,
    asked_view,
    emergency_of,
    reading_view,
)
from services.language.dangers import own_dangers

Audience = Literal["whoever sees the demand", "those concerned", "asker and community", "staff"]
"""Those concerned: who asked, the community, whoever has the order."""


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


class DemandRow(View):
    """A demand (诉求) in a list, as the one who asks may see it; its timeline is shown with it alone."""

    id: str
    version: int = Field(description="also the ETag")
    text: str
    title: str | None
    compound: str | None
    about: str = Field(description="enquiry, help, suggestion, complaint or report")
    status: DemandStatus
    status_name: str
    emergency: EmergencyView | None = Field(description="shown before anything else")
    asks: AskedView | None = Field(description="what its people are asked; one tap answers it")
    soon: str | None = Field(description="the danger that it will come to if nothing is done")
    private: bool = Field(description="only its asker and those who work on it see it")
    who_sees: str = Field(description="the same in words")
    hint: str | None = Field(
        description="what else may help: who answers for another place, what is done now"
    )
    reading: ReadingView | None = Field(description="for staff, who may correct it")
    call_back: bool = Field(description="done and not rated: somebody should ask how it went (回访)")
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


class DemandView(DemandRow):
    """A demand as the one who asks may see it."""

    timeline: tuple[LineView, ...]


SHOWN_TO: Mapping[Audience, frozenset[str]] = MappingProxyType(
    {
        "staff": frozenset({"reading"}),
        "asker and community": frozenset({"asks", "hint"}),
        "those concerned": frozenset({"emergency"}),
        "whoever sees the demand": frozenset(
            {
                "id",
                "version",
                "text",
                "title",
                "compound",
                "about",
                "status",
                "status_name",
                "soon",
                "private",
                "who_sees",
                "call_back",
                "mine",
                "supporters",
                "endorsed",
                "submitted_at",
                "dispatched_at",
                "order",
                "handler",
                "urged",
                "reopened",
                "rating",
                "merged_into",
                "merged_from",
                "has_contact",
                "question",
                "finish_due_at",
                "supervised",
                "allowed",
                "timeline",
            }
        ),
    }
)
"""Who reads which field. A new one stands here before it is shown: neighbours read what is public.

What people add in words of their own (in the timeline, to their rating) is for those concerned.
"""


class DemandPage(View):
    """A page of demands, newest first; `next` asks for the page after it."""

    items: list[DemandRow]
    next: str | None


class ContactView(View):
    """How to reach the resident."""

    in_full: ClassVar[bool] = True

    name: str
    phone: str


class DemandInFull(DemandView):
    """A demand for the one who asked, and for those who need the numbers in it."""

    in_full: ClassVar[bool] = True


class DemandRowInFull(DemandRow):
    """The same in a list."""

    in_full: ClassVar[bool] = True


def demand_view(kept: Versioned[Demand], viewer: Viewer, profile: CommunityProfile) -> DemandView:
    """Return a demand as the viewer may see it."""
    demand = kept.present
    model = DemandInFull if viewer.reads_in_full(demand) else DemandView
    concerned = viewer.is_concerned(demand)
    lines = tuple(_line(line, concerned=concerned) for line in demand.timeline)
    return model.model_construct(timeline=lines, **_shown(kept, viewer, profile))


def demand_row(kept: Versioned[Demand], viewer: Viewer, profile: CommunityProfile) -> DemandRow:
    """Return a demand as the viewer may see it in a list."""
    model = DemandRowInFull if viewer.reads_in_full(kept.present) else DemandRow
    return model.model_construct(**_shown(kept, viewer, profile))


def _shown(kept: Versioned[Demand], viewer: Viewer, profile: CommunityProfile) -> dict[str, Any]:
    demand = kept.present
    concerned = viewer.is_concerned(demand)
    of_theirs = concerned and viewer.role not in PROVIDERS
    heard = demand.meaning
    return dict(
        id=demand.id,
        version=kept.revision,
        text=demand.text,
        title=demand.title,
        compound=demand.compound,
        about=demand.about,
        status=demand.status,
        status_name=NAMES[demand.status],
        emergency=emergency_of(demand, profile) if concerned else None,
        asks=asked_view(demand) if of_theirs else None,
        soon=own_dangers()[heard.kind].name if heard.danger == "soon" else None,
        private=demand.is_private,
        who_sees=_who_sees(demand),
        hint=_hint(demand) if of_theirs else None,
        reading=reading_view(demand) if viewer.role == STAFF else None,
        call_back=demand.call_back,
        mine=demand.asked_by == viewer.subject,
        supporters=demand.supporter_count,
        endorsed=viewer.supports(demand),
        submitted_at=demand.submitted_at,
        dispatched_at=demand.dispatched_at,
        order=demand.order,
        handler=_handler(demand),
        urged=demand.urged,
        reopened=demand.reopened,
        rating=_rating(demand, concerned=concerned),
        merged_into=demand.merged_into,
        merged_from=demand.merged_from,
        has_contact=demand.has_contact,
        question=demand.open_question,
        finish_due_at=demand.finish_due_at,
        supervised=demand.supervised,
        allowed=allowed_steps(demand.status),
    )


def _who_sees(demand: Demand) -> str:
    if demand.accuses:
        return "只有您和社区负责研判的人能看到；您的姓名电话只有保密查阅人能看，每次查看都有记录"
    if demand.is_private:
        return "只有您、社区工作人员、本小区网格员和承办单位能看到"
    return "邻居也能看到这条诉求（姓名电话和号码不显示），可以附议"


def _hint(demand: Demand) -> str | None:
    heard = demand.meaning
    if not demand.is_open:
        return None
    if heard.elsewhere:
        where = f"“{heard.elsewhere}”" if heard.elsewhere != "外地" else "别的地方"
        return f"这件事好像在{where}，可以打当地的 12345（加当地区号）；如果就在本社区，请点“是本社区的事”"
    if heard.want == "nothing" and not heard.is_alarming:
        return "看起来不需要派人办理，社区工作人员会看到；如果需要办理，请补充说明要办什么"
    return None


def _handler(demand: Demand) -> HandlerView | None:
    by = demand.handler
    return HandlerView.model_construct(id=by.id, name=by.name, kind=by.kind) if by else None


def _rating(demand: Demand, *, concerned: bool) -> RatingView | None:
    rating = demand.rating
    if rating is None:
        return None
    return RatingView.model_construct(
        solved=rating.solved,
        satisfaction=rating.satisfaction,
        comment=rating.comment if concerned else "",
        at=rating.at,
        by_call_back=rating.by_call_back,
    )


def _line(line: Line, *, concerned: bool) -> LineView:
    text = told_to(line, concerned=concerned)
    return LineView.model_construct(at=line.at, by=line.by, what=line.what, text=text)
