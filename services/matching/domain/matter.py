"""What goes into a ranking and what comes out: a matter, candidates with their reasons, what was learnt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from services.language.wishes import Wish
from services.matching.domain.affairs import ThemeHeard

Decision = Literal["dispatch", "review"]


@dataclass(frozen=True, slots=True)
class Matter:
    """What is to be done.

    Arguments:
        text, title: in the resident's words.
        compound: the compound or venue (its id) it comes from.
        wishes: what it may be that is wished for; empty of what an earlier release took in.
    """

    text: str
    title: str | None = None
    compound: str | None = None
    wishes: tuple[Wish, ...] = ()


class Part(NamedTuple):
    """One summand of a score, with the reason in words a resident accepts."""

    name: str
    value: float
    because: str


class Candidate(NamedTuple):
    """A provider that may do it; `score` is exactly the sum of `parts`.

    `confidence` is the chance (0..1) that it is the right one; the candidates' add up to at most 1.
    """

    provider: str
    score: float
    parts: tuple[Part, ...]
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Ranking:
    """The answer: candidates best first, and whether to send the order or ask the staff.

    Arguments:
        matters: the categories of several matters that want an order each; empty for one matter.
        sure_from: the confidence from which on it is sent without a person.
        lessons: the version of the community's experience it rests on; 0 is the catalogue alone.
    """

    category: str
    decision: Decision
    confidence: float
    candidates: tuple[Candidate, ...]
    because: str
    matters: tuple[str, ...]
    sure_from: float
    lessons: int


class Evidence(NamedTuple):
    """What the catalogue alone says of a matter.

    Arguments:
        heard: the themes it speaks of.
        said: by provider (its number), what speaks for it in words; 0 and more.
        alone: how sure that makes.
        first: the number of the first candidate; -1 when there is none.
    """

    heard: dict[int, ThemeHeard]
    said: list[float]
    alone: float
    first: int


@dataclass(frozen=True, slots=True)
class Learnt:
    """What experience says of a matter.

    Arguments:
        corrections: by provider (its number), what lessons add to or take from what was said.
        forecasts: by provider, the share of such matters that were its own, as the lessons foretell.
        first: the number of the one foretold most.
        trust: 0 (no lessons) up to 1: how much they count beside the catalogue.
        sure: how often a lead like this was right.
        enough: the confidence from which on the wanted precision holds.
        catalogue_holds: what the catalogue alone is sure of has proved right.
    """

    corrections: Sequence[float]
    forecasts: Sequence[float]
    first: int
    trust: float
    sure: float
    enough: float
    catalogue_holds: bool


class Experience(Protocol):
    """What a community has learnt so far; numbers of providers follow their ids."""

    version: int

    @property
    def size(self) -> int:
        """Return how many bytes it takes, roughly."""

    def recall(self, matter: Matter, heard: Mapping[int, ThemeHeard], said: Sequence[float]) -> Learnt:
        """Return what it says of a matter of which the catalogue alone says `said`, by provider."""

    def sure_from(self) -> float:
        """Return the confidence from which on the wanted precision holds."""
