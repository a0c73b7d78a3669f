"""Issues (热点): the demands about one matter, their voices counted, and the topic for the bench council."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from services.chassis.documents import Ref, Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts import demands as facts
from services.contracts.ids import DemandId
from services.contracts.issues import IssueBecameHot, IssueTopicDecided
from services.contracts.refusal import NotFound
from services.contracts.values import replace
from services.intake.domain.demands import Demand
from services.intake.domain.duplicates import (
    OFFERED_MAX,
    Similar,
    as_alike,
    belongs,
)
from services.intake.domain.issues import Issue, Member, Thresholds, headline
from services.intake.domain.lifecycle import DemandStatus
from services.intake.domain.voices.likeness import (
    Likeness,
    Rarity,
    Traits,
    WeighedTraits,
    compared,
    weighed,
)
from services.intake.handlers.duplicates import likely, traits
from services.intake.store.communities import CommunityProfile, profile_ref
from services.intake.store.demands import demand_ref
from services.intake.store.issues import issue_ref, similar_ref
from services.language.masks import masked

CLOCKS_APART_MAX = timedelta(seconds=2)
"""Of two that are alike the later one finds the earlier; later by more than clocks of replicas differ."""
COMPARED_MAX = 6
"""So many of an issue's newest demands are compared with a new one."""


class _Found:
    """One new demand among those found to be like it: what has to be read for them, and what follows."""

    def __init__(
        self, community: str, own: DemandId, traits: Traits, rarity: Rarity, found: Sequence[DemandId]
    ):
        self.community, self.traits, self.rarity = community, traits, rarity
        self.own, self.similar = demand_ref(community, own), similar_ref(community, own)
        self.others = tuple(demand_ref(community, one) for one in found)
        self.reads: tuple[Ref[Any], ...] = (
            self.own,
            self.similar,
            profile_ref(community),
            *self.others,
            *(similar_ref(community, one) for one in found),
        )

    def more_reads(self, uow: UnitOfWork) -> Sequence[Ref[Any]]:
        """Return the issues of those found and, as they become known, those issues' newest demands."""
        issues = [issue_ref(self.community, one) for one in self._issues(uow, self.others)]
        members = [
            demand_ref(self.community, member.demand)
            for ref in issues
            if uow.is_loaded(ref)
            for member in _newest(uow.find(ref))
        ]
        return [*issues, *members]

    def _issues(self, uow: UnitOfWork, others: Iterable[Ref[Demand]]) -> list[str]:
        similar = [uow.find(similar_ref(self.community, DemandId(other.id))) for other in others]
        return list(dict.fromkeys(one.issue for one in similar if one is not None and one.issue is not None))

    def decide(self, uow: UnitOfWork) -> None:
        """Offer what is alike, and count the voice into an issue. Again, later, it comes to the same."""
        demand = uow.find(self.own)
        if demand is None or demand.status is DemandStatus.WITHDRAWN:
            return
        if demand.accuses:
            return  # whoever is offered another to merge it with would read whose word it is
        latest = demand.submitted_at + CLOCKS_APART_MAX
        found = [other for ref in self.others if (other := uow.find(ref)) is not None]
        known = [other for other in found if other.status is not DemandStatus.WITHDRAWN]
        earlier = [other for other in known if not other.accuses and other.submitted_at <= latest]
        same = likely(self.traits, demand.id, earlier, self.rarity)
        alike = [(other, how) for other, how in same if other.is_open]
        self._offer(uow, demand, alike[:OFFERED_MAX])
        if not demand.is_private:
            spoken = [other for other, _ in same if not other.is_private]
            self._gather(uow, demand, spoken, self.rarity)

    def _offer(self, uow: UnitOfWork, demand: Demand, alike: list[tuple[Demand, Likeness]]) -> None:
        if not alike or not demand.is_open:
            return
        if uow.versioned(self.similar).facts:
            return  # staff have been asked
        offered = [as_alike(other.id, likeness) for other, likeness in alike]
        similar = (uow.find(self.similar) or Similar()).like(offered)
        uow.put(self.similar, similar)
        for other, likeness in alike:
            ref = similar_ref(self.community, other.id)
            uow.put(ref, (uow.find(ref) or Similar()).like([as_alike(demand.id, likeness)]))
        refs = tuple(
            facts.AlikeRef(demand=one.demand, score=one.score, because=one.because) for one in similar.alike
        )
        fact = facts.DemandLikelyDuplicate(demand=demand.id, alike=refs, because=similar.alike[0].because)
        uow.announce(self.similar, fact)

    def _gather(self, uow: UnitOfWork, demand: Demand, same: list[Demand], rarity: Rarity) -> None:
        """Put the demand into the issue that it is most like, or make one of it and those it is like."""
        if (uow.find(self.similar) or Similar()).issue is not None:
            return  # it is counted
        likeness = _Likenesses(rarity)
        issue = self._best_issue(uow, demand, same, likeness)
        group = [*(self._newest_of(uow, issue) if issue else ()), demand]
        for other in same:
            free = (uow.find(similar_ref(self.community, other.id)) or Similar()).issue is None
            if free and other not in group and belongs(likeness.of(other, one) for one in group):
                group.append(other)
        if issue is None and len(group) == 1:
            return
        after = issue or Issue(demand.id, masked(headline(group[1].title, group[1].text)), ())
        known = {member.demand for member in after.members}
        for one in group:
            if one.id not in known:
                after = after.joined_by(_member(one, uow.find(profile_ref(self.community))))
                ref = similar_ref(self.community, one.id)
                if uow.is_loaded(ref):
                    uow.put(ref, replace(uow.find(ref) or Similar(), issue=after.id))
        names, words = likeness.reasons()
        _keep_issue(uow, replace(after, names=names, words=words))

    def _best_issue(
        self, uow: UnitOfWork, demand: Demand, same: list[Demand], likeness: "_Likenesses"
    ) -> Issue | None:
        best: tuple[float, str, Issue] | None = None
        for one in self._issues(uow, [demand_ref(self.community, other.id) for other in same]):
            ref = issue_ref(self.community, one)
            issue = uow.find(ref) if uow.is_loaded(ref) else None
            newest = self._newest_of(uow, issue) if issue else []
            scores = [likeness.of(demand, other) for other in newest]
            if issue and belongs(scores):
                found = (-sum(scores) / len(scores), issue.id, issue)
                best = found if best is None or found[:2] < best[:2] else best
        return best[2] if best else None

    def _newest_of(self, uow: UnitOfWork, issue: Issue) -> list[Demand]:
        refs = [demand_ref(self.community, member.demand) for member in _newest(issue)]
        found = [uow.find(ref) for ref in refs if uow.is_loaded(ref)]
        return [demand for demand in found if demand is not None]


class _Likenesses:
    """How like the demands of a group are, each two compared once; remembers what they share."""

    def __init__(self, rarity: Rarity) -> None:
        self._rarity = rarity
        self._known: dict[tuple[str, str], Likeness] = {}
        self._weighed: dict[str, WeighedTraits] = {}

    def of(self, one: Demand, other: Demand) -> float:
        key = (min(one.id, other.id), max(one.id, other.id))
        if key not in self._known:
            self._known[key] = compared(self._weigh(one), self._weigh(other))
        return self._known[key].score

    def _weigh(self, demand: Demand) -> WeighedTraits:
        if demand.id not in self._weighed:
            self._weighed[demand.id] = weighed(traits(demand), self._rarity)
        return self._weighed[demand.id]

    def reasons(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the names and words of the two that are most alike."""
        best = max(self._known.items(), key=lambda item: (item[1].score, item[0]), default=None)
        return (best[1].names, best[1].words) if best else ((), ())


def _newest(issue: Issue | None) -> tuple[Member, ...]:
    return issue.members[-COMPARED_MAX:] if issue else ()


def _people(demand: Demand) -> tuple[str, ...]:
    return tuple(dict.fromkeys((demand.asked_by, *demand.supporters)))


def _unnamed(demand: Demand) -> int:
    return demand.crowd.count if demand.crowd else 0


def _member(demand: Demand, profile: CommunityProfile | None) -> Member:
    day = profile.day_of(demand.submitted_at).isoformat() if profile else None
    return Member(
        demand.id,
        demand.compound,
        demand.submitted_at,
        demand.asked_by,
        _people(demand),
        day,
        more=_unnamed(demand),
    )


def _keep_issue(uow: UnitOfWork, issue: Issue) -> None:
    """Keep an issue that has changed, and say so when it has become hot now."""
    community = uow.origin.community
    profile = uow.find(profile_ref(community))
    after = issue.heated(profile.hot if profile else Thresholds(), uow.at)
    ref = issue_ref(community, issue.id)
    if uow.is_loaded(ref) and uow.find(ref) == after:
        return
    uow.put(ref, after)
    if after.topic is None or issue.topic is not None:
        return
    standing = after.standing
    fact = IssueBecameHot(
        issue=after.id,
        title=after.topic.title,
        question=after.topic.question,
        demands=tuple(member.demand for member in after.members),
        compounds=after.compounds,
        voices=standing.voices,
        days=standing.days,
        because=after.because,
    )
    uow.announce(ref, fact)


def join_those_alike(
    origin: Origin, demand: DemandId, traits: Traits, rarity: Rarity, found: Sequence[DemandId]
) -> Work[None]:
    """Offer staff what a new demand is like, and count its voice into an issue.

    Arguments:
        traits: what the demand is compared by.
        rarity: how much each pair says in its community.
        found: the demands that seem to be about the same matter.
    """
    search = _Found(origin.community, demand, traits, rarity, found)
    return Work(origin, search.reads, search.decide, search.more_reads)


def count_voices(origin: Origin, demand: DemandId) -> Work[None]:
    """Bring the issue that a demand belongs to, if any, to what the demand says now: who stands behind it."""
    community = origin.community
    similar, own = similar_ref(community, demand), demand_ref(community, demand)

    def its_issue(uow: UnitOfWork) -> Sequence[Ref[Issue]]:
        known = uow.find(similar)
        return [issue_ref(community, known.issue)] if known is not None and known.issue is not None else []

    def decide(uow: UnitOfWork) -> None:
        present = uow.find(own)
        for ref in its_issue(uow):
            issue = uow.find(ref)
            if issue is None or present is None:
                continue
            if present.status is DemandStatus.WITHDRAWN:
                _keep_issue(uow, issue.left_by(demand))
            else:
                _keep_issue(uow, issue.spoken_for(demand, _people(present), _unnamed(present)))

    return Work(origin, (similar, own, profile_ref(community)), decide, its_issue)


def decide_topic(origin: Origin, issue: str, reason: str, *, accept: bool) -> Work[Versioned[Issue]]:
    """Take the topic that an issue proposes up for the bench council, or decline it with a reason; once."""
    ref = issue_ref(origin.community, issue)

    def decide(uow: UnitOfWork) -> Versioned[Issue]:
        before = uow.get(ref, NotFound())
        after = before.decided(accept=accept, reason=reason, at=uow.at)
        uow.put(ref, after)
        why = f"：{reason}" if reason else ""
        outcome = f"将商议{why}" if accept else f"暂不商议{why}"
        askers = tuple(dict.fromkeys(member.asked_by for member in after.members))
        uow.announce(
            ref,
            IssueTopicDecided(
                issue=issue, title=after.title, accepted=accept, outcome=outcome, askers=askers
            ),
        )
        return uow.versioned(ref)

    return Work(origin, (ref,), decide)
