"""What can go wrong below the rules, classed by what helps.

Away            a server does not answer, or answers what nobody expected: wait, then do the same again
  TooSlow       … within the time it has: the same in smaller portions may be answered
Stale           somebody else was faster: load and decide again
Unwritable      this document can never be written: try the others without it
NotYet          what this message needs has not arrived: try it again later
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Away(Exception):
    """The broker or the database does not answer as it should; nothing is known to have failed."""


class TooSlow(Away):
    """The answer did not come in time; what was asked may have been done all the same."""


class Stale(Exception):
    """What was loaded has changed meanwhile; nothing was written."""


class Unwritable(Exception):
    """The database refuses this very document; nothing was written."""


class NotYet(Exception):
    """A message came before something it builds on; it is tried again later."""


@contextmanager
def cancellation_heeded(nobody_asked: str) -> Iterator[None]:
    """Tell a cancellation that somebody asked for from one that nobody did, whatever the client makes of it.

    Clients mix them up both ways. They cancel what waits for an answer when a connection goes, and the one
    who waits sees the exception of somebody who was told to end: that becomes `Away`. And told to end in the
    middle of a call they answer with an error of their own, or with the answer if it comes at the same moment
    (so does asyncio.wait_for in Python 3.11), and the task would never learn of it. It ends here.

    Arguments:
        nobody_asked: what the `Away` says.

    Raises:
        Away: the call was cancelled, but not by anybody who told the running task to end.
        CancelledError: the running task was told to end meanwhile.
    """
    task = asyncio.current_task()
    told_before = task.cancelling() if task else 0

    def told() -> bool:
        return task is not None and task.cancelling() > told_before

    try:
        yield
    except asyncio.CancelledError as error:
        if told():
            raise
        raise Away(nobody_asked) from error
    except Exception as error:
        if told():
            raise asyncio.CancelledError from error
        raise
    if told():
        raise asyncio.CancelledError
