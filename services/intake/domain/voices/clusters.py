"""Groups many demands into matters: which are worth comparing, and who belongs together on average."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import combinations

from services.intake.domain.voices.likeness import (
    RARE_FROM,
    REASONS_MAX,
    Likeness,
    Rarity,
    Traits,
    WeighedTraits,
    compared,
    counted,
    weighed,
)

KEYS_MAX = 30
POSTINGS_MAX = 160
SHARED_MIN = 3
TOGETHER_FROM = 0.31
"""The mean likeness between two groups from which they are one matter: no chain of single links will do."""
NOTED_FROM = 0.1
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Demands about one thing, by their place in what was given, and what holds them together."""

    members: tuple[int, ...]
    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    central: int = 0


def grouped(many: Sequence[Traits]) -> list[Cluster]:
    """Return the matters that demands are about, the largest first; each demand is in one, maybe alone.

    The order in which demands are given makes no difference to who belongs together.
    """
    links = linked(many)
    groups = _Groups(len(many), {pair: likeness.score for pair, likeness in links.items()})
    matters = [_described(members, links) for members in groups.joined()]
    return sorted(matters, key=lambda matter: (-len(matter.members), matter.members))


def linked(many: Sequence[Traits]) -> dict[Pair, Likeness]:
    """Return every two demands that are worth comparing and at all like each other."""
    rarity = counted(many)
    ready = [weighed(traits, rarity) for traits in many]
    links: dict[Pair, Likeness] = {}
    for pair in _worth_comparing(ready, rarity):
        likeness = compared(ready[pair[0]], ready[pair[1]])
        if likeness.score >= NOTED_FROM:
            links[pair] = likeness
    return links


def keys_of(one: WeighedTraits) -> tuple[list[str], list[str]]:
    """Return the pairs that a demand is looked up by: those of its names, and the heaviest of its words."""
    named = {pair for _, several in one.names for pair, weight in several if weight >= RARE_FROM}
    words = [pair for pair in one.by_weight if pair not in named][:KEYS_MAX]
    return sorted(named), words


def _worth_comparing(ready: Sequence[WeighedTraits], rarity: Rarity) -> Iterator[Pair]:
    """Yield the demands that share one pair of a name, or several rare pairs; never all with all."""
    keys = [keys_of(one) for one in ready]
    in_names = {key for named, _ in keys for key in named}
    worth = {key for key, held in rarity.holding.items() if 1 < held <= POSTINGS_MAX}
    postings: dict[str, list[int]] = {}
    for number, one in enumerate(ready):
        said = (pair for pair in one.traits.weights if pair in in_names)
        for key in worth.intersection((*said, *keys[number][1])):
            postings.setdefault(key, []).append(number)
    shared: Counter[Pair] = Counter()
    for key, numbers in postings.items():
        for link in combinations(numbers, 2):
            shared[link] += SHARED_MIN if key in in_names else 1
    yield from (link for link, count in shared.items() if count >= SHARED_MIN)


class _Groups:
    """Joins whoever is most alike first, as long as two groups are alike on average.

    Arguments:
        size: how many there are.
        links: two of them → how like they are; those not in it are not like at all.
    """

    def __init__(self, size: int, links: Mapping[Pair, float]) -> None:
        self._members: dict[int, list[int]] = {number: [number] for number in range(size)}
        self._sums: dict[int, dict[int, float]] = {number: {} for number in range(size)}
        for (first, second), score in links.items():
            self._sums[first][second] = self._sums[second][first] = score
        self._queue = [
            (-score, first, second) for (first, second), score in links.items() if score >= TOGETHER_FROM
        ]
        heapify(self._queue)

    def joined(self) -> list[tuple[int, ...]]:
        """Return the groups once nothing more can be joined."""
        while self._queue:
            mean, first, second = heappop(self._queue)
            if first in self._members and second in self._members and -mean == self._mean(first, second):
                self._join(first, second)
        return [tuple(sorted(members)) for members in self._members.values()]

    def _mean(self, first: int, second: int) -> float:
        pairs_count = len(self._members[first]) * len(self._members[second])
        return self._sums[first].get(second, 0.0) / pairs_count

    def _join(self, first: int, second: int) -> None:
        self._members[first] += self._members.pop(second)
        gone = self._sums.pop(second)
        mine = self._sums[first]
        for other, total in gone.items():
            del self._sums[other][second]
            if other != first:
                mine[other] = self._sums[other][first] = mine.get(other, 0.0) + total
        for other in mine:
            mean = self._mean(first, other)
            if mean >= TOGETHER_FROM:
                heappush(self._queue, (-mean, min(first, other), max(first, other)))


def _described(members: tuple[int, ...], links: Mapping[Pair, Likeness]) -> Cluster:
    """Return a matter with what most of its demands share, and the one that is most like the others."""
    names: Counter[str] = Counter()
    words: Counter[str] = Counter()
    nearness = dict.fromkeys(members, 0.0)
    for link in combinations(members, 2):
        likeness = links.get(link)
        if likeness is not None:
            names.update(likeness.names)
            words.update(likeness.words)
            for member in link:
                nearness[member] += likeness.score
    central = min(members, key=lambda member: (-nearness[member], member))
    return Cluster(members, _most_common(names), _most_common(words), central)


def _most_common(counts: Counter[str]) -> tuple[str, ...]:
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return tuple(ranked[:REASONS_MAX])
