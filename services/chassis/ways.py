"""Whether everything is there on the bus that a service needs, and making again what is not."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import structlog
from aio_pika.abc import AbstractChannel, AbstractQueue
from aio_pika.exceptions import ChannelNotFoundEntity

from services.chassis import metrics
from services.chassis.bus import BrokerConnection, broker_failures_named
from services.chassis.settings import Settings
from services.chassis.together import all_of
from services.chassis.topology import Names, QueueSpec, all_names, ways_of

log = structlog.get_logger()


async def declare(link: BrokerConnection, settings: Settings, services: Sequence[str]) -> frozenset[str]:
    """Declare what services own on the bus; repeating it is harmless.

    Returns:
        the names of the queues that were not there.

    Raises:
        Away: the broker does not answer, or an exchange of somebody else's is not there yet.
    """
    ways = [ways_of(service, settings) for service in services]
    with broker_failures_named():
        channel = await link.channel()
        for exchange in (exchange for each in ways for exchange in each.exchanges):
            await channel.declare_exchange(
                exchange.name, exchange.type, durable=True, timeout=settings.broker_seconds
            )
        await channel.close()
    # The services' queues at the same time: each waits for the broker's disk.
    made = await all_of(_queues_declared(link, settings, each.queues) for each in ways)
    return frozenset(name for names in made for name in names)


async def _queues_declared(
    link: BrokerConnection, settings: Settings, specs: Sequence[QueueSpec]
) -> set[str]:
    """Declare one service's queues with their bindings; return the names of those that were not there."""
    made: set[str] = set()
    seconds = settings.broker_seconds
    with broker_failures_named():
        channel = await link.channel()
        for spec in specs:
            if channel.is_closed:
                channel = await link.channel()
            channel, queue, is_new = await _declared(link, channel, spec, seconds)
            for binding in spec.bindings:
                await queue.bind(binding.exchange, binding.key, timeout=seconds)
            made.update({spec.name} if is_new else ())
        await channel.close()
    return made


async def _declared(
    link: BrokerConnection, channel: AbstractChannel, spec: QueueSpec, seconds: float
) -> tuple[AbstractChannel, AbstractQueue, bool]:
    """Return the queue, made if it was not there, and a channel that is still open after it was asked for."""
    try:
        return channel, await channel.declare_queue(spec.name, passive=True, timeout=seconds), False
    except ChannelNotFoundEntity:
        channel = await link.channel()
        # A quorum queue that is made anew may take long to find its leader.
        queue = await channel.declare_queue(
            spec.name, durable=True, arguments=spec.arguments, timeout=3 * seconds
        )
        return channel, queue, True


async def purge(link: BrokerConnection, settings: Settings) -> None:
    """Delete everything under the prefix of a throw-away deployment; what is in the queues is lost.

    Raises:
        Away: the broker does not answer.
    """
    queues, exchanges = all_names(settings)
    with broker_failures_named():
        channel = await link.channel()
        for queue in queues:
            await channel.queue_delete(queue, timeout=settings.broker_seconds)
        for exchange in exchanges:
            await channel.exchange_delete(exchange, timeout=settings.broker_seconds)


class WaysKept:
    """Keeps one service's ways: looks from time to time, and at once when somebody found one missing.

    Arguments:
        service: whose they are.
        link: to declare over.
        settings: of the deployment.
    """

    def __init__(self, service: str, link: BrokerConnection, settings: Settings) -> None:
        self._service = service
        self._link = link
        self._settings = settings
        self._missed: set[str] = set()
        self._wanted = asyncio.Event()
        names = Names(settings.bus_prefix)
        self._put_off = {names.retry(service, seconds) for seconds in settings.retry_tiers_seconds}
        self._forgotten: set[int] = set()

    @property
    def are_whole(self) -> bool:
        """Return whether nothing is known to be missing."""
        return not self._missed

    def miss(self, name: str) -> None:
        """Say that something of the service's own is not there."""
        if name not in self._missed:
            log.error("way_missing", service=self._service, name=name)
        self._missed.add(name)
        self._wanted.set()
        metrics.WAYS_MISSING.labels(self._service).set(len(self._missed))

    async def look(self) -> int:
        """Declare what the service owns; return how many queues were not there."""
        self._wanted.clear()
        made = await declare(self._link, self._settings, [self._service])
        for name in sorted(made):
            log.error("way_made_again", service=self._service, name=name)
        if any(name in self._put_off for name in made):
            self._forgotten.update(range(self._settings.partitions))
        self._missed.clear()
        metrics.WAYS_MISSING.labels(self._service).set(0)
        return len(made)

    def lost_seconds(self, partition: int) -> float:
        """Return for how long back what was put off is lost, once for each partition after a loss; else 0."""
        if partition not in self._forgotten:
            return 0.0
        self._forgotten.discard(partition)
        return 2 * sum(self._settings.retry_tiers_seconds)

    async def keep(self) -> None:
        """Declare when a way is missed, at once, or else after a while.

        Raises:
            Away: the broker does not answer.
        """
        if not self._missed:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.ways_seconds):
                    await self._wanted.wait()
        await self.look()
