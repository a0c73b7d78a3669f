"""What the database answers: an answer nobody knows means "try again", never "this document is bad"."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    WTimeoutError,
)

from services.chassis.batches import DOCUMENTS_MAX, Batches
from services.chassis.changes import Changes
from services.chassis.clock import now
from services.chassis.documents import Ref, Versioned
from services.chassis.failures import Away, Stale, TooSlow, Unwritable
from services.chassis.mongo import Store
from services.chassis.mongo_answers import failures_named
from services.chassis.work import UnitOfWork, Work
from tests.stores.things import ORIGIN, Nobody, Thing, counted_up, ref

ODD = (13, 18, 43, 50, 134, 251, 11601, 14031, 8_000, 99_999)


def named(error: BaseException, *, writing: bool) -> type[BaseException]:
    """Return what an error of the driver is to us."""
    with pytest.raises(Exception) as found, failures_named(writing=writing):  # noqa: PT011 - which one is the question
        raise error
    return found.type


@pytest.mark.parametrize("writing", [False, True], ids=["reading", "writing"])
@pytest.mark.parametrize("code", ODD)
async def test_a_code_that_nobody_knows_is_tried_again(code: int, writing: bool) -> None:
    assert named(OperationFailure("odd", code), writing=writing) is Away


@pytest.mark.parametrize("code", [2, 121, 10334])
async def test_only_in_its_own_write_a_document_can_be_bad(code: int) -> None:
    assert named(OperationFailure("bad", code), writing=True) is Unwritable
    assert named(OperationFailure("bad", code), writing=False) is Away


def bulk(*codes: int) -> BulkWriteError:
    return BulkWriteError({"writeErrors": [{"code": code} for code in codes], "writeConcernErrors": []})


async def test_of_several_writes_an_unknown_code_says_nothing_about_the_documents() -> None:
    assert named(bulk(11601), writing=True) is Away
    assert named(bulk(11000, 11601), writing=True) is Stale
    assert named(bulk(121), writing=True) is Unwritable
    assert named(bulk(), writing=True) is Away  # a write concern that failed


@pytest.mark.parametrize("error", [NetworkTimeout("t"), ExecutionTimeout("t", 50), WTimeoutError("t")])
async def test_an_answer_that_came_too_late_is_told_from_one_that_never_will(error: Exception) -> None:
    assert named(error, writing=True) is TooSlow
    assert named(AutoReconnect("a"), writing=True) is Away


async def test_a_call_that_the_driver_gives_up_is_no_order_to_stop() -> None:
    with pytest.raises(Away), failures_named():
        raise asyncio.CancelledError


async def test_whoever_is_told_to_stop_stops() -> None:
    async def waits() -> None:
        with failures_named():
            await asyncio.sleep(60)

    task = asyncio.create_task(waits())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


class Documents:
    """Keeps nothing; counts what it is asked to write, and is too slow for more than it can."""

    def __init__(self, most: int = 1_000_000) -> None:
        self.most = most
        self.written: list[int] = []
        self.refused: list[int] = []

    async def load(self, refs: Any) -> dict[Ref[Any], Versioned[Any]]:
        """Return that nothing is there."""
        return {where: Versioned(None) for where in refs}

    async def commit(self, changes: Changes) -> None:
        """Take it, or be too slow."""
        if changes.documents > self.most:
            self.refused.append(changes.documents)
            raise TooSlow("mongodb: NetworkTimeout")
        self.written.append(changes.documents)


def writes(count: int, name: str) -> Work[int]:
    """Return a work that writes many documents."""

    def decide(uow: UnitOfWork) -> int:
        for n in range(count):
            uow.put(ref(f"{name}-{n}"), Thing(f"{name}-{n}"))
        return count

    return Work(ORIGIN, (), decide)


async def test_a_batch_is_bounded_by_what_it_writes() -> None:
    documents = Documents()
    works = [writes(900, f"w{n}") for n in range(7)]
    assert await Batches(documents, Nobody(), 2, now).run(works) == [900] * 7
    assert max(documents.written) <= DOCUMENTS_MAX
    assert sum(documents.written) == 6_300


async def test_a_batch_that_took_too_long_is_halved_at_the_first_time_out() -> None:
    documents = Documents(most=8)
    batches = Batches(documents, Nobody(), 2, now)
    works = [writes(1, f"w{n}") for n in range(32)]
    for _ in range(10):
        try:
            outcomes = await batches.run(works)
        except TooSlow:
            continue
        break
    assert outcomes == [1] * 32
    assert documents.refused == [32, 16]  # two time-outs, not one for every attempt
    while len(documents.refused) == 2:  # it grows again, step by step, and learns its measure anew
        with suppress(TooSlow):
            await batches.run(works)
    assert 8 < documents.refused[2] < 16


async def test_the_oldest_open_call_is_known(store: Store) -> None:
    assert store.oldest_call_seconds == 0.0
    calls = store._calls
    with calls.named():
        await asyncio.sleep(0.02)
        with calls.named():
            assert store.oldest_call_seconds >= 0.02
    assert store.oldest_call_seconds == 0.0
    assert await Batches(store, Nobody(), 2, now).run([counted_up("a")]) == [1]
