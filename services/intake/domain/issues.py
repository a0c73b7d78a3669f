"""A hot issue (热点): one matter, its voices from where and over how long, and the topic it proposes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.contracts.ids import DemandId
from services.contracts.refusal import Conflict, Invalid
from services.contracts.values import replace

MEMBERS_MAX = 300
TITLE_CHARS_MAX = 40


class ReasonMissing(Invalid):
    """Who declines a topic says why."""

    slug = "reason_missing"
    title = "不采纳议题须说明理由"


class TopicDecided(Conflict):
    """The topic has been taken up or declined already; it is decided once."""

    slug = "topic_decided"
    title = "这个议题已经处理过了"


class NotHot(Conflict):
    """The issue is not hot, so it proposes no topic."""

    slug = "issue_not_hot"
    title = "这件事还没有成为热点，没有议题可处理"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a matter is hot: so many demands, or so many voices from several compounds or days."""

    demands: int = 3
    voices: int = 5
    compounds: int = 2
    days: int = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """How many speak of a matter: demands, voices (people who asked or endorsed), compounds, days."""

    demands: int
    voices: int
    compounds: int
    days: int

    def is_hot(self, thresholds: Thresholds) -> bool:
        """Return whether there are enough demands, or enough voices from several compounds or days."""
        spread = self.compounds >= thresholds.compounds or self.days >= thresholds.days
        return self.demands >= thresholds.demands or (self.voices >= thresholds.voices and spread)

    @property
    def heat(self) -> float:
        """Return what issues are ranked by: voices, a quarter more a further compound, a tenth a further day.

        The weights are chosen by hand: the figure ranks a list and decides nothing.
        """
        return self.voices * (1 + 0.25 * max(0, self.compounds - 1) + 0.1 * max(0, min(self.days, 31) - 1))

    def because(self, names: Iterable[str] = (), words: Iterable[str] = ()) -> str:
        """Return the reasons in a sentence that residents read."""
        parts = [f"{self.demands} 条诉求，{self.voices} 位居民发声"]
        parts += [f"来自 {self.compounds} 个小区"] if self.compounds > 1 else []
        parts += [f"前后 {self.days} 天提出"] if self.days > 1 else []
        parts += [f"都提到“{'、'.join(names)}”"] if names else []
        parts += [f"都说到{'、'.join(words)}"] if words else []
        return "，".join(parts)


@dataclass(frozen=True, slots=True)
class Member:
    """A demand of an issue, and everybody who stands behind it.

    Arguments:
        more: how many stand behind it who are not among its people by name, since they are many. Each of them
            is one voice, whether or not another demand of the issue has it too.
        on: day on which it was asked in the community's time zone, as 2026-01-31; earlier releases did not
            keep it.
    """

    demand: DemandId
    compound: str | None
    at: datetime
    asked_by: str
    people: tuple[str, ...]
    on: str | None = None
    more: int = 0

    @property
    def day(self) -> str:
        """Return on which day it was asked."""
        return self.on or self.at.date().isoformat()


@dataclass(frozen=True, slots=True)
class Topic:
    """What is proposed to the bench council (小板凳议事会): proposed, accepted or declined."""

    title: str
    question: str
    state: str = "proposed"
    reason: str = ""
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Issue:
    """One matter that several demands are about, oldest first."""

    id: str
    title: str
    members: tuple[Member, ...]
    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    heat: float = 0.0
    hot_at: datetime | None = None
    topic: Topic | None = None

    @property
    def standing(self) -> Standing:
        """Return how many speak of it; somebody behind two of its demands is one voice."""
        return Standing(
            len(self.members),
            len({person for member in self.members for person in member.people})
            + sum(member.more for member in self.members),
            len(self.compounds),
            len({member.day for member in self.members}),
        )

    @property
    def compounds(self) -> tuple[str, ...]:
        """Return where its demands come from, each once."""
        return tuple(dict.fromkeys(m.compound for m in self.members if m.compound is not None))

    @property
    def because(self) -> str:
        """Return why it is one matter, and how large."""
        return self.standing.because(self.names, self.words)

    def joined_by(self, member: Member) -> "Issue":
        """Return the issue with a demand more; at its limit, and for one that it has, it stays as it is."""
        if len(self.members) >= MEMBERS_MAX or any(m.demand == member.demand for m in self.members):
            return self
        members = sorted((*self.members, member), key=lambda m: (m.at, m.demand))
        return self._counted(tuple(members))

    def left_by(self, demand: DemandId) -> "Issue":
        """Return the issue without a demand that was withdrawn."""
        return self._counted(tuple(m for m in self.members if m.demand != demand))

    def spoken_for(self, demand: DemandId, people: tuple[str, ...], more: int = 0) -> "Issue":
        """Return the issue with these people behind one of its demands, and more who are not named."""
        members = (replace(m, people=people, more=more) if m.demand == demand else m for m in self.members)
        return self._counted(tuple(members))

    def _counted(self, members: tuple[Member, ...]) -> "Issue":
        after = replace(self, members=members)
        return replace(after, heat=after.standing.heat)

    def heated(self, thresholds: Thresholds, at: datetime) -> "Issue":
        """Return the issue as hot with a topic proposed, if it has become so now; it does so once."""
        if self.hot_at is not None or not self.standing.is_hot(thresholds):
            return self
        return replace(self, hot_at=at, topic=Topic(self.title, asked(self.title)))

    def decided(self, *, accept: bool, reason: str, at: datetime) -> "Issue":
        """Return the issue with its topic taken up, or declined.

        Raises:
            NotHot: it proposes none.
            TopicDecided: that was decided before.
        """
        if self.topic is None:
            raise NotHot
        if self.topic.state != "proposed":
            raise TopicDecided(state=self.topic.state)
        state = "accepted" if accept else "declined"
        return replace(self, topic=replace(self.topic, state=state, reason=reason, decided_at=at))


def asked(title: str) -> str:
    """Return the question that a topic puts to the council."""
    return f"“{title}”怎么办？请大家坐下来议一议：有哪些办法，谁来做，什么时候做"


def headline(title: str | None, text: str) -> str:
    """Return what an issue is called: a demand's title, or how its text begins."""
    words = " ".join((title or text).split())
    return words if len(words) <= TITLE_CHARS_MAX else words[: TITLE_CHARS_MAX - 1] + "…"
