"""What is kept, page by page, as a verification reads it."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

PAGE = 2_000
Row = dict[str, Any]


class Rows(Protocol):
    """A collection as it is kept."""

    async def find(
        self, query: dict[str, Any], *, sort: str = "_id", limit: int = 0, fields: Sequence[str] | None = None
    ) -> list[dict[str, Any]]: ...


class Books(Protocol):
    """The database of a service."""

    def plain(self, name: str) -> Any: ...

    async def together(self, asked: Sequence[tuple[str, Row]]) -> list[list[Row]]: ...


async def pages(
    rows: Rows, query: dict[str, Any], by: str, fields: Sequence[str] | None = None, size: int = PAGE
) -> AsyncIterator[dict[str, Any]]:
    """Yield documents in the order of a field that no two have in common."""
    after: dict[str, Any] = {}
    while found := await rows.find({**query, **after}, sort=by, limit=size, fields=fields):
        for row in found:
            yield row
        after = {by: {"$gt": found[-1][by]}}
