"""A broker user per service: no right lets one reach another's queue, and each can do its own work."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aio_pika
import pytest
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError, ChannelClosed

from services.chassis.bus import BrokerConnection, BusPublisher, ServiceExchange
from services.chassis.clock import new_id
from services.chassis.outbox import NotTaken, Parcel
from services.chassis.topology import SERVICES, Names, all_names, ways_of
from services.chassis.ways import declare
from services.cli.topology import OPERATOR, definitions_of, password_hash
from services.composition import Settings
from services.contracts.catalogue import KINDS, PUBLISHERS
from services.devserver import Servers
from tests.support.deployment import Deployments, Keys
from tests.support.running import broker, running_house

PASSWORD = "made-up-for-this-test"


@dataclass(frozen=True)
class Users:
    """A deployment whose services have broker users of their own."""

    settings: Settings

    def url(self, user: str) -> str:
        """Return where a user connects."""
        parts = urlsplit(self.settings.amqp_url or "")
        return urlunsplit(parts._replace(netloc=f"{user}:{PASSWORD}@{parts.hostname}:{parts.port}"))

    async def connection(self, user: str) -> AbstractConnection:
        """Return a connection of a user's."""
        return await aio_pika.connect(self.url(user))

    def of(self, user: str) -> Settings:
        """Return the settings of a process that is given this user."""
        return self.settings.model_copy(update={"amqp_url": self.url(user), "bus_declares": "own"})


@pytest.fixture(scope="module")
async def users(
    keys: Keys, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Users]:
    """Users as set-up makes them, by the broker's own import of definitions."""
    if servers.broker is None:
        pytest.skip("the broker is somebody else's: no users are made there")
    deployments = Deployments(servers, keys)
    settings = deployments.new()
    given = definitions_of(settings, dict.fromkeys((*SERVICES, OPERATOR), PASSWORD))
    file = tmp_path_factory.mktemp("rights") / "definitions.json"
    file.write_text(json.dumps(given))
    await servers.broker.control("import_definitions", str(file))
    yield Users(settings)
    for user in (*SERVICES, OPERATOR):
        await servers.broker.control("delete_user", user)
    await deployments.remove()


async def is_refused(connection: AbstractConnection, exchange: str, key: str) -> bool:
    """Return whether a publish is refused for want of a right."""
    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
    try:
        to = channel.default_exchange if not exchange else await channel.get_exchange(exchange, ensure=False)
        await to.publish(aio_pika.Message(b"forged"), key, mandatory=True, timeout=10)
    except ChannelClosed as error:
        return "ACCESS_REFUSED" in str(error)
    except AMQPError:
        return False  # returned: it may be written there, and leads nowhere
    finally:
        if not channel.is_closed:
            await channel.close()
    return False


async def _nothing(_: object) -> None:
    return None


async def lengths(settings: Settings) -> dict[str, int]:
    """Return how many messages every queue holds."""
    queues, _ = all_names(settings)
    async with broker(settings) as channel:
        return {
            queue: (await channel.declare_queue(queue, passive=True)).declaration_result.message_count or 0
            for queue in queues
        }


def keys_tried(settings: Settings) -> list[str]:
    """Return every queue's name, every kind on a partition, and what is said about what was said."""
    queues, _ = all_names(settings)
    kinds = [f"p0.{kind}" for kind in sorted(KINDS)]
    about = [f"p0.{what}.{service}" for what in ("audit", "heard") for service in SERVICES]
    return [*queues, *kinds, *about, *SERVICES]


@pytest.mark.parametrize("user", SERVICES)
async def test_no_exchange_and_no_key_reaches_anothers_queue(users: Users, user: str) -> None:
    settings = users.settings
    names = Names(settings.bus_prefix)
    _, exchanges = all_names(settings)
    before = await lengths(settings)
    async with await users.connection(user) as connection:
        foreign = ["", "amq.topic", "amq.direct", "amq.fanout"]
        foreign += [exchange for exchange in exchanges if names.owner(exchange) != user]
        for exchange in foreign:
            # One key will do where nothing may be written at all; the right is the exchange's.
            assert await is_refused(connection, exchange, names.work("matching", 0)), exchange
        channel = await connection.channel(publisher_confirms=True, on_return_raises=False)
        for exchange in (exchange for exchange in exchanges if names.owner(exchange) == user):
            to = await channel.get_exchange(exchange, ensure=False)
            for key in keys_tried(settings):
                await to.publish(aio_pika.Message(b"forged"), key, mandatory=False)
    after = await lengths(settings)
    reached = {queue for queue in before if after[queue] > before[queue] and names.owner(queue) != user}
    allowed = {
        names.work(service, 0)
        for service in SERVICES
        for binding in ways_of(service, settings).queues[-settings.partitions].bindings
        if binding.exchange == names.events(user)
    }
    assert reached <= allowed, "only by its own facts, in its own name"
    said_by_others = [kind for kind in KINDS if PUBLISHERS[kind.split(".")[0]] != user]
    for kind in said_by_others:
        link = BrokerConnection(users.of(user), "a test")
        own = ServiceExchange(user, BusPublisher(link), names, lambda _: None)
        (outcome,) = await own.publish([Parcel(new_id(), f"p0.{kind}", "jiwang", b"[]", 1)])
        assert isinstance(outcome, NotTaken), f"{user} can say {kind}"
        await link.close()


@pytest.mark.parametrize("user", SERVICES)
async def test_nobody_reads_binds_purges_or_deletes_anothers_queue(users: Users, user: str) -> None:
    names = Names(users.settings.bus_prefix)
    other = next(service for service in SERVICES if service != user)
    async with await users.connection(user) as connection:
        for attempt in ("consume", "bind", "purge", "delete", "dead letter"):
            channel = await connection.channel()
            queue = await channel.get_queue(names.work(other, 0), ensure=False)
            # A queue of one's own whose dead letters go to somebody else's is a way there, too.
            dead_letters: dict[str, Any] = {"x-dead-letter-exchange": names.back(other)}
            own = f"{users.settings.bus_prefix}.{user}.own"
            attempts: dict[str, Callable[[], Awaitable[object]]] = {
                "consume": partial(queue.consume, _nothing, no_ack=True),
                "bind": partial(queue.bind, names.events(user), "#"),
                "purge": queue.purge,
                "delete": partial(queue.delete, if_unused=False, if_empty=False),
                "dead letter": partial(channel.declare_queue, own, arguments=dead_letters),
            }
            with pytest.raises(ChannelClosed, match="ACCESS_REFUSED"):
                await attempts[attempt]()


@pytest.mark.parametrize("user", SERVICES)
async def test_a_service_may_declare_its_own_ways_again(users: Users, user: str) -> None:
    names = Names(users.settings.bus_prefix)
    async with broker(users.settings) as channel:
        await channel.queue_delete(names.work(user, 1))
        await channel.exchange_delete(names.back(user))
    link = BrokerConnection(users.of(user), "a test")
    assert await declare(link, users.of(user), [user]) == {names.work(user, 1)}
    await link.close()


async def test_the_definitions_are_just_what_a_service_would_declare(users: Users) -> None:
    link = BrokerConnection(users.settings, "a test")
    assert await declare(link, users.settings, SERVICES) == frozenset()
    await link.close()


async def test_a_town_lives_with_a_user_for_each_service(users: Users, keys: Keys) -> None:
    # One process, so one user: the operator's, who may do what all of them may.
    settings = users.of(OPERATOR)
    async with running_house(settings, keys) as running:
        demand = await running.submitted("下水道堵了，想找人疏通")
        assert demand["order"]


def test_a_password_is_hashed_as_rabbitmq_documents_it() -> None:
    # The example of the documentation: "test12" with the salt 908D C60A.
    assert (
        password_hash("test12", bytes.fromhex("908DC60A"))
        == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
    )
