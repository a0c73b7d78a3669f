"""Values that seldom change, held in memory: decoded once, and only their revision is asked for."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.chassis.documents import Versioned

HELD_MAX = 2_000
"""Values of one collection; the least used makes room."""


class HeldValues:
    """What was read of one collection, by key."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, Versioned[Any]] = OrderedDict()

    def changed(self, revisions: Mapping[str, int]) -> list[str]:
        """Return of which keys another revision is held, or none.

        Arguments:
            revisions: key → the one that the database has.
        """
        held = self._held
        return [key for key, now in revisions.items() if key not in held or held[key].revision != now]

    def put(self, found: Mapping[str, Versioned[Any]]) -> None:
        """Hold what was read."""
        self._held.update(found)

    def of(self, keys: Mapping[str, object]) -> dict[str, Versioned[Any]]:
        """Return what is held of keys, each for its reader alone."""
        found = {key: replace(self._held[key]) for key in keys if key in self._held}
        for key in found:
            self._held.move_to_end(key)
        while len(self._held) > HELD_MAX:
            self._held.popitem(last=False)
        return found
