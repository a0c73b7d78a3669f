"""What was heard of late: the ids of the parcels that a service has settled, by queue, in memory."""

from collections.abc import Iterable
from hashlib import blake2b

REMEMBERED_MAX = 20_000
"""Parcels remembered per queue. What is forgotten, as by a restart, is only said once more than needed."""


def digest(parcel: str) -> int:
    """Return 64 bits that stand for a parcel's id."""
    return int.from_bytes(blake2b(parcel.encode(), digest_size=8).digest(), "big")


class HandledIds:
    """Remembers settled parcels, the newest of every queue."""

    def __init__(self) -> None:
        self._by_queue: dict[str, dict[int, None]] = {}

    def add(self, queue: str, parcels: Iterable[str]) -> None:
        """Remember parcels; those without an id are none of a relay's."""
        known = self._by_queue.setdefault(queue, {})
        for parcel in parcels:
            if parcel:
                known[digest(parcel)] = None
        while len(known) > REMEMBERED_MAX:
            del known[next(iter(known))]

    def missing(self, queue: str, digests: Iterable[int]) -> list[int]:
        """Return which of the parcels were never settled from this queue, as far as is remembered."""
        known = self._by_queue.get(queue, {})
        return [each for each in digests if each not in known]
