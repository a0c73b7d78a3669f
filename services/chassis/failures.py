"""What can go wrong below the rules, classed by what helps.

Away            a server does not answer: wait, then do the same again
Stale           somebody else was faster: load and decide again
Unwritable      this document can never be written: try the others without it
NotYet          what this message needs has not arrived: try it again later
"""


class Away(Exception):
    """The broker or the database does not answer; nothing is known to have failed."""


class Stale(Exception):
    """What was loaded has changed meanwhile; nothing was written."""


class Unwritable(Exception):
    """The database refuses this very document; nothing was written."""


class NotYet(Exception):
    """A message came before something it builds on; it is tried again later."""
