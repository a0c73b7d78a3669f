"""The unreadable, the hostile and the contradictory: put aside together, and never after the deed."""

import asyncio
from collections.abc import Sequence
from typing import Any

import aio_pika
import orjson
import pytest

from services.chassis import announcing, metrics
from services.chassis.bus import SKIP, BrokerConnection, BusPublisher, ServiceExchange
from services.chassis.clock import new_id
from services.chassis.parking import Parked, ParkingLot
from services.chassis.processor import ATTEMPT
from services.chassis.streams import STREAMS, WAITS_SINCE
from services.chassis.topology import Names
from services.contracts.envelope import open_parcel
from tests.support.messages import SUBMITTED, TEXT, has_order, parked_as, put, submitted, urged
from tests.support.running import Running, broker, eventually

JUNK = 3_000


async def test_bad_messages_are_put_aside_many_in_a_write(
    clean: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[int] = []
    park = ParkingLot.park

    async def counting(self: ParkingLot, messages: Sequence[Parked]) -> None:
        writes.append(len(messages))
        await park(self, messages)

    monkeypatch.setattr(ParkingLot, "park", counting)
    queue = Names(clean.settings.bus_prefix).work("matching", 0)
    async with broker(clean.settings) as channel:
        for at in range(0, JUNK, 200):
            bodies = (aio_pika.Message(f"junk {n}".encode()) for n in range(at, at + 200))
            await asyncio.gather(*(channel.default_exchange.publish(body, queue) for body in bodies))

    async def all_parked() -> bool:
        return await clean.stores["matching"].plain("parked").count({"reason": "not_json"}) == JUNK

    await eventually(all_parked, 60)
    assert sum(writes) >= JUNK
    assert len(writes) < JUNK / 5, "not one by one, however they trickle in"
    demand = (await clean.resident().post("/demands", {"text": TEXT})).ok()["id"]
    await has_order(clean, demand)


HEADERS: dict[str, tuple[object, dict[str, Any]]] = {
    "a kind with blanks that is to be skipped": ({**submitted("x1"), "kind": "a kind of mine"}, {SKIP: True}),
    "more attempts than can be counted": (submitted("x2"), {ATTEMPT: 2**63 - 1}),
    "a community that is a number": (submitted("x3"), {"community": 7}),
    "a parcel's id that is a number": (submitted("x4"), {"x_sandan_parcel": 7, "x_sandan_envelopes": "many"}),
    "a question nobody asked": (b"{}", {"x_sandan_control": "audit"}),
    "an answer nobody waits for": (b"[]", {"x_sandan_control": "heard"}),
}


@pytest.mark.parametrize("what", list(HEADERS))
async def test_no_header_of_ours_breaks_anything_before_or_after_the_deed(clean: Running, what: str) -> None:
    body, headers = HEADERS[what]
    await put(clean, "matching", body, **headers)
    demand = new_id()
    await put(clean, "matching", submitted(demand))
    await has_order(clean, demand)
    await clean.drained()
    assert [m.reason for m in await clean.parked("matching") if m.reason == "fault"] == []
    for service in clean.process.services:
        assert service.supervisor.failing == ()


class TestContradictions:
    async def test_another_fact_under_the_number_of_the_last_one_is_put_aside(self, clean: Running) -> None:
        demand = new_id()
        await put(clean, "matching", submitted(demand))
        await has_order(clean, demand)
        forged = submitted(demand, body={"text": "一句别的话"})
        await put(clean, "matching", forged)
        message = await parked_as(clean, "matching", "contradiction")
        assert orjson.loads(message.body)["id"] == forged["id"]
        assert f"demands/{demand}" in message.detail

    async def test_the_same_id_with_another_body_is_noticed_too(self, clean: Running) -> None:
        demand = new_id()
        told = submitted(demand)
        await put(clean, "matching", told)
        await has_order(clean, demand)
        changed = {**told, "body": {**told["body"], "text": "一句别的话"}}
        await put(clean, "matching", changed)
        await parked_as(clean, "matching", "contradiction")

    async def test_the_very_same_again_is_a_repetition(self, clean: Running) -> None:
        repeated = metrics.REPEATED.labels("matching")._value.get()
        told = submitted(new_id())
        for _ in range(3):
            await put(clean, "matching", told)
        await clean.drained()
        assert metrics.REPEATED.labels("matching")._value.get() - repeated == 2
        assert await clean.parked("matching") == []


class TestStreamsThatWait:
    async def waiting(self, running: Running, demand: str) -> announcing.Gap:
        """Wait for a stream of a demand to wait."""

        async def found() -> list[announcing.Gap]:
            gaps = await announcing.gaps(running.stores["matching"], "matching")
            return [gap for gap in gaps if gap.stream == f"demands/{demand}"]

        (gap,) = await eventually(found)
        assert isinstance(gap, announcing.Gap)
        return gap

    async def test_they_are_listed_with_what_is_missing_and_counted(self, clean: Running) -> None:
        demand = new_id()
        await put(clean, "matching", urged(demand, 2))  # number 3 of its stream
        gap = await self.waiting(clean, demand)
        assert (gap.version, gap.missing, gap.waiting) == (0, (1, 2), (3,))
        backlog = await clean.stores["matching"].backlog(STREAMS, WAITS_SINCE)
        assert backlog.count >= 1
        assert backlog.oldest is not None
        await put(clean, "matching", submitted(demand))
        await put(clean, "matching", urged(demand, 1))
        await clean.drained()
        gaps = await announcing.gaps(clean.stores["matching"], "matching")
        assert f"demands/{demand}" not in {gap.stream for gap in gaps}

    async def test_what_is_kept_of_a_stream_is_said_again(self, clean: Running) -> None:
        demand = (await clean.resident().post("/demands", {"text": TEXT})).ok()["id"]
        await has_order(clean, demand)
        await clean.drained()
        stream = f"demands/{demand}"
        parcels = await announcing.kept_parcels(clean.stores["intake"], "jiwang", stream)
        assert SUBMITTED in {row["kind"] for parcel in parcels for row in open_parcel(parcel.body)}
        # As if matching had never heard of it.
        await clean.stores["matching"].plain("streams").delete({"_id": f"jiwang/{stream}"})
        await clean.stores["matching"].plain("orders").delete({"_id": f"jiwang/{demand}-1"})
        link = BrokerConnection(clean.settings, "a test")
        exchange = ServiceExchange(
            "intake", BusPublisher(link), Names(clean.settings.bus_prefix), lambda _: None
        )
        await announcing.announce_again(exchange, parcels)
        await link.close()
        await has_order(clean, demand)

    async def test_a_person_lets_a_stream_go_on_without_and_it_is_recorded(self, clean: Running) -> None:
        demand = new_id()
        await put(clean, "matching", urged(demand, 2))
        gap = await self.waiting(clean, demand)
        link = BrokerConnection(clean.settings, "a test")
        exchange = ServiceExchange(
            "matching", BusPublisher(link), Names(clean.settings.bus_prefix), lambda _: None
        )
        store, partitions = clean.stores["matching"], clean.settings.partitions
        assert await announcing.skip_missing(store, exchange, gap, partitions, "wang") == 2
        await link.close()
        await clean.drained()
        (cursor,) = await store.plain("streams").find({"_id": f"jiwang/demands/{demand}"})
        assert (cursor["version"], cursor["waiting"], cursor["waits_since"]) == (3, [], None)
        (record,) = await ParkingLot(store).actions()
        assert (record["action"], record["by"], record["missing"]) == ("skipped", "wang", [1, 2])
