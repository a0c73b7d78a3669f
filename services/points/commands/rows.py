"""What is kept, page by page, as a verification reads it."""

import asyncio
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
    """Yield documents in the order of a field that no two have in common.

    While those of a page are looked at, the next one is read.
    """
    found = await rows.find(query, sort=by, limit=size, fields=fields)
    coming: asyncio.Task[list[dict[str, Any]]] | None = None
    try:
        while found:
            if len(found) == size:
                after = {**query, by: {"$gt": found[-1][by]}}
                coming = asyncio.create_task(rows.find(after, sort=by, limit=size, fields=fields))
                await asyncio.sleep(0)  # so that it begins
            for row in found:
                yield row
            found, coming = (await coming if coming is not None else []), None
    finally:
        if coming is not None:
            coming.cancel()
