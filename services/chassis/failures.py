"""What can go wrong below the rules, classed by what helps.

Away            a server does not answer, or answers what nobody expected: wait, then do the same again
  TooSlow       … within the time it has: the same in smaller portions may be answered
Stale           somebody else was faster: load and decide again
Unwritable      this document can never be written: try the others without it
NotYet          what this message needs has not arrived: try it again later
"""


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
