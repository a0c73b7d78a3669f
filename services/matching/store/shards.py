"""Sharded counters: each process adds up in a document of its own, so that it rarely waits for another.

Records and the number of lessons are sums, and it does not matter who adds what. So each process adds to a
document of its own, a shard; who wants the sum adds the shards up. Within a process each door has its own,
as their batches run beside one another. Two processes that happen to use the same shard only get in each
other's way (the revision is checked in the write); the one that notices takes another.
"""

from collections import deque
from secrets import randbelow

from services.chassis.documents import Ref
from services.chassis.work import Origin, UnitOfWork
from services.contracts.words import Role
from services.matching.domain.workload import Tally
from services.matching.store.tallies import tally_ref

SHARDS = 32
"""Documents a community has at most for each kind of door; a handful of replicas rarely meet in one."""
REMEMBERED = 8
"""Shards used before in which a work may still be under way."""


class TallyShard:
    """The shard of a process."""

    def __init__(self) -> None:
        self._numbers: deque[int] = deque([randbelow(SHARDS)], REMEMBERED)

    def ref(self, origin: Origin) -> Ref[Tally]:
        """Return where a work adds up."""
        return _ref(origin, self._numbers[0])

    def found(self, uow: UnitOfWork) -> Ref[Tally]:
        """Return where this unit of work adds up: the shard it has read, if another is in use by now."""
        refs = [_ref(uow.origin, number) for number in self._numbers]
        return next((ref for ref in refs if uow.is_loaded(ref)), refs[0])

    def leave(self) -> None:
        """Take another shard: somebody else uses this one."""
        self._numbers.appendleft((self._numbers[0] + 1 + randbelow(SHARDS - 1)) % SHARDS)


def _ref(origin: Origin, number: int) -> Ref[Tally]:
    """Messages, jobs and requests each have a shard of their own."""
    door = "m" if origin.cause else "c" if origin.actor.role is Role.OPERATOR else "r"
    return tally_ref(origin.community, f"{door}{number:02d}")
