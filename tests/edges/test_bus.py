"""The bus with a real broker: what cannot be read, what fails, what comes twice, too early or to two."""

import asyncio
from typing import Any

import aio_pika
import aiohttp
import orjson
import pytest

from services.chassis import metrics
from services.chassis.bus import SKIP, BrokerConnection, BusPublisher, ServiceExchange
from services.chassis.clock import new_id
from services.chassis.failures import Away
from services.chassis.mongo import Store, open_client
from services.chassis.outbox import NotTaken, Parcel
from services.chassis.parking import Parked, ParkingLot
from services.chassis.processor import ATTEMPT
from services.chassis.topology import Names
from services.composition import Settings, process_of
from services.contracts.catalogue import partition_of
from tests.support.deployment import Deployments, Keys, jiwang
from tests.support.messages import SUBMITTED, TEXT, has_order, orders, parked_as, put, submitted, urged
from tests.support.running import Running, broker, envelope, eventually, running_house


def exchange(link: BrokerConnection, settings: Settings, service: str = "intake") -> ServiceExchange:
    """Return how a service speaks over a link of the test's own."""
    return ServiceExchange(service, BusPublisher(link), Names(settings.bus_prefix), lambda _: None)


@pytest.fixture
async def clean(running: Running) -> Running:
    """The module's house with empty parking lots."""
    for store in running.stores.values():
        await store.plain("parked").delete({})
        await store.plain("parked_actions").delete({})
    return running


def deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


_GOOD = submitted("never")
UNREADABLE = {
    "bytes": (b"\x00\xff\xfe", "not_json"),
    "text": (b"hello", "not_json"),
    "empty": (b"", "not_json"),
    "a number out of JSON": (b"[NaN]", "not_json"),
    "a number": (b"42", "not_a_parcel"),
    "a word": (b'"demand"', "not_a_parcel"),
    "null": (b"null", "not_a_parcel"),
    "numbers in a parcel": (b"[42]", "not_an_envelope"),
    "nothing inside": (b"{}", "not_an_envelope"),
    "nested 300 deep": (deep(300), "not_an_envelope"),
    "nested without end": (deep(5_000), "not_json"),
    "no id": ({**_GOOD, "id": ""}, "not_an_envelope"),
    "version nought": ({**_GOOD, "version": 0}, "not_an_envelope"),
    "a version beyond counting": ({**_GOOD, "version": 2**60}, "not_an_envelope"),
    "no such role": ({**_GOOD, "actor": {"subject": "x", "role": "mayor"}}, "not_an_envelope"),
    "a community that is a path": ({**_GOOD, "community": "../jiwang"}, "not_an_envelope"),
    "a kind nobody knows": ({**_GOOD, "kind": "demand.sung.v1"}, "unknown_kind"),
    "a version of the future": ({**_GOOD, "kind": "demand.submitted.v9"}, "unknown_kind"),
    "a body without its words": ({**_GOOD, "body": {"demand": "d"}}, "wrong_body"),
    "a body that is a list": ({**_GOOD, "body": []}, "wrong_body"),
    "a body with a wrong type": ({**_GOOD, "body": {**_GOOD["body"], "text": 7}}, "wrong_body"),
}


@pytest.mark.parametrize("what", list(UNREADABLE))
async def test_what_cannot_be_read_is_parked_at_once_and_the_good_go_on(clean: Running, what: str) -> None:
    body, reason = UNREADABLE[what]
    before, after = new_id(), new_id()
    await put(clean, "matching", submitted(before))
    await put(clean, "matching", body)
    await put(clean, "matching", submitted(after))
    message = await parked_as(clean, "matching", reason)
    assert message.attempts == 0
    assert message.body == (body if isinstance(body, bytes) and reason != "not_an_envelope" else message.body)
    await has_order(clean, before)
    await has_order(clean, after)
    assert (await clean.bearer(None).ask_at("GET", "/healthz")).status == 200


async def test_good_neighbours_in_the_same_parcel_are_handled(clean: Running) -> None:
    first, second = new_id(), new_id()
    parcel = [
        submitted(first),
        {"nonsense": True},
        {**submitted("x"), "kind": "demand.sung.v1"},
        submitted(second),
    ]
    await put(clean, "matching", parcel)
    await parked_as(clean, "matching", "not_an_envelope")
    await parked_as(clean, "matching", "unknown_kind")
    await has_order(clean, first)
    await has_order(clean, second)


async def test_a_reason_never_repeats_what_a_resident_said(clean: Running) -> None:
    await put(clean, "matching", submitted("d", body={"about": "13812345678"}))
    message = await parked_as(clean, "matching", "wrong_body")
    assert message.detail == "about: literal_error"


async def test_a_message_of_20_megabytes_is_parked_cut_and_stops_nobody(clean: Running) -> None:
    after = new_id()
    await put(clean, "matching", b"x" * 20 * 1024 * 1024)
    await put(clean, "matching", submitted(after))
    message = await parked_as(clean, "matching", "not_json")
    assert len(message.body) < 5 * 1024 * 1024
    assert "20971520" in message.detail
    await has_order(clean, after)


@pytest.mark.parametrize(
    ("community", "outside"), [("fenwan", "jiwang"), ("jiwang", "fenwan")], ids=["inside", "outside"]
)
async def test_an_envelope_of_another_community_than_it_says_outside_is_parked(
    clean: Running, community: str, outside: str
) -> None:
    demand = new_id()
    await put(clean, "matching", submitted(demand, community=community), community=outside)
    await parked_as(clean, "matching", "wrong_community")
    assert await orders(clean, demand) == 0


async def test_an_envelope_on_another_communitys_partition_is_parked(clean: Running) -> None:
    demand = new_id()
    other = 1 - partition_of("jiwang", 2)
    await put(clean, "matching", submitted(demand), partition=other)
    await parked_as(clean, "matching", "wrong_community")
    assert await orders(clean, demand) == 0


async def test_an_order_of_another_communitys_demand_is_parked_with_the_reason(clean: Running) -> None:
    await clean.load(jiwang("fenwan"))
    theirs = (await clean.resident(at="fenwan").post("/demands", {"text": TEXT})).ok()["id"]
    body = {
        "order": f"{theirs}-1",
        "demand": theirs,
        "asked_by": "r1",
        "provider": {"id": "x", "name": "x", "kind": "unit"},
    }
    stream = f"orders/{theirs}-1"
    await put(clean, "intake", envelope("order.accepted.v1", body, id=new_id(), stream=stream))
    message = await parked_as(clean, "intake", "unknown_demand")
    assert theirs in message.detail
    await clean.drained()
    assert (await clean.resident(at="fenwan").get(f"/demands/{theirs}")).ok()["status"] != "accepted"


class TestTryingAgain:
    async def test_a_community_that_was_never_loaded_is_tried_through_the_tiers_then_parked(
        self, clean: Running
    ) -> None:
        failed = metrics.FAILED.labels("matching", SUBMITTED)._value.get()
        lost = submitted(new_id(), community="atlantis")
        partition = partition_of("atlantis", clean.settings.partitions)
        good = new_id()
        await put(clean, "matching", lost, partition=partition)
        await put(clean, "matching", submitted(good))
        await has_order(clean, good)
        message = await parked_as(clean, "matching", "failed_too_often")
        assert message.attempts == clean.settings.attempts_max == 4
        assert "atlantis" in message.detail
        assert metrics.FAILED.labels("matching", SUBMITTED)._value.get() - failed == 4

    async def test_the_attempt_is_counted_in_a_header_of_our_own(self, clean: Running) -> None:
        lost = submitted(new_id(), community="atlantis")
        partition = partition_of("atlantis", clean.settings.partitions)
        await put(clean, "matching", lost, partition=partition, **{ATTEMPT: 3})
        message = await parked_as(clean, "matching", "failed_too_often")
        assert message.attempts == 4

    @pytest.mark.parametrize("attempt", ["many", -7, None, 2.5], ids=repr)
    async def test_a_header_that_makes_no_sense_counts_as_none(self, clean: Running, attempt: Any) -> None:
        lost = submitted(new_id(), community="atlantis")
        partition = partition_of("atlantis", clean.settings.partitions)
        await put(clean, "matching", lost, partition=partition, **{ATTEMPT: attempt})
        assert (await parked_as(clean, "matching", "failed_too_often")).attempts == 4

    async def test_what_could_not_be_done_yet_is_done_when_it_can(
        self, deployments: Deployments, keys: Keys
    ) -> None:
        settings = deployments.new(retry_tiers_seconds=(0.2,), attempts_max=50)
        async with running_house(settings, keys) as running:
            demand = new_id()
            early = submitted(demand, community="fenwan")
            await put(running, "matching", early, partition=partition_of("fenwan", 2))
            await asyncio.sleep(0.3)
            await running.load(jiwang("fenwan"))

            async def placed() -> int:
                where = {"_id": f"fenwan/{demand}-1"}
                return await running.stores["matching"].plain("orders").count(where)

            await eventually(placed)
            assert await running.parked("matching") == []


class TestOrderWithinAStream:
    async def test_a_gap_waits_and_is_drained_in_order(self, clean: Running) -> None:
        demand = new_id()
        for times in (4, 2, 3, 1):
            await put(clean, "matching", urged(demand, times))
        await clean.drained()
        assert await orders(clean, demand) == 0
        await put(clean, "matching", submitted(demand))
        await has_order(clean, demand)
        await clean.drained()
        (order,) = await clean.stores["matching"].plain("orders").find({"_id": f"jiwang/{demand}-1"})
        assert order["urged"] == 4
        (cursor,) = await clean.stores["matching"].plain("streams").find({"_id": f"jiwang/demands/{demand}"})
        assert (cursor["version"], cursor["waiting"]) == (5, [])

    async def test_the_same_again_changes_nothing_however_often(self, clean: Running) -> None:
        demand = new_id()
        story = [submitted(demand), urged(demand, 1), urged(demand, 2)]
        for letter in story:
            await put(clean, "matching", letter)
        await has_order(clean, demand)
        await clean.drained()
        before = await clean.rows()
        for letter in [*story, *reversed(story), *story]:
            await put(clean, "matching", letter)
        await put(clean, "matching", story * 3)
        await clean.drained()
        assert await clean.rows() == before

    async def test_another_event_with_an_old_version_is_no_second_chance(self, clean: Running) -> None:
        demand = new_id()
        await put(clean, "matching", submitted(demand))
        await has_order(clean, demand)
        await put(clean, "matching", submitted(demand, body={"text": "别的事"}))
        await clean.drained()
        (order,) = await clean.stores["matching"].plain("orders").find({"_id": f"jiwang/{demand}-1"})
        assert order["text"] == TEXT

    async def test_a_rule_that_says_no_does_not_hold_up_the_stream(self, clean: Running) -> None:
        demand = new_id()
        refused = metrics.REFUSED.labels("matching", "demand.urged.v1")._value.get()
        gone = envelope(
            "demand.withdrawn.v1", {"demand": demand}, id=new_id(), stream=f"demands/{demand}", version=2
        )
        for letter in (submitted(demand), gone, urged(demand, 2), urged(demand, 3)):
            await put(clean, "matching", letter)
        await clean.drained()
        assert metrics.REFUSED.labels("matching", "demand.urged.v1")._value.get() - refused == 2
        (cursor,) = await clean.stores["matching"].plain("streams").find({"_id": f"jiwang/demands/{demand}"})
        assert cursor["version"] == 4
        assert await clean.parked("matching") == []


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


SUBMITTED_KEY = f"p{partition_of('jiwang', 2)}.{SUBMITTED}"


def parcel(key: str = SUBMITTED_KEY) -> Parcel:
    """Return a parcel with nothing in it."""
    return Parcel(new_id(), key, "jiwang", b"[]", 0)


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
