"""By what demands are looked up, which of those found are worth comparing, and what was offered."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from services.contracts.ids import DemandId
from services.contracts.refusal import Conflict
from services.contracts.values import replace
from services.intake.domain.voices.clusters import TOGETHER_FROM
from services.intake.domain.voices.likeness import RARE_FROM, Likeness, Rarity, Traits, traits_of, weighed

POSTINGS_MAX = 20
NAME_KEYS_MAX = 4
WORD_KEYS_MAX = 5
CANDIDATES_MAX = 6
ALIKE_MAX = 10
OFFERED_MAX = 3


class NothingOffered(Conflict):
    """No likely duplicate waits for a decision: none was found, or it has been decided."""

    slug = "nothing_offered"
    title = "没有待处理的疑似重复诉求"


@dataclass(frozen=True, slots=True)
class FoundBy:
    """What a demand is looked up by.

    Arguments:
        pairs: its most telling pairs of characters.
        named: whether it names a place, a road, a school.
    """

    pairs: tuple[str, ...] = ()
    named: bool = False


@dataclass(frozen=True, slots=True)
class Postings:
    """The postings of a pair: the newest demands that hold it, by number, and its document frequency."""

    count: int = 0
    newest: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Alike:
    """A demand that is probably about the same matter, and why; `dismissed` when staff said it is not."""

    demand: DemandId
    score: float
    because: str
    dismissed: bool = False


@dataclass(frozen=True, slots=True)
class Similar:
    """What is known of a demand among the others: the issue it belongs to, and whom it is like."""

    issue: str | None = None
    alike: tuple[Alike, ...] = ()

    def like(self, found: Iterable[Alike]) -> "Similar":
        """Return it with more that are alike, the best ones; what was decided before stays so."""
        known = {alike.demand for alike in self.alike}
        every = (*self.alike, *(alike for alike in found if alike.demand not in known))
        best = sorted(every, key=lambda alike: (not alike.dismissed, -alike.score, alike.demand))
        return replace(self, alike=tuple(best[:ALIKE_MAX]))

    def dismissed(self, other: str | None) -> "Similar":
        """Return it with one, or all, marked as another matter.

        Raises:
            NothingOffered: there is nothing to decide.
        """
        chosen = [a for a in self.alike if not a.dismissed and other in (None, a.demand)]
        if not chosen:
            raise NothingOffered
        marked = tuple(replace(a, dismissed=True) if a in chosen else a for a in self.alike)
        return replace(self, alike=marked)


def lookup_keys(traits: Traits) -> tuple[str, ...]:
    """Return the most telling pairs, so many at most, that a demand is kept under and looked for by."""
    one = weighed(traits, Rarity())
    named = dict.fromkeys(pair for _, several in one.names for pair, weight in several if weight >= RARE_FROM)
    words = [pair for pair in one.by_weight if pair not in named]
    return tuple(sorted({*list(named)[:NAME_KEYS_MAX], *words[:WORD_KEYS_MAX]}))


def found_by(traits: Traits) -> FoundBy:
    """Return what a demand is looked up by."""
    return FoundBy(lookup_keys(traits), bool(traits.names))


@lru_cache(maxsize=1_024)
def text_found_by(text: str, title: str | None = None, compound: str | None = None) -> FoundBy:
    """Return what a text is looked up by: asked for when it is submitted, and once more beside the way."""
    return found_by(traits_of(text, title, compound))


def candidates(found: Iterable[Postings]) -> tuple[int, ...]:
    """Return the demands that hold the most of the pairs looked for, the rarer counting more."""
    weight: dict[int, float] = {}
    for postings in found:
        for demand in postings.newest:
            weight[demand] = weight.get(demand, 0.0) + 1.0 / (1 + postings.count) ** 0.5
    return tuple(sorted(weight, key=lambda demand: (-weight[demand], demand))[:CANDIDATES_MAX])


def as_alike(demand: DemandId, likeness: Likeness) -> Alike:
    """Return what is offered of a likeness."""
    return Alike(demand, round(likeness.score, 3), likeness.because)


def belongs(scores: Iterable[float]) -> bool:
    """Return whether a demand belongs to an issue: it is like its newest members on average."""
    every = tuple(scores)
    return bool(every) and sum(every) / len(every) >= TOGETHER_FROM
