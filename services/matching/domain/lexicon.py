"""Finds the field's words in a text and says which concept of which category each one names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from services.matching.domain.taxonomy import TAXONOMY

OTHER = "其他"
"""The category of a demand in which no known word was found."""

WORD_WEIGHT = 1.0
WEAK_WORD_WEIGHT = 0.35

MATCH_SAME = 1.0
MATCH_OFFERS_WHOLE_CATEGORY = 0.85
MATCH_ASKS_WHOLE_CATEGORY = 0.75
MATCH_SIBLING = 0.3

_GENERAL = "="


@dataclass(frozen=True, slots=True)
class Concept:
    """Words that mean the same; `general` stands for its whole category."""

    category: str
    name: str

    @property
    def path(self) -> str:
        """Return its name with its category's: no two concepts have the same."""
        return f"{self.category}/{self.name}"

    @property
    def general(self) -> bool:
        return self.name == _GENERAL


@dataclass(frozen=True, slots=True)
class Meaning:
    """One concept a word names, and how surely (0..1)."""

    concept: int
    weight: float
    scene: bool = False
    """The word tells who is there, what they do or when, as often as what is needed."""


class Lexicon:
    """Concepts by number and words by spelling; numbers follow the order of the taxonomy."""

    def __init__(self, taxonomy: str) -> None:
        self.concepts: list[Concept] = []
        self.words: dict[str, tuple[Meaning, ...]] = {}
        for concept, words in lines_of(taxonomy):
            self.concepts.append(concept)
            for word in words:
                self._learn(word)
        self.words_by_start = words_by_start(self.words)
        self.categories = tuple(dict.fromkeys(concept.category for concept in self.concepts))

    def _learn(self, written: str) -> None:
        word = written.rstrip("?~")
        marks = written[len(word) :]
        weight = WORD_WEIGHT * WEAK_WORD_WEIGHT ** marks.count("?")
        meaning = Meaning(len(self.concepts) - 1, weight, scene="~" in marks)
        self.words[word.lower()] = (*self.words.get(word.lower(), ()), meaning)

    def concepts_in(self, text: str) -> dict[int, float]:
        """The concepts the text names, each with the weight of its surest word; longest words win."""
        found: dict[int, float] = {}
        for word in self._words_in(text.lower()):
            for meaning in self.words[word]:
                found[meaning.concept] = max(meaning.weight, found.get(meaning.concept, 0.0))
        return found

    def _words_in(self, text: str) -> Iterator[str]:
        end = 0
        for start in range(len(text) - 1):
            if start < end:
                continue
            for word in self.words_by_start.get(text[start : start + 2], ()):
                if text.startswith(word, start):
                    end = start + len(word)
                    yield word
                    break

    def match(self, asked: int, offered: int) -> float:
        """How far one who offers a concept does what is asked with another (0..1)."""
        if asked == offered:
            return MATCH_SAME
        wanted, given = self.concepts[asked], self.concepts[offered]
        if wanted.category != given.category:
            return 0.0
        if given.general:
            return MATCH_OFFERS_WHOLE_CATEGORY
        return MATCH_ASKS_WHOLE_CATEGORY if wanted.general else MATCH_SIBLING


def lines_of(taxonomy: str) -> Iterator[tuple[Concept, list[str]]]:
    """Each concept with its words; the format is told in the taxonomy."""
    category = ""
    for block in taxonomy.replace("\n    ", " ").splitlines():
        if not block.startswith("  "):
            category = block.strip()
            continue
        name, *words = block.split()
        yield Concept(category, name.removesuffix(":")), words


def words_by_start(words: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Words by their first two characters, the longest first."""
    starts: dict[str, list[str]] = {}
    for word in words:
        starts.setdefault(word[:2], []).append(word)
    return {start: tuple(sorted(found, key=lambda w: (-len(w), w))) for start, found in starts.items()}


@cache
def field_lexicon() -> Lexicon:
    """The lexicon of the field, read once per process."""
    return Lexicon(TAXONOMY)
