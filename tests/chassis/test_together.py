"""Several things at the same time: all come to their end, and what went wrong is told."""

import asyncio

import pytest

from services.chassis.failures import Away
from services.chassis.together import all_of


async def after(seconds: float, ended: list[str], outcome: str | Exception) -> str:
    """Return or raise something after a while."""
    await asyncio.sleep(seconds)
    ended.append(str(outcome))
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


async def test_answers_come_in_the_order_of_what_was_asked() -> None:
    ended: list[str] = []
    answers = await all_of([after(0.02, ended, "late"), after(0.0, ended, "soon")])
    assert answers == ["late", "soon"]
    assert ended == ["soon", "late"]


async def test_what_cannot_be_tried_again_is_told_before_what_can() -> None:
    ended: list[str] = []
    works = [
        after(0.0, ended, Away("away")),
        after(0.01, ended, ValueError("wrong")),
        after(0.02, ended, "x"),
    ]
    with pytest.raises(ValueError, match="wrong"):
        await all_of(works)
    assert ended == ["away", "wrong", "x"], "nothing is left running"


async def test_where_everything_is_away_it_is_away() -> None:
    with pytest.raises(Away, match="first"):
        await all_of([after(0.0, [], Away("first")), after(0.0, [], Away("second"))])


async def test_whoever_is_told_to_end_ends_all_of_it() -> None:
    ended: list[str] = []
    task = asyncio.create_task(all_of([after(60, ended, "never"), after(60, ended, "never")]))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task}, timeout=1)
    assert task.cancelled()
    assert ended == []
