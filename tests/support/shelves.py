"""Collections of plain documents in memory that a reader of pages reads, and anybody may alter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass
class Shelf:
    """A collection."""

    rows: list[Row] = field(default_factory=list)

    async def find(
        self, query: Row, *, sort: str = "_id", limit: int = 0, fields: Sequence[str] | None = None
    ) -> list[Row]:
        """Return what matches, in order."""
        found = sorted((row for row in self.rows if _matches(row, query)), key=lambda row: row[sort])
        return found[:limit] if limit else found


@dataclass
class Shelves:
    """A service's database."""

    shelves: dict[str, Shelf] = field(default_factory=dict)

    async def together(self, asked: Sequence[tuple[str, Row]]) -> list[list[Row]]:
        """Return what matches in several collections."""
        return [await self.plain(name).find(query) for name, query in asked]

    def plain(self, name: str) -> Shelf:
        """Return a collection."""
        return self.shelves.setdefault(name, Shelf())


def _matches(row: Row, query: Mapping[str, Any]) -> bool:
    for name, wanted in query.items():
        value: Any = row
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(wanted, dict) and "$in" in wanted:
            if value not in wanted["$in"]:
                return False
        elif isinstance(wanted, dict):
            if value is None or not value > wanted["$gt"]:
                return False
        elif value != wanted:
            return False
    return True
