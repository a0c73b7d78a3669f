"""The broker: connections that come back, and a publisher that believes only confirmations."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, DeliveryMode
from aio_pika.exceptions import (
    AMQPError,
    ChannelInvalidStateError,
    ChannelNotFoundEntity,
    DeliveryError,
    PublishError,
)
from aiormq.abc import FieldTable

from services.chassis.clock import new_id
from services.chassis.failures import Away, cancellation_heeded
from services.chassis.outbox import SEVERAL, NotTaken, Parcel
from services.chassis.settings import Settings
from services.chassis.topology import Names

log = structlog.get_logger()

GOODBYE_SECONDS_MAX = 2.0
IN_FLIGHT_MAX = 200
NACKS_BEFORE_NEW_CHANNEL = 10
PARCEL = "x-sandan-parcel"
ENVELOPES = "x-sandan-envelopes"
CONTROL = "x-sandan-control"
SKIP = "x-sandan-skip"
"""What is in it need not be understood: a release that does not know it drops it, and puts nothing aside."""
BROKER_ERRORS = (AMQPError, ChannelInvalidStateError, ConnectionError, OSError, asyncio.TimeoutError)
"""What the client raises while the broker is away; its bare RuntimeErrors are named where they come from."""


@contextmanager
def broker_failures_named(passing: type[Exception] | tuple[()] = ()) -> Iterator[None]:
    """Turn what the client raises while the broker is away into Away.

    Arguments:
        passing: left as it is.
    """
    try:
        with cancellation_heeded("rabbitmq: the client gave the call up"):
            yield
    except passing:
        raise
    except BROKER_ERRORS as error:
        raise Away(f"rabbitmq: {type(error).__name__}") from error


class BrokerConnection:
    """One connection to the broker, opened again when it is needed and gone; nodes are tried in turn.

    Arguments:
        settings: of the deployment: the nodes, heartbeat and time-outs.
        name: shown in the broker's list of connections.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._next = 0
        self._connection: AbstractConnection | None = None
        self._lock = asyncio.Lock()

    @property
    def answer_seconds(self) -> float:
        """Return the time that the broker has for an answer."""
        return self._settings.broker_seconds

    @property
    def is_up(self) -> bool:
        """Return whether the connection stands at this moment."""
        # aio-pika calls closed only what we closed; a connection that the broker dropped is not connected.
        return self._connection is not None and self._connection.connected.is_set()

    async def connection(self) -> AbstractConnection:
        """Return the connection, opening it if need be.

        Raises:
            Away: no node answers.
        """
        async with self._lock:
            if self._connection is None or not self.is_up:
                await self.close()
                await self._open()
            assert self._connection is not None, "it was opened, or it raised"
            return self._connection

    async def channel(
        self, *, publisher_confirms: bool = False, on_return_raises: bool = False
    ) -> AbstractChannel:
        """Return a new channel.

        Raises:
            Away: the broker does not give one.
        """
        connection = await self.connection()
        opened: list[AbstractChannel] = []
        try:
            with broker_failures_named():
                async with asyncio.timeout(self._settings.broker_seconds):
                    channel = await connection.channel(
                        publisher_confirms=publisher_confirms, on_return_raises=on_return_raises
                    )
                    opened.append(channel)
        except RuntimeError as error:
            # "Connection was not opened": it went between the two lines above.
            raise Away("rabbitmq: the connection has just gone") from error
        except asyncio.CancelledError:
            for channel in opened:  # told to end at the very moment at which it was there
                await close_channel(channel)
            raise
        return opened[0]

    async def _open(self) -> None:
        urls = self._settings.amqp_urls
        url = urls[self._next % len(urls)]
        self._next += 1
        properties: FieldTable = {"connection_name": self._name}
        with broker_failures_named():
            # Kept inside: told to end at this very moment, we still know what there is to close.
            self._connection = await aio_pika.connect(
                url,
                timeout=self._settings.broker_seconds / 2,
                client_properties=properties,
                heartbeat=self._settings.heartbeat_seconds,
            )

    async def close(self) -> None:
        """Close the connection; a broker that does not answer is not waited for."""
        if self._connection is not None:
            with suppress(Away), broker_failures_named():
                async with asyncio.timeout(GOODBYE_SECONDS_MAX):
                    await self._connection.close()


async def close_channel(channel: AbstractChannel) -> None:
    """Close a channel; a broker that does not answer is not waited for."""
    with suppress(Away), broker_failures_named():
        async with asyncio.timeout(GOODBYE_SECONDS_MAX):
            await channel.close()


class BusPublisher:
    """Publishes persistent, mandatory messages and waits for every confirmation.

    Arguments:
        link: of its own, apart from consumers: under a memory alarm the broker stops reading it.
        answer_seconds: for a confirmation to come.
    """

    def __init__(self, link: BrokerConnection, answer_seconds: float = 10.0) -> None:
        self._link = link
        self._answer_seconds = answer_seconds
        self._channel: AbstractChannel | None = None
        self._exchanges: dict[str, AbstractExchange] = {}
        self._nacks = 0
        self._lock = asyncio.Lock()
        self._window = asyncio.Semaphore(IN_FLIGHT_MAX)

    @property
    def is_up(self) -> bool:
        """Return whether the connection stands at this moment."""
        return self._link.is_up

    async def send(self, exchange: str, key: str, body: bytes, headers: Mapping[str, Any]) -> None:
        """Publish one message; return when it is confirmed.

        Raises:
            NotTaken: the broker says no to this message: a queue is full, or nobody listens.
            Away: it was not confirmed; it may have arrived all the same.
        """
        to = await self._exchange(exchange)
        # Returned messages are matched by message_id, so it is unique for every publish.
        message = aio_pika.Message(
            body,
            message_id=new_id(),
            delivery_mode=DeliveryMode.PERSISTENT,
            content_type="application/json",
            headers=dict(headers),
        )
        with broker_failures_named():
            await self._confirmed(to, message, key)
        self._nacks = 0

    async def _confirmed(self, to: AbstractExchange, message: aio_pika.Message, key: str) -> None:
        try:
            async with self._window, asyncio.timeout(self._answer_seconds):
                await to.publish(message, key, mandatory=True)
        except PublishError as error:
            raise NotTaken(f"{to.name} {key}: nobody listens", "nobody_listens") from error
        except ChannelNotFoundEntity as error:
            # It closes the channel, and with it all that is under way there, to other exchanges, too.
            if f"'{to.name}'" not in str(error):
                raise
            raise NotTaken(f"{to.name}: not there", "gone") from error
        except DeliveryError as error:
            self._count_nack()
            raise NotTaken(f"{to.name} {key}: {type(error).__name__}", "refused") from error

    def _count_nack(self) -> None:
        """After a leader died a reopened channel may be nacked for long; a fresh one is not."""
        self._nacks += 1
        if self._nacks >= NACKS_BEFORE_NEW_CHANNEL:
            self._channel = None
            self._nacks = 0

    async def _exchange(self, name: str) -> AbstractExchange:
        async with self._lock:
            with broker_failures_named():
                if self._channel is None or self._channel.is_closed:
                    self._channel = await self._link.channel(publisher_confirms=True, on_return_raises=True)
                    self._exchanges.clear()
                if name not in self._exchanges:
                    self._exchanges[name] = await self._channel.get_exchange(name, ensure=False)
                return self._exchanges[name]


@dataclass(frozen=True, slots=True)
class ServiceExchange:
    """How one service speaks: on its own exchanges.

    Arguments:
        service: its name.
        publisher: to the broker.
        names: of the exchanges.
        miss: told when an exchange or queue that is the service's own is not there.
    """

    service: str
    publisher: BusPublisher
    names: Names
    miss: Callable[[str], None]

    async def publish(self, parcels: Sequence[Parcel]) -> list[Exception | None]:
        """Announce parcels, in their order; return for each why it was not confirmed, or None."""
        exchange = self.names.events(self.service)
        sends = [
            self.publisher.send(exchange, parcel.routing_key, parcel.body, _headers(parcel))
            for parcel in parcels
        ]
        results = await asyncio.gather(*sends, return_exceptions=True)
        for failure in results:
            if isinstance(failure, BaseException) and not isinstance(failure, Exception):
                raise failure
        outcomes = [result if isinstance(result, Exception) else None for result in results]
        if any(isinstance(outcome, NotTaken) and outcome.why == "gone" for outcome in outcomes):
            self.miss(exchange)
        return outcomes

    async def say(self, control: str, partition: int, key: str, body: bytes) -> None:
        """Say something about what was said; see `audit`.

        Raises:
            NotTaken, Away: it was not confirmed.
        """
        exchange = self.names.events(self.service)
        await self.publisher.send(exchange, f"p{partition}.{key}", body, {CONTROL: control, SKIP: True})

    async def publish_later(
        self, queue: str, seconds: float, body: bytes, headers: Mapping[str, Any]
    ) -> None:
        """Send a message back to one of the service's work queues after a while.

        Raises:
            Away: it was not confirmed.
        """
        await self._own(self.names.retry(self.service, seconds), queue, body, headers)

    async def publish_back(self, queue: str, body: bytes, headers: Mapping[str, Any]) -> None:
        """Send a message to one of the service's work queues at once.

        Raises:
            Away: it was not confirmed.
        """
        await self._own(self.names.back(self.service), queue, body, headers)

    async def _own(self, exchange: str, queue: str, body: bytes, headers: Mapping[str, Any]) -> None:
        try:
            await self.publisher.send(exchange, queue, body, headers)
        except NotTaken as no:
            if no.why != "refused":
                self.miss(exchange)
            raise Away(f"rabbitmq: {no}") from no


def _headers(parcel: Parcel) -> dict[str, Any]:
    own = {} if parcel.community == SEVERAL else {"community": parcel.community}
    return {**own, PARCEL: parcel.id, ENVELOPES: parcel.envelopes}
