"""The bus with a real broker: what cannot be read, what fails, what comes twice, too early or to two."""

import asyncio
from typing import Any

import pytest

from services.chassis import metrics
from services.chassis.clock import new_id
from services.chassis.processor import ATTEMPT
from services.contracts.catalogue import partition_of
from tests.support.deployment import Deployments, Keys, jiwang
from tests.support.messages import SUBMITTED, TEXT, has_order, orders, parked_as, put, submitted, urged
from tests.support.running import Running, envelope, eventually, running_house


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
