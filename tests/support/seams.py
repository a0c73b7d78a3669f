"""Every call that the chassis makes to driver and broker, by its loop; one of them can be made to fail."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import aio_pika
import aiormq.channel
import pytest
from aiormq.exceptions import AMQPError
from motor import core, motor_asyncio
from pymongo.errors import AutoReconnect, NetworkTimeout, OperationFailure

from services.chassis.runner import ServiceProcess
from services.chassis.supervision import Supervisor

LOOP: ContextVar[str] = ContextVar("loop", default="other")
"""Whose call it is: the task's name, or what the task comes from."""
THE_TEST = "the test"
UNLISTED_CODE = 8_000
GIVEN_UP = "abort_transaction"
KINDS = ("away", "odd", "late", "cancelled", "slow")

_DATABASE: dict[Any, tuple[str, ...]] = {
    motor_asyncio.AsyncIOMotorCollection: (
        "insert_many",
        "bulk_write",
        "update_many",
        "delete_many",
        "find_one_and_update",
        "count_documents",
        "create_index",
        "create_indexes",
    ),
    motor_asyncio.AsyncIOMotorDatabase: ("list_collection_names", "create_collection", "command"),
    motor_asyncio.AsyncIOMotorCursor: ("to_list",),
    motor_asyncio.AsyncIOMotorClient: ("start_session",),
    motor_asyncio.AsyncIOMotorClientSession: ("commit_transaction", "abort_transaction"),
    core.AgnosticLatentCommandCursor: ("to_list",),
}
_BROKER: dict[Any, tuple[str, ...]] = {
    aio_pika.Channel: ("initialize", "set_qos", "declare_exchange", "declare_queue", "close"),
    aio_pika.Exchange: ("publish",),
    aio_pika.Queue: ("bind", "consume", "cancel"),
    aiormq.channel.Channel: ("basic_ack",),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """The n-th call at a seam that fails, and how.

    Arguments:
        seam: loop and call, as `intake.relay publish`.
        number: counted from one.
        kind: away: it was not done · odd: an answer nobody knows · late: done, but the answer never came ·
            cancelled: the driver gave it up · slow: done, after longer than any time-out ·
            lost: not done, though the answer says so.
    """

    seam: str
    number: int
    kind: str

    def __str__(self) -> str:
        return f"{self.seam} #{self.number} {self.kind}"


@dataclass
class Seams:
    """Counts every crossing, and lets one of them fail.

    Arguments:
        slow_seconds: longer than any time-out of the deployment.
    """

    slow_seconds: float
    counts: Counter[str] = field(default_factory=Counter)
    fault: Fault | None = None
    struck: bool = False
    provoked: bool = False

    @property
    def is_over(self) -> bool:
        """Return whether the fault has happened, or there is none."""
        return self.fault is None or self.struck

    def arm(self, fault: Fault | None) -> None:
        """Count anew, and let the fault happen when its number comes."""
        self.counts.clear()
        self.fault, self.struck, self.provoked = fault, False, False

    async def cross(self, call: str, is_database: bool, do: Callable[[], Awaitable[Any]]) -> Any:
        """Make a call, unless it is the one that fails."""
        task = asyncio.current_task()
        name = task.get_name() if task else ""
        loop = name if name.endswith(".reader") else LOOP.get()
        if loop == THE_TEST:
            return await do()
        seam = f"{loop} {call}"
        self.counts[seam] += 1
        fault = self.fault
        if fault is not None and self._provokes(fault, loop, call):
            raise OperationFailure("odd", UNLISTED_CODE)
        if fault is None or self.struck or fault.seam != seam or self.counts[seam] < fault.number:
            return await do()
        self.struck = True
        return await self._strike(fault.kind, is_database, do)

    def _provokes(self, fault: Fault, loop: str, call: str) -> bool:
        """A transaction is only given up when something in it fails: so that comes first, once."""
        wanted = fault.seam == f"{loop} {GIVEN_UP}" and call in {"insert_many", "bulk_write"}
        if not wanted or self.provoked:
            return False
        self.provoked = True
        return True

    async def _strike(self, kind: str, is_database: bool, do: Callable[[], Awaitable[Any]]) -> Any:
        if kind == "away":
            raise AutoReconnect("away") if is_database else ConnectionResetError("away")
        if kind == "odd":
            raise OperationFailure("odd", UNLISTED_CODE) if is_database else AMQPError("odd")
        if kind == "cancelled":
            raise asyncio.CancelledError
        if kind == "lost":
            return None
        if kind == "slow":
            await asyncio.sleep(self.slow_seconds)
            return await do()
        await do()
        raise NetworkTimeout("late") if is_database else TimeoutError("late")


@contextmanager
def seams(slow_seconds: float) -> Iterator[Seams]:
    """Put a seam at every call of driver and client."""
    found = Seams(slow_seconds)
    with pytest.MonkeyPatch.context() as patch:
        for calls, is_database in ((_DATABASE, True), (_BROKER, False)):
            for owner, names in calls.items():
                for name in names:
                    call = "to_list of an aggregate" if owner is core.AgnosticLatentCommandCursor else name
                    patch.setattr(owner, name, _seam(found, getattr(owner, name), call, is_database))
        patch.setattr(aio_pika, "connect", _seam_of_function(found, aio_pika.connect))
        _name_loops(patch)
        yield found


def _seam(found: Seams, original: Any, call: str, is_database: bool) -> Any:
    def crossing(self: Any, *words: Any, **named: Any) -> Any:
        return found.cross(call, is_database, lambda: original(self, *words, **named))

    return crossing


def _seam_of_function(found: Seams, original: Any) -> Any:
    def crossing(*words: Any, **named: Any) -> Any:
        return found.cross("connect", False, lambda: original(*words, **named))

    return crossing


def _name_loops(patch: pytest.MonkeyPatch) -> None:
    """Let every task know which loop it comes from."""
    keep, repeat = Supervisor._keep, Supervisor._repeat
    prepare, listen, stop = ServiceProcess._prepare, ServiceProcess._listen, ServiceProcess.stop

    async def kept(self: Supervisor, name: str, run: Any) -> None:
        LOOP.set(f"{self.service}.{name}")
        await keep(self, name, run)

    async def repeated(self: Supervisor, chore: Any) -> None:
        LOOP.set(f"{self.service}.{chore.name}")
        await repeat(self, chore)

    def told(name: str, original: Any) -> Any:
        async def named(self: ServiceProcess, *words: Any) -> None:
            before = LOOP.set(name)
            try:
                await original(self, *words)
            finally:
                LOOP.reset(before)

        return named

    patch.setattr(Supervisor, "_keep", kept)
    patch.setattr(Supervisor, "_repeat", repeated)
    patch.setattr(ServiceProcess, "_prepare", told("start", prepare))
    patch.setattr(ServiceProcess, "_listen", told("door", listen))
    patch.setattr(ServiceProcess, "stop", told("stop", stop))
