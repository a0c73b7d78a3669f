"""Several things at the same time."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from services.chassis.failures import Away

T = TypeVar("T")


async def all_of(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do all of them at the same time; return what they return, in their order.

    Raises:
        Exception: what one of them raised, once all have come to their end; `Away` only where nothing else
            went wrong, since that is tried again.
    """
    answers: list[T] = []
    failures: list[BaseException] = []
    for outcome in await asyncio.gather(*works, return_exceptions=True):
        if isinstance(outcome, BaseException):
            failures.append(outcome)
        else:
            answers.append(outcome)
    if failures:
        raise next((failure for failure in failures if not isinstance(failure, Away)), failures[0])
    return answers
