"""Versioned documents: a collection per kind, a reference to each, a revision for optimistic locking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Index:
    """An index of a collection; every one but an expiry and what is due begins with the community.

    Arguments:
        fields: names after `community`, `-name` for descending.
        unique: no two documents of a community may agree in them.
        expires: the single field holds the moment at which the document goes.
        due: the single field holds the moment at which something is to be done, or nothing; it is looked at
            across all communities.
        only: with `due` or `unique`, what documents must be like to be in the index: field → value.
    """

    fields: tuple[str, ...]
    unique: bool = False
    expires: bool = False
    due: bool = False
    only: Mapping[str, object] = field(default_factory=dict)


class Collection(Generic[T]):
    """A collection that keeps one frozen dataclass.

    Arguments:
        name: of the collection.
        type_: the dataclass; pydantic turns it into a document and back.
        indexes: beside the one by id.
        seldom_changes: read by nearly every work and hardly ever written: what was read is held in memory,
            and only its revision is asked for.
    """

    def __init__(self, name: str, type_: type[T], *indexes: Index, seldom_changes: bool = False) -> None:
        self.name = name
        self.seldom_changes = seldom_changes
        self.indexes = indexes
        self._adapter: TypeAdapter[T] = TypeAdapter(type_)

    def encode(self, value: T) -> dict[str, Any]:
        """Return the value as plain data."""
        plain: dict[str, Any] = self._adapter.dump_python(value)
        return plain

    def decode(self, document: dict[str, Any]) -> T:
        """Return the value kept in a document; what belongs to the machinery is left out."""
        plain = {key: part for key, part in document.items() if key[0] != "_" and key != "community"}
        return self._adapter.validate_python(plain)


class Ref(NamedTuple, Generic[T]):
    """A document reference: collection, community, id. The community is part of the key, always.

    A tuple, since a decision looks up hundreds of them and a tuple is hashed without a line of Python.
    """

    collection: Collection[T]
    community: str
    id: str

    @property
    def key(self) -> str:
        """Return the document's `_id`, which begins with the community."""
        return f"{self.community}/{self.id}"


@dataclass(frozen=True, slots=True)
class Due:
    """Something that is to be done: since when, under which key, in which community."""

    at: datetime
    key: str
    community: str

    @property
    def id(self) -> str:
        """Return the id of the value, without the community that its key begins with."""
        return self.key.removeprefix(f"{self.community}/")


@dataclass(frozen=True, slots=True)
class Watched:
    """Documents of which there should be none for long: counted for the metrics, with the oldest's age.

    Arguments:
        what: label of the metrics.
        collection: where they are.
        since: field that says since when they are so; `collection` has a `due` index on it.
        only: what they are like, as in that index.
    """

    what: str
    collection: Collection[Any]
    since: str
    only: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits for something, and since when the oldest of it does."""

    count: int
    oldest: datetime | None

    def age_seconds(self, at: datetime) -> float:
        """Return for how long the oldest has waited; 0 where nothing waits."""
        return max(0.0, (at - self.oldest).total_seconds()) if self.oldest else 0.0


class Heard(NamedTuple):
    """How far a stream of facts was heard that a value follows: the last fact's number, and its digest."""

    stream: str
    version: int
    last: str


@dataclass(slots=True)
class Versioned(Generic[T]):
    """A value as it was loaded or left.

    Arguments:
        revision: counts changes; 0: never kept.
        facts: counts announcements.
        heard: how far the streams were heard that the value follows.
    """

    value: T | None
    revision: int = 0
    facts: int = 0
    heard: tuple[Heard, ...] = ()

    @property
    def present(self) -> T:
        """Return the value of what is known to be there."""
        assert self.value is not None, "whoever takes it for granted has looked before"
        return self.value


def to_document(ref: Ref[T], kept: Versioned[T]) -> dict[str, Any]:
    """Return the document for a value that is to be kept."""
    assert kept.value is not None, "no decision deletes a value"
    document = {
        "_id": ref.key,
        "community": ref.community,
        "_rev": kept.revision,
        "_facts": kept.facts,
        **ref.collection.encode(kept.value),
    }
    if kept.heard:
        document["_heard"] = [list(heard) for heard in kept.heard]
    return document


def from_document(collection: Collection[T], document: dict[str, Any]) -> Versioned[T]:
    """Return what a document keeps."""
    kept = Versioned(collection.decode(document), document["_rev"], document["_facts"])
    if heard := document.get("_heard"):
        kept.heard = tuple(Heard(*one) for one in heard)
    return kept
