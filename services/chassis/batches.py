"""Load, decide, save and announce: many works at once, in one transaction."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from random import random
from time import monotonic
from typing import Any, Protocol, TypeVar

from services.chassis.changes import Changes
from services.chassis.documents import Ref, Versioned, to_document
from services.chassis.failures import Stale, TooSlow, Unwritable
from services.chassis.outbox import OutboxRow, outbox_rows_of
from services.chassis.work import NotRead, UnitOfWork, Values, Work
from services.contracts.envelope import Envelope

A = TypeVar("A")

STALE_ATTEMPTS_MAX = 12
"""Tries of a batch that other writers overtook (optimistic locking), each a little later than the last."""
DOCUMENTS_MAX = 2_000
"""Written in one transaction at most; works that want more together are parted. A transaction of two thousand
small documents takes about a tenth of the ten seconds after which the server gives one up."""
WORKS_MAX = 4_096
LONG_SECONDS = 3.0
"""A transaction that took so long and was then given up is not tried again as it is, but in halves."""
TURN_SECONDS = 0.02
"""So long at a time the loop may be kept by what is reckoned ahead."""
LOADS_MAX = 4
"""How often a work may name more to be read, from what it has read so far."""
_STALE_SLEEP_SECONDS = 0.004


class _TooMuch(Exception):
    """The works together write more than one transaction should."""


class Documents(Protocol):
    """Where values are loaded from and written to."""

    async def load(self, refs: Iterable[Ref[Any]]) -> dict[Ref[Any], Versioned[Any]]: ...

    async def commit(self, changes: Changes) -> None: ...


class AfterCommit(Protocol):
    """Who publishes what was committed."""

    def hand_over(self, outbox_rows: Sequence[OutboxRow]) -> None: ...


class Batches:
    """Runs works together.

    Arguments:
        documents: the service's store.
        relay: gets the announcements once they are committed.
        partitions: of the bus, to address the announcements.
        clock: the moment of each batch.
    """

    def __init__(
        self, documents: Documents, relay: AfterCommit, partitions: int, clock: Callable[[], datetime]
    ) -> None:
        self._documents = documents
        self._relay = relay
        self._partitions = partitions
        self._clock = clock
        self._works_max = WORKS_MAX
        """Works in one transaction: halved when one was answered too late, a few more after one in time."""

    async def run(self, works: Sequence[Work[A]]) -> list[A | Exception]:
        """Decide each work in turn and commit all of them together.

        Returns:
            for each work, in order, its answer or the exception its decision raised; a work that raised
            has changed nothing. A batch that cannot be written is split until the culprit stands alone, one
            that writes too much or takes too long until its parts do not.

        Raises:
            TooSlow: the database did not answer in time; the same again is run in smaller portions.
            Away: the database does not answer; whether it was written is unknown, so run it again.
        """
        if len(works) > self._works_max:
            portions = [works[n : n + self._works_max] for n in range(0, len(works), self._works_max)]
            return [outcome for portion in portions for outcome in await self.run(portion)]
        last: Exception
        for attempt in range(STALE_ATTEMPTS_MAX):
            began = monotonic()
            try:
                outcomes = await self._run_once(works)
            except Stale as stale:
                last = stale
                if monotonic() - began > LONG_SECONDS:
                    break
                await asyncio.sleep(_STALE_SLEEP_SECONDS * (attempt + 1) * random())  # noqa: S311 - spreads writers out, hides nothing
            except (Unwritable, _TooMuch) as culprit:
                last = culprit
                break
            except TooSlow:
                self._works_max = max(1, len(works) // 2)
                raise
            else:
                self._works_max = min(WORKS_MAX, self._works_max + 1 + self._works_max // 16)
                return await self._again_alone(works, outcomes)
        if len(works) == 1:
            return [last]
        middle = len(works) // 2
        return [*await self.run(works[:middle]), *await self.run(works[middle:])]

    async def _again_alone(
        self, works: Sequence[Work[A]], outcomes: list[A | Exception]
    ) -> list[A | Exception]:
        """Decide those again by themselves that came to need what they had not named.

        What else a work reads it says by what is loaded; an earlier one of its batch may have changed that.
        """
        if len(works) > 1:
            for number, outcome in enumerate(outcomes):
                if isinstance(outcome, NotRead):
                    (outcomes[number],) = await self.run([works[number]])
        return outcomes

    async def _run_once(self, works: Sequence[Work[A]]) -> list[A | Exception]:
        await _look_ahead(works)
        at = self._clock()
        loaded = await self._documents.load(ref for work in works for ref in work.reads)
        await self._load_rest(works, loaded, at)
        values: Values = dict(loaded)
        said: list[Envelope] = []
        outcomes = [_decide(work, values, said, at) for work in works]
        changes = _changes(loaded, values)
        outbox_rows = outbox_rows_of(said, self._partitions, at)
        for outbox_row in outbox_rows:
            changes.insert("outbox", outbox_row.to_document())
        if changes.documents > DOCUMENTS_MAX and len(works) > 1:
            raise _TooMuch
        if changes:
            await self._documents.commit(changes)
            self._relay.hand_over(outbox_rows)
        return outcomes

    async def _load_rest(self, works: Sequence[Work[A]], loaded: Values, at: datetime) -> None:
        """Load what becomes known only from what is loaded, until nothing more does."""
        asking = [(work, work.more_reads) for work in works if work.more_reads is not None]
        for _ in range(LOADS_MAX if asking else 0):
            rest = [
                ref
                for work, more_reads in asking
                for ref in more_reads(UnitOfWork(work.origin, at, loaded))
                if ref not in loaded
            ]
            if not rest:
                return
            loaded.update(await self._documents.load(rest))


async def _look_ahead(works: Sequence[Work[Any]]) -> None:
    """Take each step for all works; long texts may take a while, so others have their turn now and then."""
    began = monotonic()
    for step in range(max((len(work.ahead) for work in works), default=0)):
        for work in works:
            if step < len(work.ahead):
                work.ahead[step]()
                if monotonic() - began > TURN_SECONDS:
                    await asyncio.sleep(0)
                    began = monotonic()


def _decide(work: Work[A], values: Values, said: list[Envelope], at: datetime) -> A | Exception:
    """Run one decision on what the earlier ones left; a decision that raises leaves nothing."""
    uow = UnitOfWork(work.origin, at, values)
    try:
        answer = work.decide(uow)
    except Exception as error:  # noqa: BLE001 - the caller tells refusals from faults
        return error
    values.update(uow.changes)
    said.extend(uow.said)
    return answer


def _changes(loaded: Values, values: Values) -> Changes:
    changes = Changes()
    for ref, kept in values.items():
        before = loaded.get(ref)
        if kept is before:
            continue
        if before is None or before.revision == 0:
            changes.insert(ref.collection.name, to_document(ref, kept))
        else:
            changes.replace(ref.collection.name, before.revision, to_document(ref, kept))
    return changes
