"""The broker: connections that come back, and a publisher that believes only confirmations."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, DeliveryMode
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError, PublishError
from aiormq.abc import FieldTable

from services.chassis.clock import new_id
from services.chassis.failures import Away
from services.chassis.outbox import Parcel
from services.chassis.settings import Settings
from services.chassis.topology import Names, declare, delete

log = structlog.get_logger()

CONNECT_TIMEOUT_SECONDS = 5.0
PUBLISH_TIMEOUT_SECONDS = 10.0
GOODBYE_SECONDS_MAX = 2.0
IN_FLIGHT_MAX = 200
NACKS_BEFORE_NEW_CHANNEL = 10
BROKER_ERRORS = (
    AMQPError,
    ChannelInvalidStateError,
    ConnectionError,
    OSError,
    asyncio.TimeoutError,
    RuntimeError,
)


class Link:
    """One connection to the broker, opened again when it is needed and gone; nodes are tried in turn.

    Arguments:
        urls: of the nodes.
        name: shown in the broker's list of connections.
    """

    def __init__(self, urls: Sequence[str], name: str) -> None:
        self._urls = urls
        self._name = name
        self._next = 0
        self._connection: AbstractConnection | None = None
        self._lock = asyncio.Lock()

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
                self._connection = await self._open()
            return self._connection

    async def _open(self) -> AbstractConnection:
        url = self._urls[self._next % len(self._urls)]
        self._next += 1
        properties: FieldTable = {"connection_name": self._name}
        try:
            return await aio_pika.connect(
                url, timeout=CONNECT_TIMEOUT_SECONDS, client_properties=properties, heartbeat=20
            )
        except BROKER_ERRORS as error:
            raise Away(f"rabbitmq: {type(error).__name__}") from error

    async def close(self) -> None:
        """Close the connection; a broker that does not answer is not waited for."""
        if self._connection is not None:
            with suppress(*BROKER_ERRORS):
                async with asyncio.timeout(GOODBYE_SECONDS_MAX):
                    await self._connection.close()


async def declare_topology(link: Link, settings: Settings) -> None:
    """Declare all exchanges and queues.

    Raises:
        Away: the broker does not answer.
    """
    try:
        channel = await (await link.connection()).channel()
        await declare(channel, settings)
        await channel.close()
    except BROKER_ERRORS as error:
        raise Away(f"rabbitmq: {type(error).__name__}: {error}") from error


class BusPublisher:
    """Publishes persistent, mandatory messages and waits for every confirmation.

    Arguments:
        link: of its own, apart from consumers: under a memory alarm the broker stops reading it.
        names: of the exchanges.
    """

    def __init__(self, link: Link, names: Names) -> None:
        self._link = link
        self._names = names
        self._channel: AbstractChannel | None = None
        self._exchanges: dict[str, AbstractExchange] = {}
        self._nacks = 0
        self._lock = asyncio.Lock()
        self._window = asyncio.Semaphore(IN_FLIGHT_MAX)

    @property
    def is_up(self) -> bool:
        """Return whether the connection stands at this moment."""
        return self._link.is_up

    async def publish(self, parcels: Sequence[Parcel]) -> None:
        """Announce parcels, in their order.

        Raises:
            Away: one of them was not confirmed; some may have arrived, so send all of them again.
        """
        exchange = await self._exchange(self._names.events)
        sends = [
            self._send(exchange, parcel.routing_key, parcel.body, {"community": parcel.community})
            for parcel in parcels
        ]
        results = await asyncio.gather(*sends, return_exceptions=True)
        for failure in results:
            if isinstance(failure, BaseException):
                raise failure

    async def publish_later(
        self, queue: str, seconds: float, body: bytes, headers: Mapping[str, Any]
    ) -> None:
        """Send a message back to a work queue after a while."""
        exchange = await self._exchange(self._names.retry(seconds))
        await self._send(exchange, queue, body, headers)

    async def publish_back(self, queue: str, body: bytes, headers: Mapping[str, Any]) -> None:
        """Send a message to a work queue at once."""
        await self._send(await self._exchange(self._names.back), queue, body, headers)

    async def _send(
        self, exchange: AbstractExchange, key: str, body: bytes, headers: Mapping[str, Any]
    ) -> None:
        # Returned messages are matched by message_id, so it is unique for every publish.
        message = aio_pika.Message(
            body,
            message_id=new_id(),
            delivery_mode=DeliveryMode.PERSISTENT,
            content_type="application/json",
            headers=dict(headers),
        )
        try:
            async with self._window, asyncio.timeout(PUBLISH_TIMEOUT_SECONDS):
                await exchange.publish(message, key, mandatory=True)
        except DeliveryError as error:
            self._count_nack(error)
            raise Away(f"rabbitmq: {key}: {type(error).__name__}") from error
        except BROKER_ERRORS as error:
            raise Away(f"rabbitmq: {type(error).__name__}") from error
        self._nacks = 0

    def _count_nack(self, error: DeliveryError) -> None:
        """After a leader died a reopened channel may be nacked for long; a fresh one is not."""
        if isinstance(error, PublishError):
            log.error("nobody_listens", because="the message was returned: is the topology declared?")
            return
        self._nacks += 1
        if self._nacks >= NACKS_BEFORE_NEW_CHANNEL:
            self._channel = None
            self._nacks = 0

    async def _exchange(self, name: str) -> AbstractExchange:
        async with self._lock:
            try:
                if self._channel is None or self._channel.is_closed:
                    connection = await self._link.connection()
                    self._channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                    self._exchanges.clear()
                if name not in self._exchanges:
                    self._exchanges[name] = await self._channel.get_exchange(name, ensure=False)
                return self._exchanges[name]
            except BROKER_ERRORS as error:
                raise Away(f"rabbitmq: {type(error).__name__}") from error


async def purge_topology(settings: Settings) -> None:
    """Delete everything under the prefix of a throw-away deployment.

    Raises:
        Away: the broker does not answer.
    """
    link = Link(settings.amqp_urls, "sandan cleans up")
    try:
        channel = await (await link.connection()).channel()
        await delete(channel, settings)
    except BROKER_ERRORS as error:
        raise Away(f"rabbitmq: {type(error).__name__}") from error
    finally:
        await link.close()
