"""Taking messages off the partitions that are ours: reading queues, and dealing them out among replicas."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol

import structlog
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import ChannelNotFoundEntity

from services.chassis import metrics
from services.chassis.bus import BrokerConnection, broker_failures_named, close_channel
from services.chassis.failures import Away
from services.chassis.inbound import ChannelLease, InboundBuffer
from services.chassis.members import Members, share_of

log = structlog.get_logger()

RECONNECT_SECONDS = 0.5
GOODBYE_SECONDS_MAX = 2.0
FINISH_SECONDS_MAX = 2.0
"""How long a partition that is let go in good order waits for what is in hand."""


@dataclass
class QueueConsumer:
    """Reads one queue into the inbound buffer until stopped, and comes back after every loss of the broker.

    Arguments:
        link: the consuming connection.
        queue: its name.
        inbound: takes the messages.
        prefetch: messages in hand at most.
        miss: told when the queue is not there; somebody else makes it again.
    """

    link: BrokerConnection
    queue: str
    inbound: InboundBuffer
    prefetch: int
    miss: Callable[[str], None]

    def __post_init__(self) -> None:
        self._stopping = asyncio.Event()
        self._at_once = False

    def stop(self, *, at_once: bool = False) -> None:
        """Ask `run` to let the queue go and end.

        Arguments:
            at_once: without waiting for what is in hand, which cannot be finished here.
        """
        self._at_once = self._at_once or at_once
        self._stopping.set()

    async def run(self) -> None:
        """Read until stopped."""
        while not self._stopping.is_set():
            try:
                with broker_failures_named(passing=ChannelNotFoundEntity):
                    await self._read_one_channel()
            except ChannelNotFoundEntity:
                self.miss(self.queue)
            except Away as away:
                log.warning("queue_lost", queue=self.queue, because=str(away))
            except Exception as error:
                metrics.LOOPS_FAILED.labels("", "reader").inc()
                log.error("reader_failed", queue=self.queue, exc_info=error)
            if not self._stopping.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(RECONNECT_SECONDS):
                        await self._stopping.wait()

    async def _read_one_channel(self) -> None:
        gone = asyncio.Event()
        opening = asyncio.create_task(self._open(gone))
        await _first_of(self._stopping.wait(), asyncio.wait({opening}))
        if not opening.done():
            # A queue that has just been made may take long to answer; whoever stops does not wait for it.
            opening.cancel()
            await asyncio.wait({opening})
            if opening.cancelled() or opening.exception() is not None:
                return
        lease, queue, tag = opening.result()
        try:
            await _first_of(gone.wait(), self._stopping.wait())
            if not lease.channel.is_closed and not gone.is_set() and not self._at_once:
                async with asyncio.timeout(GOODBYE_SECONDS_MAX):
                    await queue.cancel(tag)
        finally:
            # What was delivered and not acknowledged goes back to the broker with the channel.
            if lease.channel.is_closed or self._at_once:
                lease.open = False
            await self.inbound.release(lease, 0.0 if self._at_once else FINISH_SECONDS_MAX)
            await close_channel(lease.channel)

    async def _open(self, gone: asyncio.Event) -> tuple[ChannelLease, AbstractQueue, str]:
        channel = await self.link.channel()
        lease = ChannelLease(self.queue, channel)

        def cancelled(*_: object) -> None:
            """The broker took the queue from us: most likely it is not there any more."""
            self.miss(self.queue)
            gone.set()

        try:
            with broker_failures_named(passing=ChannelNotFoundEntity):
                await channel.set_qos(prefetch_count=self.prefetch, timeout=self.link.answer_seconds)
                queue = await channel.get_queue(self.queue, ensure=False)
                channel.close_callbacks.add(lambda *_: gone.set())
                underlay = await channel.get_underlay_channel()
                underlay.on_consumer_cancel_callbacks.add(cancelled)

                async def take(message: AbstractIncomingMessage) -> None:
                    self.inbound.put(lease, message)

                # A queue that has just been made may take long to answer.
                return lease, queue, await queue.consume(take, timeout=3 * self.link.answer_seconds)
        except BaseException:
            lease.open = False
            await self.inbound.release(lease, 0.0)
            await close_channel(channel)
            raise


async def _first_of(*awaited: Coroutine[Any, Any, object]) -> None:
    waits = [asyncio.create_task(each) for each in awaited]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


class Reader(Protocol):
    """Something that reads until it is stopped."""

    def stop(self, *, at_once: bool = False) -> None: ...

    async def run(self) -> None: ...


@dataclass
class Partitions:
    """Reads this replica's share of a service's partitions, and re-deals when replicas come and go.

    A replica that cannot work holds nothing: when it could not give its sign of life for as long as the
    others wait for one, or has a call to the database unanswered for so long, it lets go of everything.

    Arguments:
        service: label of the metrics.
        members: who else is there.
        count: of partitions.
        reader: makes the reader of a partition.
        silence_seconds: after which a replica counts as gone.
        oldest_call_seconds: for how long the oldest call to the database has not been answered.
    """

    service: str
    members: Members
    count: int
    reader: Callable[[int], Reader]
    silence_seconds: float
    oldest_call_seconds: Callable[[], float] = lambda: 0.0

    def __post_init__(self) -> None:
        self._running: dict[int, tuple[Reader, asyncio.Task[None]]] = {}
        self._stopping = asyncio.Event()
        self._signed_at = monotonic()
        self._names: tuple[str, ...] = ()

    @property
    def held(self) -> frozenset[int]:
        """Return the partitions that are read at this moment."""
        return frozenset(self._running)

    @property
    def living(self) -> int:
        """Return how many replicas there were at the last look, this one included."""
        return max(1, len(self._names))

    def is_first(self) -> bool:
        """Return whether this replica does what one of them has to do for all."""
        return bool(self._names) and min(self._names) == self.members.me

    async def run(self) -> None:
        """Keep reading our share until stopped, then finish what is in hand."""
        while not self._stopping.is_set():
            pause = await self._deal()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
        await self._let_go(self.held)
        with suppress(Away, TimeoutError):
            async with asyncio.timeout(self.silence_seconds):
                await self.members.leave()

    def stop(self) -> None:
        """Ask `run` to come to its end."""
        self._stopping.set()

    async def _deal(self) -> float:
        """Take and let go what the living replicas' shares ask for; return when to look again, in seconds."""
        mine = await self._share()
        if mine is None or self.oldest_call_seconds() > self.silence_seconds:
            if self.held:
                log.error("partitions_let_go", service=self.service, partitions=sorted(self.held))
            await self._let_go(self.held, at_once=True)
            mine = frozenset()
        await self._let_go(self.held - mine)
        for partition in sorted(mine - self.held):
            reader = self.reader(partition)
            task = asyncio.create_task(reader.run(), name=f"{self.service}.reader")
            self._running[partition] = (reader, task)
        metrics.PARTITIONS_HELD.labels(self.service).set(len(self._running))
        missed = monotonic() - self._signed_at > self.silence_seconds / 3
        return self.silence_seconds / (12 if missed else 3)

    async def _share(self) -> frozenset[int] | None:
        """Give the sign of life and return our share; what we hold while unknown, None after too long."""
        try:
            async with asyncio.timeout(self.silence_seconds / 6):
                living = await self.members.sign()
        except (Away, TimeoutError) as away:
            log.warning("members_unknown", service=self.service, because=str(away) or "no answer in time")
            silent = monotonic() - self._signed_at
            return self.held if silent <= self.silence_seconds else None
        self._signed_at = monotonic()
        self._names = tuple(living)
        return share_of(self.members.me, living, self.count)

    async def _let_go(self, partitions: frozenset[int], *, at_once: bool = False) -> None:
        leaving = [self._running.pop(partition) for partition in sorted(partitions)]
        for reader, _ in leaving:
            reader.stop(at_once=at_once)
        await asyncio.gather(*(task for _, task in leaving), return_exceptions=True)


async def queue_length(link: BrokerConnection, queues: Sequence[str]) -> int:
    """Return how many messages wait in the queues together.

    Raises:
        Away: the broker does not answer.
    """
    with broker_failures_named():
        channel = await link.channel()
        try:
            asked = [
                await channel.declare_queue(name, passive=True, timeout=link.answer_seconds)
                for name in queues
            ]
        finally:
            await close_channel(channel)
    return sum(queue.declaration_result.message_count or 0 for queue in asked)
