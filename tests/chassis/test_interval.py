"""The batch interval: nothing waits after a pause, and a stream is gathered."""

import asyncio
from itertools import pairwise

import pytest

from services.chassis import interval
from services.chassis.interval import BatchInterval


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock of the test's own, in seconds: sleeping moves it, and nothing else does."""
    seconds = [1_000.0]

    async def sleep(wait: float) -> None:
        seconds[0] += wait

    monkeypatch.setattr(interval, "monotonic", lambda: seconds[0])
    monkeypatch.setattr("services.chassis.interval.asyncio.sleep", sleep)
    return seconds


async def test_what_comes_after_a_pause_is_done_at_once(clock: list[float]) -> None:
    batches = BatchInterval(5.0)
    await batches.keep()
    clock[0] += 60
    began = clock[0]
    await batches.keep()
    assert clock[0] == began


async def test_batches_of_a_stream_begin_just_so_far_apart(clock: list[float]) -> None:
    batches, beginnings = BatchInterval(0.05), []
    for _ in range(4):
        await batches.keep()
        beginnings.append(clock[0])
        clock[0] += 0.02  # the batch itself counts
    assert [later - earlier for earlier, later in pairwise(beginnings)] == pytest.approx([0.05] * 3)


async def test_after_a_batch_of_few_the_next_begins_the_sooner(clock: list[float]) -> None:
    batches, waits = BatchInterval(0.8), []
    for works in (1, 4, 8, 50):
        await batches.keep()
        batches.took(works)
        began = clock[0]
        await batches.keep()
        waits.append(clock[0] - began)
        clock[0] += 60
    assert waits == pytest.approx([0.1, 0.4, 0.8, 0.8])


async def test_after_a_full_batch_the_next_is_hardly_waited_for(clock: list[float]) -> None:
    batches = BatchInterval(0.8)
    await batches.keep()
    batches.took(200, full=True)
    began = clock[0]
    await batches.keep()
    assert clock[0] - began == pytest.approx(0.08)


async def test_without_an_interval_there_is_still_a_turn_for_others() -> None:
    seen: list[str] = []
    asyncio.get_running_loop().call_soon(seen.append, "others")
    await BatchInterval(0.0).keep()
    assert seen == ["others"]
