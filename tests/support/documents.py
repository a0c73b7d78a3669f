"""A store in memory, meaner than the real one: everything is decided twice, and must come out equal."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any
from weakref import WeakKeyDictionary

import bson
from bson.codec_options import CodecOptions

from services.chassis.changes import Changes
from services.chassis.documents import Collection, Due, Index, Ref, Versioned, from_document
from services.chassis.failures import Stale
from services.composition import SPECS

_OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
_UNIQUE = {
    collection.name: [index for index in collection.indexes if index.unique]
    for spec in SPECS.values()
    for collection in spec.collections
}
_MADE_ANEW = frozenset({"outbox", "notices"})
"""Collections whose ids come from the announcement's, which is another at every try."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What a decision was made on: another half of a batch is another decision."""

    commits: int
    refs: frozenset[Ref[Any]] = frozenset()


class MemoryDocuments:
    """Keeps documents as bytes, so that nobody can change one by holding on to it.

    The first commit of every batch is refused as stale. When nothing else was written in between, the
    second must bring the very same documents: a decision that counts, draws or remembers is found out.
    """

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, bytes]] = {}
        self.commits = 0
        self._first: WeakKeyDictionary[asyncio.Task[Any], tuple[_Read, Any]] = WeakKeyDictionary()
        self._read: WeakKeyDictionary[asyncio.Task[Any], _Read] = WeakKeyDictionary()

    async def load(self, refs: Iterable[Ref[Any]]) -> dict[Ref[Any], Versioned[Any]]:
        """Return what is kept; another task may run meanwhile, as with a real database."""
        wanted = list(refs)
        self._looked(wanted)
        await asyncio.sleep(0)
        loaded: dict[Ref[Any], Versioned[Any]] = {}
        for ref in wanted:
            raw = self.rows.get(ref.collection.name, {}).get(ref.key)
            loaded[ref] = from_document(ref.collection, _decoded(raw)) if raw else Versioned(None)
        return loaded

    def _looked(self, wanted: Iterable[Ref[Any]] = ()) -> None:
        """Remember what had been written when a task read for the first time, and what it asked for."""
        task = asyncio.current_task()
        assert task is not None
        read = self._read.get(task, _Read(self.commits))
        self._read[task] = _Read(read.commits, read.refs.union(wanted))

    async def due(
        self,
        collection: Collection[Any],
        field: str,
        until: datetime,
        *,
        limit: int,
        after: Due | None = None,
    ) -> list[Due]:
        """Return what is due in any community, oldest first."""
        rows = [_decoded(raw) for raw in self.rows.get(collection.name, {}).values()]
        found = sorted(
            (row[field], row["_id"], row["community"])
            for row in rows
            if row[field] is not None and row[field] <= until
        )
        past = (after.at, after.key, after.community) if after else None
        return [Due(*row) for row in found if past is None or row > past][:limit]

    async def commit(self, changes: Changes) -> None:
        """Write all or nothing, the second time it is asked to."""
        await asyncio.sleep(0)
        said = _comparable(changes)
        task = asyncio.current_task()
        assert task is not None
        read = self._read.pop(task)
        first = self._first.pop(task, None)
        if first is None:
            self._first[task] = (read, said)
            raise Stale("the first time is for practice")
        if first[0] == read and read.commits == self.commits:
            assert first[1] == said, "the same decision on the same documents came out differently"
        self._check(changes)
        for name, documents in changes.inserts.items():
            for document in documents:
                self.rows.setdefault(name, {})[document["_id"]] = bson.encode(document)
        for name, rows in changes.replaces.items():
            for _, document in rows:
                self.rows[name][document["_id"]] = bson.encode(document)
        self.commits += 1

    def _check(self, changes: Changes) -> None:
        for name, documents in changes.inserts.items():
            ids = [document["_id"] for document in documents]
            if len(set(ids)) < len(ids) or set(ids) & set(self.rows.get(name, {})):
                raise Stale("duplicate key")
        for name, rows in changes.replaces.items():
            for revision, document in rows:
                kept = self.rows.get(name, {}).get(document["_id"])
                if kept is None or _decoded(kept)["_rev"] != revision:
                    raise Stale(f"{name}: another revision")
        self._check_unique(changes)

    def _check_unique(self, changes: Changes) -> None:
        """Refuse what an index would refuse, at the moment of each write and not at the end of all."""
        for name, indexes in _UNIQUE.items():
            written = [*changes.inserts.get(name, ()), *(row for _, row in changes.replaces.get(name, ()))]
            for index in indexes if written else ():
                rows = {key: _looked_into(raw) for key, raw in self.rows.get(name, {}).items()}
                keys = {key: _key(index, row) for key, row in rows.items()}
                for row in written:
                    mine = _key(index, row)
                    keys.pop(row["_id"], None)
                    if mine is not None and mine in keys.values():
                        raise Stale("duplicate key")
                    keys[row["_id"]] = mine

    def plain(self, name: str) -> "MemoryRows":
        """Return a collection, document by document."""
        return MemoryRows(self.rows.setdefault(name, {}), self._looked)


class MemoryRows:
    """A collection in memory that is read without looking at what its documents mean."""

    def __init__(self, rows: dict[str, bytes], looked: Callable[[], None]) -> None:
        self._rows = rows
        self._looked = looked

    async def find(
        self,
        query: dict[str, Any],
        *,
        sort: str | Sequence[str] = "_id",
        limit: int = 0,
        fields: Sequence[str] | None = None,
    ) -> list[Mapping[str, Any]]:
        """Return whole documents that match, by id; another task may run meanwhile."""
        assert sort in ("_id", "-_id", ("at", "_id")), "nothing here is read in another order"
        self._looked()
        rows = sorted(self._rows.items(), reverse=sort == "-_id")
        await asyncio.sleep(0)
        found = [row for row in (_looked_into(raw) for _, raw in rows) if _matches(row, query)]
        if not isinstance(sort, str):
            found.sort(key=itemgetter(*sort))
        return found[:limit] if limit else found


_TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "$in": lambda value, given: value in given,
    "$ne": lambda value, given: value != given,
    "$gte": lambda value, given: value is not None and value >= given,
    "$gt": lambda value, given: value is not None and value > given,
    "$lt": lambda value, given: value is not None and value < given,
}


def _matches(row: Mapping[str, Any], query: Mapping[str, Any]) -> bool:
    either = query.get("$or")
    if either is not None and not any(_matches(row, one) for one in either):
        return False
    return all(
        all(_TESTS[test](row.get(name), given) for test, given in wanted.items())
        if isinstance(wanted, Mapping)
        else row.get(name) == wanted
        for name, wanted in query.items()
        if name != "$or"
    )


def _key(index: Index, row: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Return what a document is known by in an index; None when it is not in it."""
    if not _matches(row, index.only):
        return None
    return (row["community"], *(_part(row, name.split(".")) for name in index.fields))


def _part(row: Any, names: Sequence[str]) -> Any:
    for name in names:
        row = row.get(name) if row is not None else None
    return row


@lru_cache(maxsize=8_192)
def _looked_into(raw: bytes) -> Mapping[str, Any]:
    """Return a document to look at, not to keep: the same bytes are read once."""
    return _decoded(raw)


def _decoded(raw: bytes) -> dict[str, Any]:
    return bson.decode(raw, _OPTIONS)


def _comparable(changes: Changes) -> Any:
    inserts = {
        name: [bson.encode(document) for document in documents]
        for name, documents in changes.inserts.items()
        if name not in _MADE_ANEW
    }
    replaces = {
        name: [(revision, bson.encode(document)) for revision, document in rows]
        for name, rows in changes.replaces.items()
    }
    return inserts, replaces
