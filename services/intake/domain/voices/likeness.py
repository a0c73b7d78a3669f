"""How like two demands are: one matter needs a like topic and a like place, or a very rare shared name."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import log, sqrt

from services.intake.domain.voices.names import Name, apart, areas, names, without_areas
from services.intake.domain.voices.vocabulary import COMMON, topics_in
from services.intake.domain.voices.wording import meant, pairs, plain

PAIRS_MAX = 90
TITLE_WEIGHT = 2
TOPIC_WEIGHT = 8.0
LIKE_FROM = 0.5
"""The score from which two demands are taken to be about one matter."""

TOPIC_NEEDED = 0.12
"""How like the words must be where nothing that is named is shared."""
PLACE_HALF = 5.0
"""A shared name of this weight leaves a quarter of that to be needed."""
RARE_FROM = 4.0
"""The weight from which a pair of a name says something."""
TOPIC_LEAST = 0.005
SAME_COMPOUND = 5.0
APART_FACTOR = 3.0
ELSEWHERE_FACTOR = 12.0
MAYBE_ELSEWHERE_FACTOR = 1.6
REASONS_MAX = 4

_KNOWN_BEFORE = 2_000
_COMMON_SHARE = 0.04
_RARE_SHARE = 0.0005
"""What is assumed of petitions before any is seen: of so many, this share holds a common or another pair."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a text is compared by.

    Arguments:
        weights: pair of characters → how often it is said, the title counting double, dampened.
        names: what it names.
        areas: as a3区.
        topics: what it is about, in our words.
        compound: where it comes from, if that is known.
    """

    weights: Mapping[str, float]
    names: tuple[Name, ...]
    areas: frozenset[str]
    topics: frozenset[str]
    compound: str | None = None


@lru_cache(maxsize=1_024)
def traits_of(text: str, title: str | None = None, compound: str | None = None) -> Traits:
    """Return what a demand is compared by."""
    said, headline = plain(text), plain(title or "")
    whole = f"{headline}\n{said}" if headline else said
    counts = Counter(pairs(meant(without_areas(said))))
    for pair in pairs(meant(without_areas(headline))):
        counts[pair] += TITLE_WEIGHT
    return Traits(
        {pair: 1.0 + log(count) for pair, count in counts.items()},
        names(without_areas(whole)),
        areas(whole),
        topics_in(whole),
        compound,
    )


@dataclass(frozen=True, slots=True)
class Rarity:
    """How much a pair says: the fewer demands hold it, the more.

    Arguments:
        known: how many demands were counted.
        holding: pair → how many of them hold it; what is not in it is taken for never seen.
    """

    known: int = 0
    holding: Mapping[str, int] = field(default_factory=dict)
    _unseen: tuple[float, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        unseen = (self._weight(0, _RARE_SHARE), self._weight(0, _COMMON_SHARE))
        object.__setattr__(self, "_unseen", unseen)

    def of(self, pair: str) -> float:
        """Return the pair's weight, from about 0 to 8."""
        held = self.holding.get(pair, 0)
        if not held:
            return self._unseen[pair in COMMON]
        return self._weight(held, _COMMON_SHARE if pair in COMMON else _RARE_SHARE)

    def _weight(self, held: int, share: float) -> float:
        return max(0.0, log((self.known + _KNOWN_BEFORE) / (held + share * _KNOWN_BEFORE)))


def counted(many: Iterable[Traits]) -> Rarity:
    """Return the rarity of pairs among many demands."""
    holding: Counter[str] = Counter()
    known = 0
    for known, traits in enumerate(many, 1):  # noqa: B007 - how many there were
        holding.update(traits.weights.keys())
    return Rarity(known, holding)


@dataclass(frozen=True, slots=True)
class WeighedTraits:
    """A demand's traits with the weight that each pair has among the others.

    Arguments:
        pairs: the heaviest pairs that no name is made of.
        names: core of a name → the weights of its pairs, from the last to the first.
        length: of the vector that pairs and topics make.
    """

    traits: Traits
    pairs: Mapping[str, float]
    names: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]
    length: float

    @property
    def by_weight(self) -> list[str]:
        """Return the pairs, the heaviest first."""
        return [pair for pair, _ in sorted(self.pairs.items(), key=lambda pair: (-pair[1], pair[0]))]


def weighed(traits: Traits, rarity: Rarity) -> WeighedTraits:
    """Return a demand with its pairs weighed."""
    mentions = {pair for name in traits.names for pair in name.mention}
    every = {p: count * rarity.of(p) for p, count in traits.weights.items() if p not in mentions}
    if len(every) > PAIRS_MAX:
        every = dict(sorted(every.items(), key=lambda pair: (-pair[1], pair[0]))[:PAIRS_MAX])
    named = tuple((n.core, tuple((p, rarity.of(p)) for p in reversed(n.pairs))) for n in traits.names)
    length = sqrt(sum(w * w for w in every.values()) + len(traits.topics) * TOPIC_WEIGHT**2)
    return WeighedTraits(traits, every, named, length or 1.0)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like two demands are, from 0 to 1, and why: the names and topics or words that both hold."""

    score: float
    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def same_matter(self) -> bool:
        """Return whether the two are taken to be about one matter."""
        return self.score >= LIKE_FROM

    @property
    def because(self) -> str:
        """Return the reasons in a sentence for residents."""
        parts = [f"都提到“{'、'.join(self.names)}”"] if self.names else []
        parts += [f"都说到{'、'.join(self.words)}"] if self.words else []
        return "，".join(parts)


UNLIKE = Likeness(0.0)


def compared(one: WeighedTraits, other: WeighedTraits) -> Likeness:
    """Return how like two demands are.

    What their words have in common (topic) is set against how much of it is needed: much where they name
    nothing in common, little where they share a rare name, and more where they name different places.
    """
    shared, found = _place(one, other)
    topic, words = _topic(one, other, shared)
    if topic <= TOPIC_LEAST:
        return UNLIKE
    place = sum(shared.values())
    at_home = one.traits.compound is not None and one.traits.compound == other.traits.compound
    near = (PLACE_HALF / (place + (SAME_COMPOUND if at_home else 0.0) + PLACE_HALF)) ** 2
    needed = TOPIC_NEEDED * near * _doubt(one, other, named=place > 0, at_home=at_home)
    return Likeness(topic / (topic + needed), found, words)


def _doubt(one: WeighedTraits, other: WeighedTraits, *, named: bool, at_home: bool) -> float:
    """Return how much more is needed of two that seem to speak of different places."""
    doubt = APART_FACTOR if apart(one.traits.areas, other.traits.areas) else 1.0
    if named:
        return doubt
    mine, theirs = one.traits.compound, other.traits.compound
    both_somewhere = _is_somewhere(one) and _is_somewhere(other)
    if both_somewhere or (mine and theirs and mine != theirs):
        return doubt * (APART_FACTOR if at_home else ELSEWHERE_FACTOR)
    return doubt * (MAYBE_ELSEWHERE_FACTOR if one.names and other.names else 1.0)


def _is_somewhere(one: WeighedTraits) -> bool:
    return any(name.is_place for name in one.traits.names)


def _place(one: WeighedTraits, other: WeighedTraits) -> tuple[dict[str, float], tuple[str, ...]]:
    """Return the pairs of names that the other holds as well, and those names, each once."""
    shared: dict[str, float] = {}
    found: dict[str, None] = {}
    for mine, theirs in ((one, other.traits.weights), (other, one.traits.weights)):
        for core, several in mine.names:
            run = _held(several, theirs)
            rare = {pair: weight for pair, weight in run.items() if weight >= RARE_FROM}
            if rare:
                shared.update(rare)
                found[core[-len(run) - 1 :]] = None
    longest = tuple(core for core in found if not any(core != long and core in long for long in found))
    return shared, longest[:REASONS_MAX]


def _held(several: tuple[tuple[str, float], ...], theirs: Mapping[str, float]) -> dict[str, float]:
    """Return the pairs of a name that are held, from its end on: its beginning is a guess."""
    run: dict[str, float] = {}
    for pair, weight in several:
        if pair not in theirs:
            break
        run[pair] = weight
    return run


def _topic(
    one: WeighedTraits, other: WeighedTraits, names: Mapping[str, float]
) -> tuple[float, tuple[str, ...]]:
    if len(one.pairs) > len(other.pairs):
        one, other = other, one
    theirs = other.pairs
    mine = one.pairs
    both = {pair: mine[pair] * theirs[pair] for pair in mine.keys() & theirs.keys()}
    topics = sorted(one.traits.topics & other.traits.topics)
    if not both and not topics:
        return 0.0, ()
    dot = sum(weight for pair, weight in both.items() if pair not in names) + len(topics) * TOPIC_WEIGHT**2
    words = topics or sorted((pair for pair in both if pair.isalpha()), key=lambda p: (-both[p], p))
    return dot / (one.length * other.length), tuple(words[:REASONS_MAX])
