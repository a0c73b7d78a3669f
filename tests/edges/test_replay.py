"""Every message ever sent, sent again: shuffled, doubled, in other parcels. Nothing may change."""

import asyncio
import random
from typing import Any

import aio_pika
import orjson
import pytest

from services.chassis.topology import SERVICES, Names
from services.contracts.catalogue import KINDS, PUBLISHERS
from services.contracts.points import PointsApproved, PointsRuleDecided
from tests.support.running import Running, broker
from tests.support.tape import Story, Tape, recorded

SEEDS = (1, 20260302, 7_188)


@pytest.fixture(scope="module")
async def told(running: Running) -> Tape:
    """A story that was told, and everything that was said in it."""
    async with recorded(running) as tape:
        await Story(running).play()
        await running.load(_another_file())
        await running.drained()
        await running.submitted("家里水龙头坏了一直滴水，想找人修", None)
        await running.drained()
    return tape


def _another_file() -> Any:
    from tests.support.deployment import jiwang, roomy

    file = roomy(jiwang(budget_points=30_000))
    scarce = tuple(
        partner.model_copy(update={"capacity": 1}) if partner.id == "shuntong-plumbing" else partner
        for partner in file.partners
    )
    return file.model_copy(update={"partners": scarce})


NOT_IN_THE_STORY = {
    "points.withheld.v1",
    "points.dropped.v1",
    "points.day_closed.v1",
    "points.expired.v1",
    "points.expire_soon.v1",
}
"""What needs an empty budget, midnight, or months."""


async def test_the_story_says_nearly_everything_that_can_be_said(told: Tape) -> None:
    said = {row["kind"] for _, _, row in told.envelopes}
    missing = set(KINDS) - said - NOT_IN_THE_STORY
    assert not missing, "tell what is new in `Story`, above"


async def _publish(running: Running, messages: list[tuple[str, str, bytes]]) -> None:
    async with broker(running.settings) as channel:
        names = Names(running.settings.bus_prefix)
        exchanges = {
            service: await channel.get_exchange(names.events(service), ensure=False) for service in SERVICES
        }
        for at in range(0, len(messages), 100):
            await asyncio.gather(
                *(
                    exchanges[PUBLISHERS[key.split(".")[1]]].publish(
                        aio_pika.Message(body, headers={"community": who} if who else {}, delivery_mode=2),
                        key,
                    )
                    for key, who, body in messages[at : at + 100]
                )
            )


async def _untouched(running: Running, messages: list[tuple[str, str, bytes]]) -> None:
    before = await running.rows()
    assert sum(len(rows) for rows in before.values()) > 100
    await _publish(running, messages)
    await running.drained()
    after = await running.rows()
    assert sorted(after) == sorted(before)
    for name, rows in before.items():
        assert after[name] == rows, name
    assert [await running.parked(name) for name in running.stores] == [[], [], [], []]


@pytest.mark.parametrize("seed", SEEDS)
async def test_everything_again_shuffled_and_doubled_changes_nothing(
    running: Running, told: Tape, seed: int
) -> None:
    messages = told.messages * 2
    random.Random(seed).shuffle(messages)
    await _untouched(running, messages)


@pytest.mark.parametrize("seed", SEEDS)
async def test_everything_again_in_other_parcels_changes_nothing(
    running: Running, told: Tape, seed: int
) -> None:
    dice = random.Random(seed)
    by_key: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for key, who, row in told.envelopes * 2:
        by_key.setdefault((key, who), []).append(row)
    messages = []
    for (key, who), rows in by_key.items():
        dice.shuffle(rows)
        while rows:
            size = dice.randint(1, 7)
            messages.append((key, who, orjson.dumps(rows[:size])))
            del rows[:size]
    dice.shuffle(messages)
    await _untouched(running, messages)


async def test_a_service_that_forgot_everything_and_hears_it_shuffled_comes_to_the_same(
    running: Running, told: Tape
) -> None:
    """Order within a stream is kept by the receivers; notify, which says nothing, can be told anew."""
    before = await running.rows()
    kept = {name: rows for name, rows in before.items() if name.startswith("notify.")}
    for name in ("notices", "followings", "streams"):
        await running.stores["notify"].plain(name).delete({})
    messages = list(told.messages)
    random.Random(3).shuffle(messages)
    await _publish(running, messages)
    await running.drained()
    after = await running.rows()
    assert after["notify.followings"] == kept["notify.followings"]
    # A supporter hears of an order from the moment notify heard of the support, whose stream is another.
    assert _told_to_others(after["notify.notices"]) == _told_to_others(kept["notify.notices"])
    assert [(row["_id"], row["version"], row["waiting"]) for row in after["notify.streams"]] == [
        (row["_id"], row["version"], []) for row in kept["notify.streams"]
    ]


def _told_to_others(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    # The budget was approved, and the rule decided, before the tape began.
    before = (PointsApproved.kind, PointsRuleDecided.kind)
    heard = [row for row in rows if row["kind"] not in before]
    told = [(str(row["at"]), row["recipient"], row["kind"], row["text"]) for row in heard]
    return sorted(notice for notice in told if notice[1] != "person:r2")
