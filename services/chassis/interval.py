"""The pace of batches: what comes alone is done at once, what comes in a stream is gathered for a moment.

A transaction costs nearly the same for one work as for fifty, so under load a batch waits until a little
time has passed since the one before it began: the more was in that one, the longer. After a pause, and where
works come one by one, nothing waits.
"""

import asyncio
from time import monotonic

MANY = 8
"""After a batch of so many works the whole interval is kept; after a smaller one its share."""

FULL_SHARE = 0.1
"""Of the interval, after a full batch."""


class BatchInterval:
    """Keeps the beginnings of batches apart.

    Arguments:
        seconds: between two of them, at least, while many works come.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began = 0.0
        self._share = 1.0

    async def keep(self) -> None:
        """Return when the next batch may begin."""
        # One turn of the loop at least, which lets in what has already arrived.
        await asyncio.sleep(max(0.0, self._began + self._seconds * self._share - monotonic()))
        self._began = monotonic()

    def took(self, works: float, *, full: bool = False) -> None:
        """Say how many works are in the batch that begins now.

        Arguments:
            full: no more fits into one, so the next need not be gathered for longer than it takes to come.
        """
        self._share = FULL_SHARE if full else min(1.0, works / MANY)
