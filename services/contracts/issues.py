"""What intake says of hot issues (热点): one matter that many people speak of."""

from services.contracts.words import Message


class IssueFact(Message):
    """Something that happened to one issue; its stream is the issue."""

    issue: str


class IssueBecameHot(IssueFact):
    """A matter has become a hot issue: a topic is proposed to the bench council (小板凳议事会). Said once."""

    kind = "issue.became_hot.v1"
    title: str
    question: str
    demands: tuple[str, ...]
    compounds: tuple[str, ...]
    voices: int
    days: int
    because: str


class IssueTopicDecided(IssueFact):
    """Staff took the topic up, or declined it with a reason; `askers` are those who asked its demands."""

    kind = "issue.topic_decided.v1"
    title: str
    accepted: bool
    outcome: str
    askers: tuple[str, ...]
