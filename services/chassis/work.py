"""The unit of work: what one decision has loaded, changes and announces, before any of it is kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from services.chassis.clock import new_id
from services.chassis.documents import Ref, Versioned
from services.chassis.masking import hidden
from services.contracts.envelope import Envelope
from services.contracts.refusal import Conflict, Refused
from services.contracts.words import Actor, Message

A_co = TypeVar("A_co", covariant=True)
B = TypeVar("B")
T = TypeVar("T")


class ChangedMeanwhile(Conflict):
    """Somebody else changed it after the one who asks last looked; look again."""

    slug = "changed_meanwhile"
    title = "内容已被别人更改，请刷新后再试"


class NotRead(LookupError):
    """A decision looked at something that its work had not said it reads, so it was never loaded."""


Values = dict[Ref[Any], Versioned[Any]]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a work comes from: whose it is, on whose behalf, in which story, caused by which event."""

    community: str
    actor: Actor
    correlation: str
    cause: str | None = None


class UnitOfWork:
    """One decision's view: sees what earlier decisions of the batch left, and keeps its own apart.

    Arguments:
        origin: goes into every envelope that is announced here.
        at: the moment of the decision.
        below: values loaded, and those that earlier decisions of the batch left; read and never written.
    """

    def __init__(self, origin: Origin, at: datetime, below: Mapping[Ref[Any], Versioned[Any]]) -> None:
        self.origin = origin
        self.at = at
        self.changes: Values = {}
        self.said: list[Envelope] = []
        self._below = below

    def versioned(self, ref: Ref[T]) -> Versioned[T]:
        """Return value, revision and number of facts as this decision sees them.

        Raises:
            NotRead: the work did not say that it reads this.
        """
        found = self.changes.get(ref) or self._below.get(ref)
        if found is None:
            raise NotRead(f"{ref.collection.name} was not among the reads of this work")
        return found

    def is_loaded(self, ref: Ref[Any]) -> bool:
        """Return True if the document is in this unit of work: loaded, or put."""
        return ref in self.changes or ref in self._below

    def find(self, ref: Ref[T]) -> T | None:
        """Return the value, or None when there is none."""
        return self.versioned(ref).value

    def get(self, ref: Ref[T], otherwise: Refused) -> T:
        """Return the value, or raise the refusal given."""
        value = self.versioned(ref).value
        if value is None:
            raise otherwise
        return value

    def revision(self, ref: Ref[T]) -> int:
        """Return how often the value has been changed, which is what its ETag says."""
        return self.versioned(ref).revision

    def expect(self, ref: Ref[Any], revision: int | None) -> None:
        """Make sure that nobody changed the value since the one who asks has seen it.

        Raises:
            ChangedMeanwhile: its revision is another; None expects nothing.
        """
        present = self.versioned(ref).revision
        if revision is not None and revision != present:
            raise ChangedMeanwhile(present_version=present, seen_version=revision)

    def put(self, ref: Ref[T], value: T) -> None:
        """Stage a write; a reference that was not loaded is an insert, Stale at the commit if it exists."""
        before = self.changes.get(ref) or self._below.get(ref)
        if before is None:
            self.changes[ref] = Versioned(value, 1, 0)
        else:
            self.changes[ref] = Versioned(value, before.revision + 1, before.facts, before.heard)

    def announce(self, about: Ref[Any], fact: Message, public: frozenset[str] = frozenset()) -> Envelope:
        """Tell the others a fact about a value that this decision has put; returns the envelope.

        Numbers of people are masked in it, whatever field they stand in.

        Arguments:
            public: telephone numbers that are meant to be called, digits alone; they stay.
        """
        fact = hidden(fact, public)
        kept = self.changes[about]
        kept.facts += 1
        envelope = Envelope.model_construct(
            id=new_id(),
            kind=fact.kind,
            community=self.origin.community,
            stream=f"{about.collection.name}/{about.id}",
            version=kept.facts,
            at=self.at,
            actor=self.origin.actor,
            correlation=self.origin.correlation,
            cause=self.origin.cause,
            body=fact,
        )
        self.said.append(envelope)
        return envelope

    def branch(self) -> "UnitOfWork":
        """Return a nested unit of work, whose changes count only once they are adopted."""
        return UnitOfWork(
            self.origin, self.at, {**self._below, **self.changes} if self.changes else self._below
        )

    def adopt(self, branch: "UnitOfWork") -> None:
        """Take over what a branch left."""
        self.changes.update(branch.changes)
        self.said.extend(branch.said)


@dataclass(frozen=True, slots=True)
class Work(Generic[A_co]):
    """One thing to decide: what it reads, and the plain function that decides.

    Arguments:
        origin: where it comes from.
        reads: references to load before it is decided.
        decide: may run more than once, so it touches nothing but the unit of work.
        more_reads: what else it needs, known only once `reads` are loaded; asked again, a few times, until
            it names nothing new.
        ahead: what can be reckoned before anything is loaded, and is remembered by whoever asks for it: step
            by step, each for all works of a batch, so that its code and tables stay at hand.
    """

    origin: Origin
    reads: Sequence[Ref[Any]]
    decide: Callable[[UnitOfWork], A_co]
    more_reads: Callable[[UnitOfWork], Sequence[Ref[Any]]] | None = None
    ahead: Sequence[Callable[[], object]] = ()

    def then(self, view: Callable[[A_co, UnitOfWork], B], *reads: Ref[Any]) -> "Work[B]":
        """Return the work that answers with what `view` makes of its result and of the state afterwards.

        Arguments:
            reads: what the view looks at besides what the work reads.
        """

        def viewed(uow: UnitOfWork) -> B:
            return view(self.decide(uow), uow)

        return Work(self.origin, _once_each(*self.reads, *reads), viewed, self.more_reads, self.ahead)

    def only_if(self, rule: Callable[[UnitOfWork], None], *reads: Ref[Any]) -> "Work[A_co]":
        """Return the work that is done where a rule, asked first, does not refuse.

        Arguments:
            rule: raises a refusal; otherwise it changes nothing.
            reads: what the rule looks at besides what the work reads.
        """

        def allowed(uow: UnitOfWork) -> A_co:
            rule(uow)
            return self.decide(uow)

        return Work(self.origin, _once_each(*reads, *self.reads), allowed, self.more_reads, self.ahead)

    def reading(self, more: Callable[[UnitOfWork], Sequence[Ref[Any]]]) -> "Work[A_co]":
        """Return the work that also reads what `more` names once the rest is loaded."""
        known = self.more_reads

        def both(uow: UnitOfWork) -> Sequence[Ref[Any]]:
            return (*(known(uow) if known else ()), *more(uow))

        return Work(self.origin, self.reads, self.decide, both, self.ahead)

    def if_unchanged(
        self, ref: Ref[Any], revision: int | None, missing: Refused | None = None
    ) -> "Work[A_co]":
        """Return the work that is refused when the value is not as its asker has seen it (If-Match).

        Arguments:
            missing: what is said where there is none, which comes before what has changed.
        """

        def seen(uow: UnitOfWork) -> None:
            if missing is not None:
                uow.get(ref, missing)
            uow.expect(ref, revision)

        return self.only_if(seen, ref)


def _once_each(*refs: Ref[Any]) -> tuple[Ref[Any], ...]:
    return tuple(dict.fromkeys(refs))
