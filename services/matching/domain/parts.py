"""The parts of an order: who has it, who might, what it rests on, what was planned and proved."""

from dataclasses import dataclass, field
from datetime import datetime

from services.contracts.ids import OrderId
from services.contracts.literals import ProviderKind


@dataclass(frozen=True, slots=True)
class Who:
    """A provider by id, public name and kind: unit, partner or community."""

    id: str
    name: str
    kind: ProviderKind


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a candidate's score."""

    name: str
    value: float
    because: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate as the router explained it; the parts add up to the score."""

    provider: Who
    score: float
    parts: tuple[Reason, ...]
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Proof:
    """Where a proof of work can be found."""

    kind: str
    ref: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much a service was, as its provider reports it; 0: not said."""

    minutes: int = 0
    persons: int = 0
    sessions: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """A milestone: planned, then done."""

    id: str
    title: str
    due_on: str | None = None
    done_at: datetime | None = None
    note: str = ""
    figures: dict[str, float] = field(default_factory=dict)
    proof: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class Handover:
    """An offer to another provider, until it answers or the time to answer is over."""

    receiver: Who
    reason: str
    offered_at: datetime
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """A companion as its lead knows it; `over` when nothing is left to do for it."""

    order: OrderId
    provider: str
    part: str
    over: bool = False


@dataclass(frozen=True, slots=True)
class Basis:
    """What the candidates were found with, so that they can be found again.

    Arguments:
        catalogue: revision of the catalogue.
        lessons: version of the community's experience; 0 is the catalogue alone.
        sure_from: the confidence from which on it was sent without a person.
        matters: categories of several matters in one demand; empty for one.
    """

    catalogue: int
    lessons: int
    sure_from: float
    matters: tuple[str, ...] = ()
