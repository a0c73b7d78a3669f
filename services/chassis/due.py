"""What those need who act by themselves once something is due: where it stands, and who does it."""

from collections.abc import Hashable, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from services.chassis.documents import Collection, Due
from services.chassis.work import Work

A = TypeVar("A")


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
