"""What intake shows of like demands: words masked, people only counted."""

from pydantic import Field

from services.chassis.http.bodies import View
from services.intake.domain.demands import Demand
from services.intake.domain.duplicates import Alike
from services.intake.domain.lifecycle import NAMES, DemandStatus
from services.intake.domain.sight import Viewer
from services.intake.domain.voices.likeness import Likeness
from services.intake.views.readings import EmergencyView


class LikeView(View):
    """A demand that is probably about the same matter, and why."""

    id: str
    text: str = Field(description="phone and id numbers are masked")
    title: str | None
    compound: str | None
    same_compound: bool
    status: DemandStatus
    status_name: str
    supporters: int
    mine: bool
    endorsed: bool = Field(description="by the one who asks")
    score: float = Field(description="from 0.5, probably the same matter, to 1")
    because: str = Field(description="what both speak of")


class LikeList(View):
    """Like demands, those of the same compound first; one of them may be endorsed instead."""

    emergency: EmergencyView | None = Field(description="shown before anything else")
    private: bool = Field(description="it would be seen by its asker and those who work on it alone")
    items: list[LikeView]


class DuplicateView(View):
    """A likely duplicate that staff were offered; state is offered, dismissed, merged or over."""

    demand: LikeView
    state: str


class DuplicateList(View):
    """Likely duplicates of a demand, the most alike first."""

    items: list[DuplicateView]


def like_view(demand: Demand, likeness: Likeness, compound: str | None, viewer: Viewer) -> LikeView:
    """Return a like demand as the viewer may see it."""
    return LikeView(
        id=demand.id,
        text=demand.text,
        title=demand.title,
        compound=demand.compound,
        same_compound=compound is not None and demand.compound == compound,
        status=demand.status,
        status_name=NAMES[demand.status],
        supporters=demand.supporter_count,
        mine=demand.asked_by == viewer.subject,
        endorsed=viewer.supports(demand),
        score=round(likeness.score, 3),
        because=likeness.because,
    )


def duplicate_view(alike: Alike, other: Demand, demand: Demand, viewer: Viewer) -> DuplicateView:
    """Return a likely duplicate with what has become of it."""
    view = like_view(other, Likeness(alike.score), demand.compound, viewer)
    return DuplicateView(
        demand=view.model_copy(update={"because": alike.because}), state=_state(alike, other, demand)
    )


def _state(alike: Alike, other: Demand, demand: Demand) -> str:
    if demand.id in other.joined_to or other.id in demand.joined_to:
        return "merged"
    if alike.dismissed:
        return "dismissed"
    return "offered" if other.is_open and demand.is_open else "over"
