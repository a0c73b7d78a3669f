"""What intake shows of issues: words masked, people only counted."""

from datetime import datetime

from pydantic import Field

from services.chassis.documents import Versioned
from services.chassis.http.bodies import View
from services.intake.domain.issues import Issue, Topic


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


def issue_view(kept: Versioned[Issue]) -> IssueView:
    """Return an issue as the community's people see it."""
    issue = kept.present
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
