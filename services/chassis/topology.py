"""Every exchange and queue, on one page.

events (topic)      p{partition}.{kind}   → work queues that hear the kind
work queues         {service}.p{n}        quorum, one active consumer; what the broker gives up on → dead
retry.{seconds}     (fanout) → a queue whose messages go back to where they came from after that time
back (direct)       work queue's name     → that work queue
dead.{service}      what was delivered too often without an answer; the service parks it

The arguments suit RabbitMQ 3.10 and 4.x alike: quorum queues only, a delivery limit of our own, no
priorities, TTL per queue. Declaring the same again is harmless; another argument is refused (406).
"""

from dataclasses import dataclass
from typing import Any

from aio_pika.abc import AbstractChannel, ExchangeType

from services.chassis.settings import Settings
from services.contracts.catalogue import SUBSCRIPTIONS

DELIVERY_LIMIT = 20
QUEUE_LENGTH_MAX = 500_000


@dataclass(frozen=True, slots=True)
class Names:
    """The names on the bus, under a deployment's prefix."""

    prefix: str

    @property
    def events(self) -> str:
        """Return the exchange that facts are announced on."""
        return f"{self.prefix}.events"

    @property
    def back(self) -> str:
        """Return the exchange that returns a message to its queue."""
        return f"{self.prefix}.back"

    @property
    def dead(self) -> str:
        """Return the exchange for what the broker gave up on."""
        return f"{self.prefix}.dead"

    def work(self, service: str, partition: int) -> str:
        """Return a service's work queue."""
        return f"{self.prefix}.{service}.p{partition}"

    def dead_of(self, service: str) -> str:
        """Return the queue of what the broker gave up on delivering to a service."""
        return f"{self.prefix}.{service}.dead"

    def retry(self, seconds: float) -> str:
        """Return the exchange, and the queue, of a retry tier."""
        return f"{self.prefix}.retry.{round(seconds * 1000)}ms"


async def declare(channel: AbstractChannel, settings: Settings) -> None:
    """Declare everything for all services, so that nothing is lost on one that was never started."""
    names = Names(settings.bus_prefix)
    await channel.declare_exchange(names.events, ExchangeType.TOPIC, durable=True)
    await channel.declare_exchange(names.back, ExchangeType.DIRECT, durable=True)
    await channel.declare_exchange(names.dead, ExchangeType.DIRECT, durable=True)
    for seconds in settings.retry_tiers_seconds:
        await _declare_retry(channel, names, seconds)
    for service, patterns in SUBSCRIPTIONS.items():
        await _declare_dead(channel, names, service)
        for partition in range(settings.partitions):
            await _declare_work(channel, names, service, partition, patterns)


async def _declare_retry(channel: AbstractChannel, names: Names, seconds: float) -> None:
    exchange = await channel.declare_exchange(names.retry(seconds), ExchangeType.FANOUT, durable=True)
    arguments: dict[str, Any] = {
        "x-queue-type": "quorum",
        "x-message-ttl": round(seconds * 1000),
        "x-dead-letter-exchange": names.back,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-max-length": QUEUE_LENGTH_MAX,
    }
    queue = await channel.declare_queue(names.retry(seconds), durable=True, arguments=arguments)
    await queue.bind(exchange)


async def _declare_dead(channel: AbstractChannel, names: Names, service: str) -> None:
    name = names.dead_of(service)
    queue = await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
    await queue.bind(names.dead, routing_key=service)


async def _declare_work(
    channel: AbstractChannel, names: Names, service: str, partition: int, patterns: tuple[str, ...]
) -> None:
    name = names.work(service, partition)
    arguments: dict[str, Any] = {
        "x-queue-type": "quorum",
        "x-single-active-consumer": True,
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": names.dead,
        "x-dead-letter-routing-key": service,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-max-length": QUEUE_LENGTH_MAX,
    }
    queue = await channel.declare_queue(name, durable=True, arguments=arguments)
    await queue.bind(names.back, routing_key=name)
    for pattern in patterns:
        await queue.bind(names.events, routing_key=f"p{partition}.{pattern}")


async def delete(channel: AbstractChannel, settings: Settings) -> None:
    """Delete everything that `declare` declares; what is in the queues is lost."""
    names = Names(settings.bus_prefix)
    tiers = [names.retry(seconds) for seconds in settings.retry_tiers_seconds]
    work = [names.work(service, n) for service in SUBSCRIPTIONS for n in range(settings.partitions)]
    dead = [names.dead_of(service) for service in SUBSCRIPTIONS]
    for queue in (*work, *dead, *tiers):
        await channel.queue_delete(queue)
    for exchange in (names.events, names.back, names.dead, *tiers):
        await channel.exchange_delete(exchange)
