"""The bus when a letter cannot be handled or published: parked, given up by the broker, taken by two."""

import asyncio
from typing import Any

import aio_pika
import aiohttp
import orjson
import pytest

from services.chassis.bus import SKIP, BrokerConnection, BusPublisher, ServiceExchange
from services.chassis.clock import new_id
from services.chassis.failures import Away
from services.chassis.mongo import Store, open_client
from services.chassis.outbox import NotTaken
from services.chassis.parking import Parked, ParkingLot
from services.chassis.topology import Names
from services.composition import Settings, process_of
from services.contracts.catalogue import partition_of
from tests.support.deployment import Deployments, Keys, jiwang
from tests.support.messages import TEXT, orders, parcel, parked_as, put, submitted, urged
from tests.support.running import Running, broker, eventually, running_house


def exchange(link: BrokerConnection, settings: Settings, service: str = "intake") -> ServiceExchange:
    """Return how a service speaks over a link of the test's own."""
    return ServiceExchange(service, BusPublisher(link), Names(settings.bus_prefix), lambda _: None)


class TestParked:
    """What `sandan parked` does: each action is recorded, and neither loses nor doubles anything."""

    async def _replay(self, running: Running, message: Parked, action: str) -> None:
        """Do what the command does: send it back, then take it off the lot."""
        link = BrokerConnection(running.settings, "a test")
        headers = {SKIP: True} if action == "discarded" else {}
        await exchange(link, running.settings, message.service).publish_back(
            message.queue, message.body, headers
        )
        await ParkingLot(running.stores[message.service]).take_off(message, action, "wang")
        await link.close()

    async def test_a_replay_does_it_and_is_recorded(self, clean: Running) -> None:
        demand = new_id()
        community = f"late-{demand[-8:]}"
        lost = submitted(demand, community=community)
        await put(clean, "matching", lost, partition=partition_of(community, 2))
        message = await parked_as(clean, "matching", "failed_too_often")
        parking = ParkingLot(clean.stores["matching"])
        assert await parking.find(message.id[:10]) == message
        await clean.load(jiwang(community))
        await self._replay(clean, message, "replayed")

        async def placed() -> int:
            return await clean.stores["matching"].plain("orders").count({"_id": f"{community}/{demand}-1"})

        await eventually(placed)
        assert await clean.parked("matching") == []
        (record,) = await parking.actions()
        assert (record["action"], record["by"], record["parked"]) == ("replayed", "wang", message.id)
        assert record["reason"] == "failed_too_often"

    @pytest.mark.parametrize(
        ("bad", "reason"),
        [({"kind": "demand.sung.v1"}, "unknown_kind"), ({"body": {"demand": "d"}}, "wrong_body")],
        ids=["unknown kind", "wrong body"],
    )
    async def test_a_discard_lets_the_stream_go_on(
        self, clean: Running, bad: dict[str, Any], reason: str
    ) -> None:
        demand = new_id()
        await put(clean, "matching", submitted(demand))
        await put(clean, "matching", {**urged(demand, 1), **bad})
        await put(clean, "matching", urged(demand, 2))
        message = await parked_as(clean, "matching", reason)
        await clean.drained()
        where = {"_id": f"jiwang/{demand}-1"}
        assert (await clean.stores["matching"].plain("orders").find(where))[0]["urged"] == 0
        await self._replay(clean, message, "discarded")

        async def went_on() -> bool:
            return bool((await clean.stores["matching"].plain("orders").find(where))[0]["urged"] == 1)

        await eventually(went_on)
        await clean.drained()
        assert await clean.parked("matching") == []
        (record,) = await ParkingLot(clean.stores["matching"]).actions()
        assert record["action"] == "discarded"

    async def test_a_discarded_failure_is_not_done(self, clean: Running) -> None:
        demand = new_id()
        community = f"never-{demand[-8:]}"
        lost = submitted(demand, community=community)
        await put(clean, "matching", lost, partition=partition_of(community, 2))
        message = await parked_as(clean, "matching", "failed_too_often")
        await clean.load(jiwang(community))
        await self._replay(clean, message, "discarded")
        await clean.drained()
        assert await clean.stores["matching"].plain("orders").count({"_id": f"{community}/{demand}-1"}) == 0
        assert await clean.parked("matching") == []

    async def test_what_was_parked_in_the_wrong_place_can_be_discarded_for_good(self, clean: Running) -> None:
        await put(clean, "matching", submitted(new_id(), community="fenwan"), community="jiwang")
        message = await parked_as(clean, "matching", "wrong_community")
        await self._replay(clean, message, "discarded")
        await clean.drained()
        assert await clean.parked("matching") == []

    async def test_the_same_message_parked_twice_is_on_the_lot_once(self, clean: Running) -> None:
        for _ in range(3):
            await put(clean, "matching", b"the same nonsense")
        await clean.drained()
        assert len(await clean.parked("matching")) == 1


class TestPublishing:
    async def test_what_nobody_would_receive_is_not_taken_and_what_is_beside_it_is(
        self, clean: Running
    ) -> None:
        link = BrokerConnection(clean.settings, "a test")
        speaks = exchange(link, clean.settings)
        outcomes = await speaks.publish([parcel(), parcel("p99.nobody.hears"), parcel()])
        assert [type(outcome) for outcome in outcomes] == [type(None), NotTaken, type(None)]
        assert await speaks.publish([parcel() for _ in range(300)]) == [None] * 300
        await link.close()

    async def test_an_exchange_that_is_not_there_is_told_to_its_owner(self, clean: Running) -> None:
        link = BrokerConnection(clean.settings, "a test")
        missed: list[str] = []
        names = Names("nowhere")
        (outcome,) = await ServiceExchange("intake", BusPublisher(link), names, missed.append).publish(
            [parcel()]
        )
        assert isinstance(outcome, NotTaken)
        assert missed == ["nowhere.intake.events"]
        await link.close()

    async def test_a_broker_nobody_answers_at_is_away(self, settings: Settings) -> None:
        nowhere = settings.model_copy(update={"amqp_url": "amqp://127.0.0.1:1/"})
        link = BrokerConnection(Settings.model_validate(nowhere.model_dump()), "a test")
        (outcome,) = await exchange(link, settings).publish([parcel()])
        assert isinstance(outcome, Away)


async def test_what_the_broker_gave_up_on_is_parked_envelope_by_envelope(clean: Running) -> None:
    names = Names(clean.settings.bus_prefix)
    async with broker(clean.settings) as channel:
        exchange = await channel.get_exchange(names.dead("matching"), ensure=False)
        parcel = [submitted("d1"), submitted("d2")]
        await exchange.publish(aio_pika.Message(orjson.dumps(parcel)), "matching")

    async def both() -> bool:
        return len(await clean.parked("matching")) == 2

    await eventually(both)
    for message in await clean.parked("matching"):
        assert message.reason == "delivery_limit"
        assert isinstance(orjson.loads(message.body), dict)


async def test_a_message_that_is_delivered_too_often_ends_in_the_parking_lot(
    deployments: Deployments, keys: Keys
) -> None:
    settings = deployments.new()
    async with running_house(settings, keys):
        pass
    queue = Names(settings.bus_prefix).work("matching", partition_of("jiwang", 2))
    async with broker(settings) as channel:
        await channel.default_exchange.publish(aio_pika.Message(b"it kills whoever takes it"), queue)
        killed = await channel.get_queue(queue, ensure=False)
        tries = 0

        async def die(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            nonlocal tries
            tries += 1
            await message.reject(requeue=True)

        await killed.consume(die)

        async def given_up() -> bool:
            return tries >= 21

        await eventually(given_up)
    client = open_client(settings.mongo_url or "")
    async with aiohttp.ClientSession() as session:
        built = process_of(settings)
        stores = {"matching": Store(client, f"{settings.database_prefix}_matching")}
        running = Running(built, settings, keys, session, stores)
        await built.start()
        message = await parked_as(running, "matching", "delivery_limit")
        await built.stop()
        assert message.body == b"it kills whoever takes it"
    client.close()


class TestReplicas:
    async def test_two_share_the_partitions_and_one_takes_over_what_the_other_leaves(
        self, deployments: Deployments, keys: Keys
    ) -> None:
        settings = deployments.new(partitions=4, member_seconds=0.6)
        async with running_house(settings, keys) as first:
            second = process_of(settings)
            await second.start()

            async def shared() -> bool:
                return all(
                    len(one.partitions.held) == 2
                    and one.partitions.held | other.partitions.held == frozenset(range(4))
                    for one, other in zip(first.process.services, second.services, strict=True)
                )

            await eventually(shared)
            demands = await self._submit(first, 40)
            await second.stop()

            async def taken_over() -> bool:
                return all(len(service.partitions.held) == 4 for service in first.process.services)

            demands += await self._submit(first, 20)
            await eventually(taken_over)
            await first.drained()
            assert await orders(first, *demands) == 60
            assert [await first.parked(name) for name in first.stores] == [[], [], [], []]

    async def test_stopping_in_the_middle_of_it_loses_nothing(
        self, deployments: Deployments, keys: Keys
    ) -> None:
        settings = deployments.new()
        demands: list[str] = []
        async with running_house(settings, keys) as running:
            demands = await self._submit(running, 60)
        for _ in range(2):
            again = process_of(settings)
            await again.start()
            await asyncio.sleep(0.05)
            await again.stop()
        async with running_house(settings, keys) as running:
            await running.drained()
            assert await orders(running, *demands) == 60
            seen = [(await running.resident().get(f"/demands/{demand}")).ok() for demand in demands]
            lines = [[line["what"] for line in demand["timeline"]] for demand in seen]
            assert all(line[0] == "submitted" and len(line) == 2 for line in lines), lines
            assert [await running.parked(name) for name in running.stores] == [[], [], [], []]

    async def _submit(self, running: Running, count: int) -> list[str]:
        resident = running.resident()
        answers = await asyncio.gather(*(resident.post("/demands", {"text": TEXT}) for _ in range(count)))
        return [answer.ok()["id"] for answer in answers]
