"""A task that is told to end ends, whatever a client library makes of the cancellation."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from pymongo.errors import AutoReconnect

from services.chassis.bus import broker_failures_named
from services.chassis.failures import Away, cancellation_heeded
from services.chassis.mongo_answers import failures_named
from services.chassis.supervision import Broken, PeriodicJob, Supervisor

Call = Callable[[], Awaitable[object]]


async def answers_all_the_same() -> str:
    """Be told to end and return an answer, as asyncio.wait_for of Python 3.11 may."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        return "the answer"
    return "late"


async def fails_by_itself() -> None:
    """Be told to end and raise an error of one's own, as clients of the broker do."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        raise ConnectionError("closed") from None


async def fails_in_the_driver() -> None:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        raise AutoReconnect("closed") from None


async def passes_it_on() -> None:
    await asyncio.sleep(60)


SWALLOWING = (answers_all_the_same, fails_by_itself, fails_in_the_driver, passes_it_on)


async def goes_on_until_told(call: Call, rounds: list[str]) -> None:
    """Ask again and again as our loops do: what is away is asked again."""
    while True:
        rounds.append("asked")
        try:
            with broker_failures_named(), failures_named():
                await call()
        except Away:
            await asyncio.sleep(0)


@pytest.mark.parametrize("call", SWALLOWING)
async def test_a_loop_ends_at_the_first_time_it_is_told(call: Call) -> None:
    rounds: list[str] = []
    task = asyncio.create_task(goes_on_until_told(call, rounds))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait({task}, timeout=1)
    assert task.cancelled()
    assert rounds == ["asked"]


@pytest.mark.parametrize("call", SWALLOWING)
async def test_a_chore_ends_at_the_first_time_it_is_told(call: Call) -> None:
    broken: list[Broken] = []
    task = Supervisor("points", broken.append).repeat(PeriodicJob("swallows", call, 0.001))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait({task}, timeout=1)
    assert task.cancelled()


@pytest.mark.parametrize("call", SWALLOWING)
async def test_a_time_limit_around_a_call_says_that_the_time_is_over(call: Call) -> None:
    async def within_its_time() -> None:
        async with asyncio.timeout(0.01):
            with broker_failures_named(), failures_named():
                await call()

    with pytest.raises(TimeoutError):
        await within_its_time()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_cancellation_that_nobody_asked_for_is_no_end() -> None:
    with pytest.raises(Away, match="given up"), cancellation_heeded("given up"):
        raise asyncio.CancelledError


async def test_what_is_done_on_the_way_out_is_told_of_its_own_failures_only() -> None:
    said: list[object] = []

    async def cleans_up() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            try:
                with broker_failures_named():
                    raise ConnectionError("the goodbye failed")
            except Away as away:
                said.append(str(away))
            with broker_failures_named():
                said.append("done")

    task = asyncio.create_task(cleans_up())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task}, timeout=1)
    assert task.cancelled()
    assert said == ["rabbitmq: ConnectionError", "done"]
