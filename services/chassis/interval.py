"""The pace of batches: what comes alone is done at once, what comes in a stream is gathered for a moment.

A transaction costs nearly the same for one work as for fifty, so under load a batch waits until a little
time has passed since the one before it began. After a pause nothing waits.
"""

import asyncio
from time import monotonic


class BatchInterval:
    """Keeps the beginnings of batches apart.

    Arguments:
        seconds: between two of them, at least.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began = 0.0

    async def keep(self) -> None:
        """Return when the next batch may begin."""
        # One turn of the loop at least, which lets in what has already arrived.
        await asyncio.sleep(max(0.0, self._began + self._seconds - monotonic()))
        self._began = monotonic()
