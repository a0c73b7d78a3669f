"""The pace: nothing waits after a pause, and a stream is gathered."""

import asyncio
from itertools import pairwise
from time import monotonic

from services.chassis.interval import BatchInterval


async def test_what_comes_after_a_pause_is_done_at_once() -> None:
    pace = BatchInterval(5.0)
    began = monotonic()
    await pace.keep()
    assert monotonic() - began < 1.0


async def test_the_next_batch_begins_no_sooner_than_the_pace_allows() -> None:
    pace = BatchInterval(0.05)
    beginnings = []
    for _ in range(4):
        await pace.keep()
        beginnings.append(monotonic())
    assert all(later - earlier >= 0.045 for earlier, later in pairwise(beginnings))


async def test_without_a_pace_there_is_still_a_turn_for_others() -> None:
    seen: list[str] = []
    asyncio.get_running_loop().call_soon(seen.append, "others")
    await BatchInterval(0.0).keep()
    assert seen == ["others"]
