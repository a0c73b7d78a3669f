"""What intake shows of like demands and of issues: words masked, people only counted."""

from datetime import datetime

from pydantic import Field

from services.chassis.shelf import Kept
from services.intake.domain.demand import Demand
from services.intake.domain.lifecycle import NAMES, DemandStatus
from services.intake.domain.sight import Viewer
from services.intake.domain.voices.issues import Issue, Topic
from services.intake.domain.voices.kin import Alike
from services.intake.domain.voices.likeness import Likeness
from services.intake.views import EmergencyView, View


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


class TopicView(View):
    """The topic that a hot issue proposes to the bench council; state is proposed, accepted or declined."""

    title: str
    question: str
    state: str
    reason: str
    decided_at: datetime | None


class MemberView(View):
    """A demand of an issue."""

    demand: str
    compound: str | None
    at: datetime
    voices: int


class IssueView(View):
    """One matter that several demands are about."""

    id: str
    version: int = Field(description="also the ETag")
    title: str
    demands: list[MemberView]
    voices: int = Field(description="people who asked or endorsed, each counted once")
    compounds: list[str]
    days: int = Field(description="days on which its demands came in")
    heat: float = Field(description="what issues are ranked by")
    hot: bool
    hot_at: datetime | None
    because: str
    topic: TopicView | None


class IssueList(View):
    """Issues, the hottest first."""

    items: list[IssueView]


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
        supporters=len(demand.supporters),
        mine=demand.asked_by == viewer.subject,
        endorsed=viewer.subject in demand.supporters,
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


def issue_view(kept: Kept[Issue]) -> IssueView:
    """Return an issue as the community's people see it."""
    issue = kept.value
    assert issue is not None, "a view is made of something that is there"
    standing = issue.standing
    return IssueView(
        id=issue.id,
        version=kept.revision,
        title=issue.title,
        demands=[
            MemberView(demand=m.demand, compound=m.compound, at=m.at, voices=len(m.people))
            for m in issue.members
        ],
        voices=standing.voices,
        compounds=list(issue.compounds),
        days=standing.days,
        heat=round(issue.heat, 2),
        hot=issue.hot_at is not None,
        hot_at=issue.hot_at,
        because=issue.because,
        topic=_topic(issue.topic),
    )


def _topic(topic: Topic | None) -> TopicView | None:
    if topic is None:
        return None
    return TopicView(
        title=topic.title,
        question=topic.question,
        state=topic.state,
        reason=topic.reason,
        decided_at=topic.decided_at,
    )
