"""Acting by oneself once something is due.

When that is, is kept on the documents, so nothing is lost when a process ends. Every replica looks; the
document's revision, checked in the write, lets one of them act.
"""

from collections.abc import Callable, Hashable, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

import structlog

from services.chassis.documents import Collection, Due
from services.chassis.work import Origin, Work
from services.contracts.words import Actor

A = TypeVar("A")
PORTION = 100
log = structlog.get_logger()


class DueDocuments(Protocol):
    """Where it is kept what is due."""

    async def due(
        self,
        collection: Collection[Any],
        field: str,
        until: datetime,
        *,
        limit: int,
        after: Due | None = None,
    ) -> list[Due]:
        """Return what is due until then, what is due longest first, behind `after`."""
        ...


class Runs(Protocol):
    """Who runs works together, as `Batches` does."""

    async def run(self, works: Sequence[Work[A]]) -> list[A | Exception]:
        """Return for each work, in order, its answer or what it raised."""
        ...


@dataclass(slots=True)
class Failing:
    """What failed when it was last tried, so that what fails look after look is told once in the log."""

    _keys: set[Hashable] = field(default_factory=set)

    def is_news(self, key: Hashable, outcome: object) -> bool:
        """Note an outcome; return whether it is a failure, and the first one in a row.

        Arguments:
            key: names one thing that is due. A document on which two things may be due needs two.
            outcome: an exception if it failed.
        """
        if not isinstance(outcome, Exception):
            self._keys.discard(key)
            return False
        is_news = key not in self._keys
        self._keys.add(key)
        return is_news

    def forget_all_but(self, due: Set[Hashable]) -> None:
        """Forget what is not due any more: somebody else did it."""
        self._keys &= due


@dataclass(frozen=True, slots=True)
class DueStep:
    """What is done once a document is due.

    Arguments:
        collection: where it is kept.
        when: its field that says so, of an index that says `due`.
        step: of its id, the work that does it, if it still is; answers whether it did.
    """

    collection: Collection[Any]
    when: str
    step: Callable[[Origin, str], Work[bool]]


@dataclass(slots=True)
class RunDue:
    """Acts upon what is due.

    Arguments:
        documents: the service's store.
        batches: run the works, each beside the others.
        clock: what time it is.
        steps: what is done, the most urgent first.
        actor: in whose name.
    """

    documents: DueDocuments
    batches: Runs
    clock: Callable[[], datetime]
    steps: Sequence[DueStep]
    actor: Actor
    _failing: Failing = field(default_factory=Failing)

    async def look(self) -> int:
        """Act upon everything that is due by now; return how much was done.

        What cannot be done is passed over and tried again at the next look, so it holds up nothing else.
        """
        until, done, seen = self.clock(), 0, set[Hashable]()
        for one in self.steps:
            last: Due | None = None
            while found := await self.documents.due(
                one.collection, one.when, until, limit=PORTION, after=last
            ):
                works = [one.step(Origin(due.community, self.actor, due.id), due.id) for due in found]
                for due, outcome in zip(found, await self.batches.run(works), strict=True):
                    done += outcome is True
                    if self._failing.is_news((one.collection.name, one.when, due.key), outcome):
                        what = f"{one.collection.name}/{due.id}"
                        log.error("watch_failed", community=due.community, what=what, exc_info=outcome)
                seen.update((one.collection.name, one.when, due.key) for due in found)
                last = found[-1]
        self._failing.forget_all_but(seen)
        return done
