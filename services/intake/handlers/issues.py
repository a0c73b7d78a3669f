"""Issues (热点): the demands about one matter, their voices counted, and the topic for the bench council."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from services.chassis.documents import Ref, Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts import demands as facts
from services.contracts.envelope import Envelope
from services.contracts.ids import DemandId
from services.contracts.issues import IssueBecameHot, IssueTopicDecided
from services.contracts.refusal import NotFound
from services.intake.domain.demands import Demand
from services.intake.domain.duplicates import (
    OFFERED_MAX,
    Postings,
    Similar,
    as_alike,
    belongs,
    candidates,
    lookup_keys,
)
from services.intake.domain.issues import Issue, Member, Thresholds, headline
from services.intake.domain.lifecycle import DemandStatus
from services.intake.domain.voices.likeness import (
    Likeness,
    Rarity,
    WeighedTraits,
    compared,
    weighed,
)
from services.intake.handlers.duplicates import EVERY, likely, rarity_of, traits, traits_remembered
from services.intake.store.communities import CommunityProfile, profile_ref
from services.intake.store.demands import demand_ref
from services.intake.store.issues import issue_ref, postings_ref, similar_ref
from services.language.masks import masked

COMPARED_MAX = 6
"""So many of an issue's newest demands are compared with a new one."""


class _Search:
    """One new demand among the others: what has to be read for it, and what follows."""

    def __init__(self, envelope: Envelope) -> None:
        fact: facts.DemandSubmitted = envelope.body
        self.community, self.demand = envelope.community, fact.demand
        self.own = demand_ref(self.community, fact.demand)
        self.similar = similar_ref(self.community, fact.demand)
        self.traits = traits_remembered(fact.text, fact.title, fact.compound)
        self.keys = (EVERY, *lookup_keys(self.traits))
        postings = (postings_ref(self.community, key) for key in self.keys)
        self.reads: tuple[Ref[Any], ...] = (self.own, self.similar, profile_ref(self.community), *postings)

    def _postings(self, uow: UnitOfWork) -> dict[str, Postings]:
        refs = {key: postings_ref(self.community, key) for key in self.keys}
        return {key: uow.find(ref) or Postings() for key, ref in refs.items()}

    def _candidates(self, uow: UnitOfWork) -> list[DemandId]:
        found = [(key, postings) for key, postings in self._postings(uow).items() if key != EVERY]
        return list(candidates(found, self.own.id))

    def more_reads(self, uow: UnitOfWork) -> Sequence[Ref[Any]]:
        """Return the candidates and, as they become known, their issues and those issues' newest demands."""
        ids = self._candidates(uow)
        reads: list[Ref[Any]] = [demand_ref(self.community, one) for one in ids]
        reads += [similar_ref(self.community, one) for one in ids]
        issues = [issue_ref(self.community, one) for one in self._issues(uow, ids)]
        members = [
            demand_ref(self.community, member.demand)
            for ref in issues
            if uow.is_loaded(ref)
            for member in _newest(uow.find(ref))
        ]
        return [*reads, *issues, *members]

    def _issues(self, uow: UnitOfWork, ids: Iterable[DemandId]) -> list[str]:
        refs = [similar_ref(self.community, one) for one in ids]
        similar = [uow.find(ref) for ref in refs if uow.is_loaded(ref)]
        return list(dict.fromkeys(one.issue for one in similar if one is not None and one.issue is not None))

    def _is_loaded(self, uow: UnitOfWork, demand: DemandId) -> bool:
        return uow.is_loaded(demand_ref(self.community, demand)) and uow.is_loaded(
            similar_ref(self.community, demand)
        )

    def decide(self, uow: UnitOfWork) -> None:
        """Offer what is alike, and keep where the demand can be found."""
        demand = uow.find(self.own)
        postings = self._postings(uow)
        ids = [one for one in self._candidates(uow) if self._is_loaded(uow, one)]
        others = [uow.find(demand_ref(self.community, one)) for one in ids]
        rarity = rarity_of(postings)
        for key, held in postings.items():
            uow.put(postings_ref(self.community, key), held.joined_by(self.demand))
        if demand is None or demand.status is DemandStatus.WITHDRAWN:
            return
        known = [other for other in others if other and other.status is not DemandStatus.WITHDRAWN]
        if demand.accuses:
            return  # whoever is offered another to merge it with would read whose word it is
        known = [other for other in known if not other.accuses]
        same = likely(self.traits, demand.id, known, rarity)
        alike = [(other, how) for other, how in same if other.is_open]
        self._offer(uow, demand, alike[:OFFERED_MAX])
        if not demand.is_private:
            spoken = [other for other, _ in same if not other.is_private]
            self._gather(uow, demand, spoken, rarity)

    def _offer(self, uow: UnitOfWork, demand: Demand, alike: list[tuple[Demand, Likeness]]) -> None:
        if not alike or not demand.is_open:
            return
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
        for one in self._issues(uow, [other.id for other in same]):
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


def _member(demand: Demand, profile: CommunityProfile | None) -> Member:
    people = tuple(dict.fromkeys((demand.asked_by, *demand.supporters)))
    day = profile.day_of(demand.submitted_at).isoformat() if profile else None
    return Member(demand.id, demand.compound, demand.submitted_at, demand.asked_by, people, day)


def _keep_issue(uow: UnitOfWork, issue: Issue) -> None:
    """Keep an issue, and say so when it has become hot now."""
    community = uow.origin.community
    profile = uow.find(profile_ref(community))
    after = issue.heated(profile.hot if profile else Thresholds(), uow.at)
    ref = issue_ref(community, issue.id)
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
