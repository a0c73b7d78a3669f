"""Reads what can be dear to read in a thread of its own, so that the loop goes on answering meanwhile."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from services.chassis.write_queue import TooManyWaiting

T = TypeVar("T")
WAITING_MAX = 8
"""Bodies that may wait or be read at the same time; each has up to 2 MB."""


class Readers:
    """One thread: several would only take the interpreter from each other, and from the loop."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")
        self._waiting = 0

    async def read(self, how: Callable[[bytes, str], T], raw: bytes, community: str) -> T:
        """Return what a body says.

        Arguments:
            how: reads it; may raise a refusal.
            raw: as it was sent.
            community: in whose address it was sent.

        Raises:
            TooManyWaiting: others wait already.
        """
        if self._waiting >= WAITING_MAX:
            raise TooManyWaiting
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, how, raw, community)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Begin nothing more; what is being read is read to its end."""
        self._thread.shutdown(wait=False, cancel_futures=True)
