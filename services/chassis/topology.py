"""Every exchange and queue, on one page. What a service owns begins with its name; it may write nothing else.

{service}.events (topic)    p{partition}.{kind}   → work queues of whoever hears the kind
                            p{partition}.audit.X  what was said of late        → work queues of X
                            p{partition}.heard.X  what of X's was heard        → work queues of X
{service}.p{n}              its work queues: quorum, one active consumer; what the broker gives up on → dead
{service}.back (direct)     work queue's name     → that work queue
{service}.retry.{ms}        (fanout) → a queue whose messages go back to where they came from after that time
{service}.dead              what was delivered too often without an answer; the service parks it

A queue hears a kind from its publisher's own exchange alone, so whoever says something is known by where it
says it. The arguments suit RabbitMQ 3.10 and 4.x alike: quorum queues only, a delivery limit of our own, no
priorities, TTL per queue. A queue that is there already is taken as it is: those of earlier releases differ
in their dead letter exchange, which still leads to the same `dead` queue.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from aio_pika.abc import ExchangeType

from services.chassis.settings import Settings
from services.contracts.catalogue import PUBLISHERS, SUBSCRIPTIONS

DELIVERY_LIMIT = 20
QUEUE_LENGTH_MAX = 500_000
SERVICES = tuple(SUBSCRIPTIONS)
AUDIT = "audit"
HEARD = "heard"


@dataclass(frozen=True, slots=True)
class Names:
    """The names on the bus, under a deployment's prefix."""

    prefix: str

    def events(self, service: str) -> str:
        """Return the exchange that a service announces its facts on."""
        return f"{self.prefix}.{service}.events"

    def back(self, service: str) -> str:
        """Return the exchange that returns a message to one of a service's queues."""
        return f"{self.prefix}.{service}.back"

    def work(self, service: str, partition: int) -> str:
        """Return a service's work queue."""
        return f"{self.prefix}.{service}.p{partition}"

    def dead(self, service: str) -> str:
        """Return the exchange, and the queue, of what the broker gave up on delivering to a service."""
        return f"{self.prefix}.{service}.dead"

    def retry(self, service: str, seconds: float) -> str:
        """Return the exchange, and the queue, of a service's retry tier."""
        return f"{self.prefix}.{service}.retry.{round(seconds * 1000)}ms"

    def owner(self, queue: str) -> str:
        """Return the service that a queue belongs to."""
        return queue.removeprefix(f"{self.prefix}.").split(".", 1)[0]


@dataclass(frozen=True, slots=True)
class Exchange:
    """An exchange to be there; all of ours are durable."""

    name: str
    type: ExchangeType


@dataclass(frozen=True, slots=True)
class Binding:
    """A way from an exchange to a queue."""

    exchange: str
    key: str


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A queue to be there, and what leads to it; all of ours are durable quorum queues."""

    name: str
    arguments: dict[str, Any]
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Ways:
    """What one service owns on the bus: exchanges first, since the queues are bound to them."""

    exchanges: tuple[Exchange, ...]
    queues: tuple[QueueSpec, ...]


def ways_of(service: str, settings: Settings) -> Ways:
    """Return everything that a service owns, and what its queues are bound to."""
    names, tiers = Names(settings.bus_prefix), settings.retry_tiers_seconds
    exchanges = (
        Exchange(names.events(service), ExchangeType.TOPIC),
        Exchange(names.back(service), ExchangeType.DIRECT),
        Exchange(names.dead(service), ExchangeType.DIRECT),
        *(Exchange(names.retry(service, seconds), ExchangeType.FANOUT) for seconds in tiers),
    )
    dead = names.dead(service)
    queues = (
        QueueSpec(dead, {"x-queue-type": "quorum"}, (Binding(dead, service),)),
        *(_retry_queue(names, service, seconds) for seconds in tiers),
        *(_work_queue(names, service, partition) for partition in range(settings.partitions)),
    )
    return Ways(exchanges, queues)


def _retry_queue(names: Names, service: str, seconds: float) -> QueueSpec:
    arguments: dict[str, Any] = {
        "x-queue-type": "quorum",
        "x-message-ttl": round(seconds * 1000),
        "x-dead-letter-exchange": names.back(service),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-max-length": QUEUE_LENGTH_MAX,
    }
    name = names.retry(service, seconds)
    return QueueSpec(name, arguments, (Binding(name, ""),))


def _work_queue(names: Names, service: str, partition: int) -> QueueSpec:
    arguments: dict[str, Any] = {
        "x-queue-type": "quorum",
        "x-single-active-consumer": True,
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": names.dead(service),
        "x-dead-letter-routing-key": service,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-max-length": QUEUE_LENGTH_MAX,
    }
    name = names.work(service, partition)
    heard = (Binding(names.events(publisher), f"p{partition}.{what}") for publisher, what in _hears(service))
    return QueueSpec(name, arguments, (Binding(names.back(service), name), *heard))


def _hears(service: str) -> Iterator[tuple[str, str]]:
    """Yield what a service hears of which publisher: the facts, and what is said about them."""
    for pattern in SUBSCRIPTIONS[service]:
        yield PUBLISHERS[pattern.split(".", 1)[0]], pattern
    for publisher in publishers_of(service):
        yield publisher, f"{AUDIT}.{service}"
    for subscriber in subscribers_of(service):
        yield subscriber, f"{HEARD}.{service}"


@cache
def publishers_of(service: str) -> tuple[str, ...]:
    """Return whom a service hears, itself included where it does."""
    families = (pattern.split(".", 1)[0] for pattern in SUBSCRIPTIONS[service])
    return tuple(sorted({PUBLISHERS[family] for family in families}))


@cache
def subscribers_of(publisher: str) -> tuple[str, ...]:
    """Return who hears a service."""
    return tuple(service for service in SUBSCRIPTIONS if publisher in publishers_of(service))


@dataclass(frozen=True, slots=True)
class Rights:
    """What a broker user may do: patterns of names, as RabbitMQ takes them."""

    configure: str
    write: str
    read: str


def rights_of(service: str, prefix: str) -> Rights:
    """Return what a service's user may do: everything under its own name, and to listen to the others' facts.

    RabbitMQ checks `write` on an exchange for publishing and for a dead letter exchange, on a queue for
    binding it; `read` on the exchange that a queue is bound to (access-control.html#authorisation).
    """
    own = rf"{prefix}\.{service}\."
    return Rights(rf"^{own}", rf"^{own}", rf"^({own}|{prefix}\.[a-z]+\.events$)")


def all_names(settings: Settings) -> tuple[Sequence[str], Sequence[str]]:
    """Return the names of all queues and of all exchanges, to be deleted."""
    ways = [ways_of(service, settings) for service in SERVICES]
    queues = [queue.name for way in ways for queue in way.queues]
    return queues, [exchange.name for way in ways for exchange in way.exchanges]
