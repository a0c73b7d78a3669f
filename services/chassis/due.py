"""What those need who act by themselves once something is due: where it stands, and who does it."""

from collections.abc import Sequence
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
