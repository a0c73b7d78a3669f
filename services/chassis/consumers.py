"""Taking messages off the partitions that are ours, in order, a batch at a time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError

from services.chassis import metrics
from services.chassis.bus import BROKER_ERRORS, Link
from services.chassis.failures import Away
from services.chassis.mailroom import Delivery
from services.chassis.members import Members, share_of
from services.chassis.pace import Pace

log = structlog.get_logger()

RECONNECT_SECONDS = 0.5
AWAY_SECONDS_MAX = 5.0
AWAY_SECONDS_MIN = 0.1
GOODBYE_SECONDS_MAX = 2.0
MESSAGES_AT_ONCE_MAX = 64

Handle = Callable[[Sequence[Delivery]], Awaitable[None]]


@dataclass(eq=False, slots=True)
class Hold:
    """One channel's messages: while it is open they may be worked on and acknowledged."""

    queue: str
    channel: AbstractChannel
    open: bool = True

    async def settle(self, message: AbstractIncomingMessage) -> None:
        """Acknowledge everything of this channel up to a message; a channel that is gone gave it back."""
        if self.open and not self.channel.is_closed:
            with suppress(*BROKER_ERRORS):
                await message.ack(multiple=True)


class Tray:
    """What a service has received and not yet settled, whichever partition it came from.

    All of a service's partitions are worked on together: one transaction for what is waiting in all of
    them costs little more than one for a single partition. They take turns, so that none starves.

    Arguments:
        handle: settles deliveries; while it raises Away the same deliveries are tried again.
        pace: of the batches.
    """

    def __init__(self, handle: Handle, pace: Pace) -> None:
        self._handle = handle
        self._pace = pace
        self._waiting: dict[Hold, deque[AbstractIncomingMessage]] = {}
        self._arrived = asyncio.Event()
        self._in_hand: set[Hold] = set()
        self._let_go = asyncio.Condition()
        self._stopping = asyncio.Event()

    def put(self, hold: Hold, message: AbstractIncomingMessage) -> None:
        """Take in a message."""
        self._waiting.setdefault(hold, deque()).append(message)
        self._arrived.set()

    async def release(self, hold: Hold) -> None:
        """Forget what waits of a channel, and return once nothing of it is in hand."""
        self._waiting.pop(hold, None)
        async with self._let_go:
            await self._let_go.wait_for(lambda: hold not in self._in_hand)
        hold.open = False

    async def run(self) -> None:
        """Settle what arrives, until stopped."""
        while not self._stopping.is_set():
            if self._waiting:
                await self._pace.keep()
                if taken := self._take():
                    await self._settle(taken)
                continue
            self._arrived.clear()
            await self._arrived.wait()

    def stop(self) -> None:
        """Ask `run` to finish what is in hand and end."""
        self._stopping.set()
        self._arrived.set()

    def _take(self) -> list[tuple[Hold, AbstractIncomingMessage]]:
        """Take from every channel in turn, each in its order."""
        taken: list[tuple[Hold, AbstractIncomingMessage]] = []
        while self._waiting and len(taken) < MESSAGES_AT_ONCE_MAX:
            for hold in list(self._waiting):
                queue = self._waiting[hold]
                taken.append((hold, queue.popleft()))
                if not queue:
                    del self._waiting[hold]
                if len(taken) >= MESSAGES_AT_ONCE_MAX:
                    break
        return taken

    async def _settle(self, taken: list[tuple[Hold, AbstractIncomingMessage]]) -> None:
        self._in_hand = {hold for hold, _ in taken}
        try:
            if await self._handled([_delivery(hold, message) for hold, message in taken]):
                for hold, last in dict(taken).items():
                    await hold.settle(last)
        finally:
            async with self._let_go:
                self._in_hand = set()
                self._let_go.notify_all()

    async def _handled(self, deliveries: list[Delivery]) -> bool:
        """Handle deliveries, however long broker or database are away; False when told to stop."""
        wait = AWAY_SECONDS_MIN
        while True:
            try:
                await self._handle(deliveries)
            except Away as away:
                log.warning("deliveries_wait", queue=deliveries[0].queue, because=str(away))
                if self._stopping.is_set() or not any(hold.open for hold in self._in_hand):
                    return False
                await asyncio.sleep(wait)
                wait = min(2 * wait, AWAY_SECONDS_MAX)
            else:
                return True


def _delivery(hold: Hold, message: AbstractIncomingMessage) -> Delivery:
    return Delivery(hold.queue, message.body, message.headers)


@dataclass
class QueueReader:
    """Reads one queue into a tray until stopped, and comes back after every loss of the broker.

    Arguments:
        link: the consuming connection.
        queue: its name.
        tray: takes the messages.
        prefetch: messages in hand at most.
    """

    link: Link
    queue: str
    tray: Tray
    prefetch: int

    def __post_init__(self) -> None:
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ask `run` to let the queue go and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Read until stopped."""
        while not self._stopping.is_set():
            try:
                await self._read_one_channel()
            except (Away, *BROKER_ERRORS) as error:
                log.warning("queue_lost", queue=self.queue, because=type(error).__name__)
            if not self._stopping.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), RECONNECT_SECONDS)

    async def _read_one_channel(self) -> None:
        gone = asyncio.Event()
        opening = asyncio.create_task(self._open(gone))
        await _first_of(self._stopping.wait(), asyncio.wait({opening}))
        if not opening.done():
            # A queue that has just been made may take long to answer; whoever stops does not wait for it.
            opening.cancel()
            await asyncio.wait({opening})
            return
        hold, queue, tag = opening.result()
        try:
            await _first_of(gone.wait(), self._stopping.wait())
            if not hold.channel.is_closed and not gone.is_set():
                async with asyncio.timeout(GOODBYE_SECONDS_MAX):
                    await queue.cancel(tag)
        finally:
            # What was delivered and not acknowledged goes back to the broker with the channel.
            if hold.channel.is_closed:
                hold.open = False
            await self.tray.release(hold)
            await _close(hold.channel)

    async def _open(self, gone: asyncio.Event) -> tuple[Hold, AbstractQueue, str]:
        channel = await (await self.link.connection()).channel(publisher_confirms=False)
        hold = Hold(self.queue, channel)
        try:
            await channel.set_qos(prefetch_count=self.prefetch)
            queue = await channel.get_queue(self.queue, ensure=False)
            channel.close_callbacks.add(lambda *_: gone.set())
            underlay = await channel.get_underlay_channel()
            underlay.on_consumer_cancel_callbacks.add(lambda *_: gone.set())

            async def take(message: AbstractIncomingMessage) -> None:
                self.tray.put(hold, message)

            return hold, queue, await queue.consume(take)
        except BaseException:
            hold.open = False
            await self.tray.release(hold)
            await _close(channel)
            raise


async def _close(channel: AbstractChannel) -> None:
    with suppress(*BROKER_ERRORS):
        async with asyncio.timeout(GOODBYE_SECONDS_MAX):
            await channel.close()


async def _first_of(*awaited: Coroutine[Any, Any, object]) -> None:
    waits = [asyncio.create_task(each) for each in awaited]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


class Reader(Protocol):
    """Something that reads until it is stopped."""

    def stop(self) -> None: ...

    async def run(self) -> None: ...


class Partitions:
    """Reads this replica's share of a service's partitions, and re-deals when replicas come and go.

    Arguments:
        service: label of the metrics.
        members: who else is there.
        count: of partitions.
        reader: makes the reader of a partition.
    """

    def __init__(
        self,
        service: str,
        members: Members,
        count: int,
        reader: Callable[[int], Reader],
        interval_seconds: float,
    ) -> None:
        self._service = service
        self._members = members
        self._count = count
        self._reader = reader
        self._interval = interval_seconds
        self._running: dict[int, tuple[Reader, asyncio.Task[None]]] = {}
        self._stopping = asyncio.Event()

    @property
    def held(self) -> frozenset[int]:
        """Return the partitions that are read at this moment."""
        return frozenset(self._running)

    async def run(self) -> None:
        """Keep reading our share until stopped, then finish what is in hand."""
        while not self._stopping.is_set():
            await self._deal()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._interval)
        await self._let_go(self.held)
        with suppress(Away):
            await self._members.leave()

    def stop(self) -> None:
        """Ask `run` to come to its end."""
        self._stopping.set()

    async def _deal(self) -> None:
        try:
            mine = share_of(self._members.me, await self._members.sign(), self._count)
        except Away as away:
            log.warning("members_unknown", service=self._service, because=str(away))
            mine = self.held or frozenset(range(self._count))
        await self._let_go(self.held - mine)
        for partition in sorted(mine - self.held):
            reader = self._reader(partition)
            self._running[partition] = (reader, asyncio.create_task(reader.run()))
        metrics.PARTITIONS_HELD.labels(self._service).set(len(self._running))

    async def _let_go(self, partitions: frozenset[int]) -> None:
        leaving = [self._running.pop(partition) for partition in sorted(partitions)]
        for reader, _ in leaving:
            reader.stop()
        await asyncio.gather(*(task for _, task in leaving))


async def queue_length(link: Link, queues: Sequence[str]) -> int:
    """Return how many messages wait in the queues together.

    Raises:
        Away: the broker does not answer.
    """
    try:
        channel = await (await link.connection()).channel(publisher_confirms=False)
        try:
            declared = [await channel.declare_queue(name, passive=True) for name in queues]
        finally:
            await channel.close()
    except (AMQPError, *BROKER_ERRORS) as error:
        raise Away(f"rabbitmq: {type(error).__name__}") from error
    return sum(queue.declaration_result.message_count or 0 for queue in declared)
