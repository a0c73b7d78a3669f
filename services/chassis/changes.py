"""What a batch leaves: documents to insert and to replace."""

from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]


@dataclass(slots=True)
class Changes:
    """What one batch writes together: new documents, and documents that replace a known revision."""

    inserts: dict[str, list[Document]] = field(default_factory=dict)
    replaces: dict[str, list[tuple[int, Document]]] = field(default_factory=dict)

    def insert(self, collection: str, document: Document) -> None:
        """Add a document that must not exist yet."""
        self.inserts.setdefault(collection, []).append(document)

    def replace(self, collection: str, revision: int, document: Document) -> None:
        """Add a document that must exist with this revision."""
        self.replaces.setdefault(collection, []).append((revision, document))

    @property
    def documents(self) -> int:
        """Return how many documents are written."""
        written: list[list[Any]] = [*self.inserts.values(), *self.replaces.values()]
        return sum(map(len, written))

    def __bool__(self) -> bool:
        return bool(self.inserts or self.replaces)
