"""Which ratings look odd: of a partner's own circle, swapped for favours, in bursts, or again and again.

Nothing here decides about people: what is found is kept out of the star until staff have looked. Marketplaces
know the same (Luca & Zervas 2016 on bought reviews; Mukherjee et al. 2012 on bursts and groups of reviewers).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from services.points.domain.ratings import Finding, RatingOnRecord, RelatedPerson

SWAPPED_WITHIN = timedelta(days=90)
"""Favours that come back within this time are swapped."""
REPEATED_WITHIN, REPEATED_MIN = timedelta(days=30), 10
"""A customer who comes twice a week rates nine times a month."""
AROUND = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Burst:
    """So many ratings of a partner within a time are odd: `least`, and 1/`share` of those from hours around.

    A busy day has many ratings everywhere; a burst has most of its day's in one place.
    """

    within: timedelta
    least: int
    share: int


BURSTS = (Burst(timedelta(minutes=1), 6, 6), Burst(timedelta(minutes=10), 8, 2))
"""The shortest first. Of twenty who rate at random within two hours, ten come within some ten minutes once in
five thousand mornings, six within a minute more seldom still (tried 60,000 times)."""

Ratings = Sequence[RatingOnRecord]
Findings = dict[str, Finding]
"""Rating → what is odd about it."""


@dataclass(frozen=True, slots=True)
class Circles:
    """Who belongs to which partner.

    Arguments:
        own: partner → its own people.
        household: partner → who lives with them.
        related: partner → of whom staff know that they belong to it.
    """

    own: Mapping[str, frozenset[str]] = field(default_factory=dict)
    household: Mapping[str, frozenset[str]] = field(default_factory=dict)
    related: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def tie(self, partner: str, person: str) -> Finding | None:
        """Return how somebody belongs to a partner; None: not at all, as far as is known."""
        if person == partner or person in self.own.get(partner, ()):
            return Finding("own", "评价人是该合伙人自己的人员")
        if person in self.household.get(partner, ()):
            return Finding("household", "评价人与该合伙人的人员同住一户")
        if person in self.related.get(partner, ()):
            return Finding("related", "评价人已登记为与该合伙人有关系")
        return None

    @property
    def partners_of(self) -> Mapping[str, frozenset[str]]:
        """Return by person the partners that they belong to."""
        found: dict[str, set[str]] = defaultdict(set)
        for circle in (self.own, self.household, self.related):
            for partner, people in circle.items():
                for person in people:
                    found[person].add(partner)
        return {person: frozenset(partners) for person, partners in found.items()}


def circles_of(people: Mapping[str, Sequence[tuple[str, str]]], related: Iterable[RelatedPerson]) -> Circles:
    """Return who belongs to which partner.

    Arguments:
        people: partner → its own people, each with the label of their household, or none.
        related: what staff have marked.
    """
    at_home: dict[str, set[str]] = defaultdict(set)
    for several in people.values():
        for person, home in several:
            if home:
                at_home[home].add(person)
    own = {partner: frozenset(person for person, _ in several) for partner, several in people.items()}
    household = {
        partner: frozenset(one for _, home in several if home for one in at_home[home])
        for partner, several in people.items()
    }
    marked: dict[str, set[str]] = defaultdict(set)
    for one in related:
        if one.stands:
            marked[one.partner].add(one.subject)
    return Circles(own, household, {partner: frozenset(several) for partner, several in marked.items()})


def odd_ones(ratings: Iterable[RatingOnRecord], circles: Circles) -> Findings:
    """Return what is odd; the order of the ratings makes no difference."""
    ordered = sorted(ratings, key=lambda one: (one.at, one.id))
    found = {one.id: tie for one in ordered if (tie := circles.tie(one.partner, one.rater)) is not None}
    for look in (_mutual, _repeated, _bursts):
        left = [one for one in ordered if one.id not in found]
        found |= look(left, circles)
    return found


def _mutual(ratings: Ratings, circles: Circles) -> Findings:
    """Favours between two partners, or around three, each way within the time."""
    partners_of = circles.partners_of
    ways: dict[tuple[str, str], list[RatingOnRecord]] = defaultdict(list)
    for one in ratings:
        for giver in partners_of.get(one.rater, ()) if one.good else ():
            ways[giver, one.partner].append(one)
    found: Findings = {}
    for circle in _circles_in(frozenset(ways)):
        because = f"{'、'.join(sorted(circle))} 的人员在 90 天内互相好评"
        steps = list(zip(circle, (*circle[1:], circle[0]), strict=True))
        for one in _swapped([ways[step] for step in steps]):
            found.setdefault(one.id, Finding("mutual", because))
    return found


def _circles_in(ways: frozenset[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Return the partners of every closed way of two or three, each once, pairs first."""
    onward: dict[str, set[str]] = defaultdict(set)
    for giver, receiver in ways:
        onward[giver].add(receiver)
    pairs = sorted((one, other) for one, other in ways if one < other and (other, one) in ways)
    rings = {
        _from_the_first((one, other, third))
        for one, other in ways
        for third in onward[other]
        if third not in (one, other) and one in onward[third]
    }
    return [*pairs, *sorted(rings)]


def _from_the_first(ring: tuple[str, ...]) -> tuple[str, ...]:
    """Return a ring as it is written down, wherever one began to walk around it."""
    begin = ring.index(min(ring))
    return ring[begin:] + ring[:begin]


def _swapped(ways: Sequence[Ratings]) -> list[RatingOnRecord]:
    """Return the ratings that lie in some stretch of the time in which every way was gone."""
    every = sorted(
        ((one.at, one.id, number, one) for number, way in enumerate(ways) for one in way),
        key=lambda row: row[:3],
    )
    found: dict[str, RatingOnRecord] = {}
    gone, end = [0] * len(ways), 0
    for begin, (at, _, number, _) in enumerate(every):
        while end < len(every) and every[end][0] - at <= SWAPPED_WITHIN:
            gone[every[end][2]] += 1
            end += 1
        if all(gone):
            found |= {row[1]: row[3] for row in every[begin:end]}
        gone[number] -= 1
    return list(found.values())


def _repeated(ratings: Ratings, _: Circles) -> Findings:
    """The same person of the same partner again and again; a grid worker speaks for many."""
    several: dict[tuple[str, str], list[RatingOnRecord]] = defaultdict(list)
    for one in ratings:
        if not one.by_community:
            several[one.partner, one.rater].append(one)
    because = f"同一人在 30 天内评价了 {REPEATED_MIN} 次以上"
    found: Findings = {}
    for own in several.values():
        for begin, end in _windows(own, REPEATED_WITHIN):
            if end - begin >= REPEATED_MIN:
                found |= {one.id: Finding("repeat", because) for one in own[begin:end]}
    return found


def _bursts(ratings: Ratings, _: Circles) -> Findings:
    """Many of one partner at once; whom the community called back nobody sent."""
    several: dict[str, list[RatingOnRecord]] = defaultdict(list)
    for one in ratings:
        if not one.by_community:
            several[one.partner].append(one)
    found: Findings = {}
    for left in several.values():
        own = left
        for burst in BURSTS:
            found |= _of_burst(own, burst)
            own = [one for one in own if one.id not in found]
    return found


def _of_burst(own: Ratings, burst: Burst) -> Findings:
    times = [one.at for one in own]
    found: Findings = {}
    minutes = int(burst.within.total_seconds()) // 60
    first = last = 0
    for begin, end in _windows(own, burst.within):
        while times[first] < times[begin] - AROUND:
            first += 1
        while last < len(times) and times[last] <= times[end - 1] + AROUND:
            last += 1
        count = end - begin
        if count >= burst.least and count * burst.share >= last - first:
            because = f"{minutes} 分钟内集中评价 {count} 次"
            found |= {one.id: Finding("burst", because) for one in own[begin:end]}
    return found


def _windows(own: Ratings, within: timedelta) -> list[tuple[int, int]]:
    """Return for each rating, in order of time, which ones follow within a time: from and until where."""
    found, end = [], 0
    for begin, one in enumerate(own):
        while end < len(own) and own[end].at - one.at <= within:
            end += 1
        found.append((begin, end))
    return found
