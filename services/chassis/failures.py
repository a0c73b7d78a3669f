"""What can go wrong below the rules, classed by what helps.

Away            a server does not answer, or answers what nobody expected: wait, then do the same again
  TooSlow       … within the time it has: the same in smaller portions may be answered
Stale           somebody else was faster: load and decide again
Unwritable      this document can never be written: try the others without it
NotYet          what this message needs has not arrived: try it again later
"""

import asyncio


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


def asked_to_stop() -> bool:
    """Return whether the running task was told to end.

    A CancelledError alone does not say so: drivers cancel what waits for an answer when a connection goes,
    and the one who waits sees the same exception. Nobody told it to end; for it that is no answer.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
