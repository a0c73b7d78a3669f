"""A way on the bus that is gone is made again, and what was lost with it is found and said again."""

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from services.chassis import metrics
from services.chassis.bus import BrokerConnection
from services.chassis.clock import new_id
from services.chassis.topology import SERVICES, Names, ways_of
from services.chassis.ways import declare
from services.composition import Settings
from services.contracts.catalogue import partition_of
from tests.support.deployment import Deployments, Keys, jiwang, roomy
from tests.support.messages import TEXT, orders
from tests.support.running import Running, broker, eventually, running_house

PARTITIONS = 2


async def submitted(running: Running, count: int = 3) -> list[str]:
    """Submit demands; return their ids at once."""
    resident = running.resident()
    return [(await resident.post("/demands", {"text": TEXT})).ok()["id"] for _ in range(count)]


async def all_placed(running: Running, demands: list[str], seconds: float = 30.0) -> None:
    """Wait until every demand has just its order, and knows it."""

    async def placed() -> bool:
        return await orders(running, *demands) == len(demands)

    await eventually(placed, seconds)
    for demand in demands:
        await running.resident().until(f"/demands/{demand}", lambda seen: seen["order"])


async def is_ready(running: Running) -> bool:
    return bool((await running.bearer(None).ask_at("GET", "/readyz")).status == 200)


async def delete_queues(channel: AbstractChannel, settings: Settings, service: str) -> None:
    names = Names(settings.bus_prefix)
    for partition in range(PARTITIONS):
        await channel.queue_delete(names.work(service, partition))


@pytest.mark.parametrize("service", SERVICES)
async def test_the_queues_of_a_service_that_are_deleted_are_made_again_and_what_was_lost_is_said_again(
    deployments: Deployments, keys: Keys, service: str
) -> None:
    async with running_house(deployments.new(), keys) as running:
        async with broker(running.settings) as channel:
            await delete_queues(channel, running.settings, service)
            demands = await submitted(running)
        await all_placed(running, demands)
        await eventually(lambda: is_ready(running))
        dispatched = {"demand": {"$in": demands}, "kind": "order.dispatched.v1"}
        notices = running.stores["notify"].plain("notices")

        async def told() -> bool:
            return await notices.count(dispatched) >= 2 * len(demands)

        await eventually(told, 30)
        await running.drained()
        # The residents and the providers, each once.
        assert await notices.count(dispatched) == 2 * len(demands)
        assert [await running.parked(name) for name in running.stores] == [[], [], [], []]


async def test_a_message_that_the_broker_confirmed_and_lost_is_found_by_comparing(
    deployments: Deployments, keys: Keys
) -> None:
    async with running_house(deployments.new(), keys) as running:
        said_again = metrics.SAID_AGAIN.labels("intake")._value.get()
        names, partition = Names(running.settings.bus_prefix), partition_of("jiwang", PARTITIONS)
        async with broker(running.settings) as channel:
            # matching no longer hears of demands; intake and notify do, so every publish is confirmed.
            queue = await channel.get_queue(names.work("matching", partition), ensure=False)
            await queue.unbind(names.events("intake"), f"p{partition}.demand.#")
            demands = await submitted(running)
        await all_placed(running, demands)
        assert metrics.SAID_AGAIN.labels("intake")._value.get() - said_again >= 3


async def test_an_exchange_that_is_gone_is_made_again_by_its_owner_and_bound_again_by_the_others(
    deployments: Deployments, keys: Keys
) -> None:
    async with running_house(deployments.new(ways_seconds=0.5), keys) as running:
        async with broker(running.settings) as channel:
            await channel.exchange_delete(Names(running.settings.bus_prefix).events("intake"))
        demands = await submitted(running)
        await all_placed(running, demands)


async def test_a_retry_queue_that_is_gone_with_what_was_put_off_is_made_good(
    deployments: Deployments, keys: Keys
) -> None:
    settings = deployments.new(retry_tiers_seconds=(20.0,), attempts_max=9, ways_seconds=0.5)
    async with running_house(settings, keys) as running:
        names = Names(settings.bus_prefix)
        late = f"late-{new_id()[-8:]}"
        await (
            running.stores["intake"].plain("places").put(_places(late))
        )  # intake knows it, matching does not
        resident = running.resident(at=late)
        demand = (await resident.post("/demands", {"text": TEXT})).ok()["id"]
        async with broker(settings) as channel:
            retry = names.retry("matching", 20.0)

            async def put_off() -> int:
                queue = await channel.declare_queue(retry, passive=True)
                return queue.declaration_result.message_count or 0

            assert await eventually(put_off) == 1
            await running.stores["intake"].plain("places").delete({"community": late})
            await running.load(roomy(jiwang(late)))
            await channel.queue_delete(retry)

        async def placed() -> bool:
            rows = await running.stores["matching"].plain("orders").find({"demand": demand})
            return len(rows) == 1

        await eventually(placed, 15)  # long before the twenty seconds that were lost


def _places(community: str) -> dict[str, object]:
    named = {"_id": f"{community}/places", "community": community, "_rev": 1, "_facts": 0, "name": "x"}
    return {**named, "compounds": {}, "venues": {}}


async def test_a_service_whose_ways_are_missing_is_unready_and_says_which(
    deployments: Deployments, keys: Keys
) -> None:
    async with running_house(deployments.new(), keys) as running:
        for service in running.process.services:
            assert service.ways.are_whole
        lost = running.process.services[1]
        lost.ways._settings = lost.settings.model_copy(update={"ways_seconds": 60.0})
        gauge = metrics.WAYS_MISSING.labels(lost.name)
        lost.ways.miss("a queue")
        answer = await running.bearer(None).ask_at("GET", "/readyz")
        assert (answer.status, answer.body["missing"]) == (503, [f"ways of {lost.name}"])
        assert gauge._value.get() == 1
        await eventually(lambda: is_ready(running))
        assert gauge._value.get() == 0


async def test_declaring_tells_what_was_not_there_and_again_changes_nothing(settings: Settings) -> None:
    link = BrokerConnection(settings, "a test")
    queues = {queue.name for service in SERVICES for queue in ways_of(service, settings).queues}
    assert await declare(link, settings, SERVICES) == queues
    assert await declare(link, settings, SERVICES) == frozenset()
    await link.close()


async def test_a_queue_that_an_earlier_release_made_is_taken_as_it_is(settings: Settings) -> None:
    names = Names(settings.bus_prefix)
    queue = names.work("matching", 0)
    before = {**ways_of("matching", settings).queues[-PARTITIONS].arguments}
    before["x-dead-letter-exchange"] = f"{settings.bus_prefix}.dead"
    async with broker(settings) as channel:
        await channel.declare_queue(queue, durable=True, arguments=before)
        await channel.default_exchange.publish(aio_pika.Message(b"it waits"), queue)
        link = BrokerConnection(settings, "a test")
        assert queue not in await declare(link, settings, SERVICES)
        kept = await channel.declare_queue(queue, passive=True)
        assert kept.declaration_result.message_count == 1
        await link.close()
