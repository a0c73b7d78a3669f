"""The inbound buffer: what was received and is not settled. Each community has a line; lines take turns."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from services.chassis.bus import CONTROL, ENVELOPES, PARCEL, broker_failures_named
from services.chassis.failures import Away
from services.chassis.handled_ids import HandledIds
from services.chassis.interval import BatchInterval
from services.chassis.processor import Delivery

log = structlog.get_logger()
AWAY_SECONDS_MAX = 5.0
AWAY_SECONDS_MIN = 0.1
MESSAGES_AT_ONCE_MAX = 256
ENVELOPES_AT_ONCE_MAX = 256
BYTES_AT_ONCE_MAX = 8 * 1024 * 1024
WEIGHT_UNKNOWN = 0.5
"""What a message counts that does not say how many envelopes it holds: it is none of our fresh ones."""
TRIES_TOGETHER_MAX = 5
"""Deliveries that fail so often together, while the database answers, are tried one by one."""
Handle = Callable[[Sequence[Delivery]], Awaitable[None]]
StepOver = Callable[[Delivery, Exception], Awaitable[None]]
Answer = Callable[[str, str, bytes], Awaitable[None]]


@dataclass(eq=False, slots=True)
class ChannelLease:
    """One channel's messages: while it is open they may be worked on and acknowledged.

    Arguments:
        queue: they come from.
        channel: they came over.
        unsettled: delivery tag → message, in the order in which they came.
    """

    queue: str
    channel: AbstractChannel
    open: bool = True
    unsettled: dict[int, "Item"] = field(default_factory=dict)

    async def settle(self, items: Sequence["Item"]) -> None:
        """Acknowledge items: those that came first together, the others one by one.

        A channel that is gone has given everything back to the broker.
        """
        done = {item.tag for item in items}
        first = 0
        for tag in list(self.unsettled):
            if tag not in done:
                break
            first = tag
            del self.unsettled[tag]
        if first:
            await self._acknowledge(first, multiple=True)
        for tag in sorted(tag for tag in done if tag in self.unsettled):
            del self.unsettled[tag]
            await self._acknowledge(tag, multiple=False)

    async def _acknowledge(self, tag: int, *, multiple: bool) -> None:
        if not self.open or self.channel.is_closed:
            return
        try:
            with broker_failures_named():
                underlay = await self.channel.get_underlay_channel()
                await underlay.basic_ack(tag, multiple=multiple)
        except Away:
            await self.drop()

    async def drop(self) -> None:
        """Close the channel: what nobody knows to be acknowledged comes again over another one."""
        self.open = False
        with suppress(Away), broker_failures_named():
            await self.channel.close()


@dataclass(eq=False, slots=True)
class Item:
    """One message in the buffer."""

    lease: ChannelLease
    message: AbstractIncomingMessage

    @property
    def tag(self) -> int:
        """Return its number on its channel."""
        return self.message.delivery_tag or 0

    @property
    def line(self) -> str:
        """Return whose turn it takes: its community's, as it says outside."""
        return str(self.message.headers.get("community", ""))[:64]

    @property
    def weight(self) -> float:
        """Return how much it counts towards a batch."""
        count = self.message.headers.get(ENVELOPES)
        return (
            float(count) if isinstance(count, int) and 0 < count <= ENVELOPES_AT_ONCE_MAX else WEIGHT_UNKNOWN
        )

    @property
    def control(self) -> str:
        """Return what it says about what was said; empty for everything else."""
        return str(self.message.headers.get(CONTROL, ""))

    @property
    def parcel(self) -> str:
        """Return the id of the parcel; empty where there is none."""
        return str(self.message.headers.get(PARCEL, ""))


@dataclass
class InboundBuffer:
    """What a service has received and not yet settled, whichever partition it came from.

    All of a service's partitions are worked on together: one transaction for what is waiting in all of
    them costs little more than one for a single partition. The communities take turns, so that none starves.

    Arguments:
        handle: settles deliveries; while it raises Away the same deliveries are tried again.
        step_over: puts off a single delivery that fails again and again, so that it holds up nothing.
        pace: of the batches.
        is_alive: raises Away while the database is away: then it is nobody's fault, and all wait.
        answer: answers what is said about what was said: (control, queue, body).
        heard: remembers what was settled.
    """

    handle: Handle
    pace: BatchInterval
    step_over: StepOver
    is_alive: Callable[[], Awaitable[None]]
    answer: Answer | None = None
    heard: HandledIds = field(default_factory=HandledIds)
    _lines: dict[tuple[ChannelLease, str], deque[Item]] = field(default_factory=dict)
    _in_hand: set[ChannelLease] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._arrived = asyncio.Event()
        self._let_go = asyncio.Condition()
        self._stopping = asyncio.Event()
        self._asked: set[ChannelLease] = set()

    @property
    def waiting(self) -> int:
        """Return how many messages wait."""
        return sum(map(len, self._lines.values()))

    def put(self, lease: ChannelLease, message: AbstractIncomingMessage) -> None:
        """Take in a message."""
        item = Item(lease, message)
        lease.unsettled[item.tag] = item
        if item.control:
            self._asked.add(lease)
        else:
            self._lines.setdefault((lease, item.line), deque()).append(item)
        self._arrived.set()

    async def release(self, lease: ChannelLease, seconds: float) -> None:
        """Forget what waits of a channel; return once nothing of it is in hand, or after a while.

        What is still in hand then may be done twice, here and by the next one; the second finds it done.
        """
        for line in [line for line in self._lines if line[0] is lease]:
            del self._lines[line]
        self._asked.discard(lease)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._let_go:
                await self._let_go.wait_for(lambda: lease not in self._in_hand)
        lease.open = False

    async def run(self) -> None:
        """Settle what arrives, until stopped."""
        while not self._stopping.is_set():
            if not self._lines and not self._asked:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            await self._answer_those_asked()
            if self._lines:
                await self.pace.keep()
                taken = self._take()
                full = len(taken) >= MESSAGES_AT_ONCE_MAX
                self.pace.took(sum(item.weight for item in taken), full=full)
                await self._settle(taken)

    def stop(self) -> None:
        """Ask `run` to finish what is in hand and end."""
        self._stopping.set()
        self._arrived.set()

    def _take(self) -> list[Item]:
        """Take from every line in turn, each in its order."""
        taken: list[Item] = []
        weight, size = 0.0, 0
        while self._lines and len(taken) < MESSAGES_AT_ONCE_MAX:
            for line in list(self._lines):
                waiting = self._lines.pop(line)
                item = waiting.popleft()
                if waiting:
                    self._lines[line] = waiting  # at the end: whoever was served waits for all others
                taken.append(item)
                weight += item.weight
                size += len(item.message.body)
                if weight >= ENVELOPES_AT_ONCE_MAX or size >= BYTES_AT_ONCE_MAX:
                    return taken
                if len(taken) >= MESSAGES_AT_ONCE_MAX:
                    break
        return taken

    async def _settle(self, taken: list[Item]) -> None:
        if not taken:
            return
        self._in_hand = {item.lease for item in taken}
        try:
            if await self._handled(taken):
                for lease in self._in_hand:
                    mine = [item for item in taken if item.lease is lease]
                    await lease.settle(mine)
                    self.heard.add(lease.queue, (item.parcel for item in mine))
                    if lease.open and any(item.control for item in lease.unsettled.values()):
                        self._asked.add(lease)
        except BaseException:
            for lease in self._in_hand:
                await lease.drop()
            raise
        finally:
            async with self._let_go:
                self._in_hand = set()
                self._let_go.notify_all()

    async def _handled(self, taken: list[Item]) -> bool:
        """Handle deliveries, however long broker or database are away; False when told to stop."""
        deliveries = [_delivery(item) for item in taken]
        wait, tries = AWAY_SECONDS_MIN, 0
        while True:
            try:
                if tries < TRIES_TOGETHER_MAX:
                    await self.handle(deliveries)
                else:
                    await self._one_by_one(deliveries)
            except Exception as error:  # noqa: BLE001 - whatever it is, what was delivered is not let fall
                self._complain(deliveries, error)
                if self._stopping.is_set() or not any(lease.open for lease in self._in_hand):
                    return False
                tries += 1
                await asyncio.sleep(wait)
                wait = min(2 * wait, AWAY_SECONDS_MAX)
            else:
                return True

    async def _one_by_one(self, deliveries: Sequence[Delivery]) -> None:
        """Handle each by itself, and put off what fails although the database is there.

        Raises:
            Away: it is not there.
        """
        await self.is_alive()
        for delivery in deliveries:
            try:
                await self.handle([delivery])
            except Exception as error:  # noqa: BLE001 - told where it is put off
                await self.is_alive()
                await self.step_over(delivery, error)

    def _complain(self, deliveries: Sequence[Delivery], error: Exception) -> None:
        first = deliveries[0].queue
        if isinstance(error, Away):
            log.warning("deliveries_wait", queue=first, deliveries=len(deliveries), because=str(error))
        else:
            log.error("deliveries_failed", queue=first, deliveries=len(deliveries), exc_info=error)

    async def _answer_those_asked(self) -> None:
        """Answer what was asked about what came before: once all of that is settled."""
        for lease in list(self._asked):
            self._asked.discard(lease)
            while lease.open and (first := next(iter(lease.unsettled.values()), None)) and first.control:
                if self.answer is not None:
                    try:
                        await self.answer(first.control, lease.queue, first.message.body)
                    except Exception as error:  # noqa: BLE001 - who asked asks again
                        log.warning("not_answered", queue=lease.queue, because=type(error).__name__)
                await lease.settle([first])


def _delivery(item: Item) -> Delivery:
    return Delivery(item.lease.queue, item.message.body, item.message.headers)
