"""The store in memory finds out a decision that draws or counts, and accuses no other."""

import pytest

from services.chassis.changes import Changes
from services.chassis.failures import Stale
from tests.stores.things import ref
from tests.support.documents import MemoryDocuments


def _changes(*rows: tuple[str, int]) -> Changes:
    changes = Changes()
    for key, count in rows:
        changes.insert("things", {"_id": f"here/{key}", "community": "here", "count": count, "_rev": 1})
    return changes


async def _refused(store: MemoryDocuments, changes: Changes) -> None:
    with pytest.raises(Stale):
        await store.commit(changes)


async def test_the_same_decision_on_the_same_documents_is_written_at_the_second_try() -> None:
    store = MemoryDocuments()
    for attempt in range(2):
        await store.load([ref("one", "here")])
        if not attempt:
            await _refused(store, _changes(("one", 1)))
    await store.commit(_changes(("one", 1)))
    assert list(store.rows["things"]) == ["here/one"]


async def test_a_decision_that_draws_is_found_out() -> None:
    store = MemoryDocuments()
    await store.load([ref("one", "here")])
    await _refused(store, _changes(("one", 1)))
    await store.load([ref("one", "here")])
    with pytest.raises(AssertionError, match="came out differently"):
        await store.commit(_changes(("one", 2)))


async def test_the_half_of_a_batch_is_not_compared_with_the_whole() -> None:
    store = MemoryDocuments()
    await store.load([ref("one", "here"), ref("two", "here")])
    await _refused(store, _changes(("one", 1), ("two", 2)))
    await store.load([ref("one", "here")])
    await store.commit(_changes(("one", 1)))
    assert list(store.rows["things"]) == ["here/one"]
