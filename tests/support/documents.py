"""A store in memory, meaner than the real one: everything is decided twice, and must come out equal."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import bson
from bson.codec_options import CodecOptions

from services.chassis.failures import Stale
from services.chassis.mongo import Changes
from services.chassis.shelf import Due, Kept, Ref, Shelf, from_document

_OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
_MADE_ANEW = frozenset({"outbox", "notices"})
"""Collections whose ids come from the announcement's, which is another at every try."""


class MemoryDocuments:
    """Keeps documents as bytes, so that nobody can change one by holding on to it.

    The first commit of every batch is refused as stale. When nothing else was written in between, the
    second must bring the very same documents: a decision that counts, draws or remembers is found out.
    """

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, bytes]] = {}
        self.commits = 0
        self._first: WeakKeyDictionary[asyncio.Task[Any], tuple[int, Any]] = WeakKeyDictionary()
        self._seen: WeakKeyDictionary[asyncio.Task[Any], int] = WeakKeyDictionary()

    async def load(self, refs: Iterable[Ref[Any]]) -> dict[Ref[Any], Kept[Any]]:
        """Return what is kept; another task may run meanwhile, as with a real database."""
        wanted = list(refs)
        task = asyncio.current_task()
        assert task is not None
        self._seen.setdefault(task, self.commits)
        await asyncio.sleep(0)
        loaded: dict[Ref[Any], Kept[Any]] = {}
        for ref in wanted:
            raw = self.rows.get(ref.shelf.name, {}).get(ref.key)
            loaded[ref] = from_document(ref.shelf, _decoded(raw)) if raw else Kept(None)
        return loaded

    async def due(
        self, shelf: Shelf[Any], field: str, until: datetime, *, limit: int, after: Due | None = None
    ) -> list[Due]:
        """Return what is due in any community, oldest first."""
        rows = [_decoded(raw) for raw in self.rows.get(shelf.name, {}).values()]
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
        seen = self._seen.pop(task)
        first = self._first.pop(task, None)
        if first is None:
            self._first[task] = (seen, said)
            raise Stale("the first time is for practice")
        if first[0] == seen == self.commits:
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
