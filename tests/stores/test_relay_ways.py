"""What one queue does not take holds up nobody else: parcel by parcel, without a storm of repeats."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.chassis import metrics, relay
from services.chassis.clock import new_id, now
from services.chassis.failures import Away
from services.chassis.mongo import Store
from services.chassis.outbox import OutboxRow, Parcel
from services.chassis.relay import NEVER, Relay
from tests.stores.things import Publisher

FULL, FREE = "p3.demand.submitted.v1", "p5.demand.submitted.v1"


async def left_behind(store: Store, *keys: str, count: int = 1, **changes: Any) -> list[str]:
    """Put rows into the outbox that their writer never sent, one parcel a key; return their ids."""
    ids = [new_id() for _ in range(count)]
    for outbox_row in ids:
        parcels = tuple(Parcel(f"{outbox_row}.{n}", key, "c", b"[]", 1) for n, key in enumerate(keys))
        row = OutboxRow(outbox_row, now() - timedelta(minutes=1), parcels).to_document() | changes
        await store.plain("outbox").put(row)
    return ids


def relay_of(store: Store, publisher: Publisher) -> Relay:
    return Relay(store, publisher, 0.2, "test", kept_hours=1.0)


async def unsent(store: Store) -> int:
    return await store.plain("outbox").count({"sent_at": None})


async def test_a_full_queue_holds_up_nobody_elses_announcements(store: Store) -> None:
    await left_behind(store, FULL, count=120)
    await left_behind(store, FREE, count=30)
    publisher = Publisher(refused={"p3.demand"})
    await relay_of(store, publisher).sweep()
    assert sum(parcel.routing_key == FREE for parcel in publisher.sent) == 30
    assert await unsent(store) == 120


async def test_what_was_taken_is_never_sent_again_because_its_neighbour_was_not(store: Store) -> None:
    await left_behind(store, FREE, FULL, FREE, count=40)
    publisher = Publisher(refused={"p3.demand"})
    sender = relay_of(store, publisher)
    for _ in range(5):
        await sender.sweep()
    assert sum(parcel.routing_key == FREE for parcel in publisher.tried) == 80


async def test_a_queue_that_is_full_is_tried_with_one_parcel_now_and_then(store: Store) -> None:
    await left_behind(store, FULL, count=200)
    publisher = Publisher(refused={"p3.demand"})
    sender = relay_of(store, publisher)
    for _ in range(10):
        await sender.sweep()
    # The first portion finds it out together; after that it is left alone.
    assert len(publisher.tried) <= relay.ROWS_AT_ONCE_MAX


async def test_when_it_has_room_again_everything_flows(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [0.0]
    monkeypatch.setattr(relay, "monotonic", lambda: seconds[0])
    await left_behind(store, FULL, count=120)
    publisher = Publisher(refused={"p3.demand"})
    sender = relay_of(store, publisher)
    await sender.sweep()
    publisher.refused.clear()
    assert await sender.sweep() == 0
    seconds[0] = relay.BLOCKED_SECONDS_MAX
    while await sender.sweep():
        pass
    assert await unsent(store) == 0
    assert metrics.WAYS_BLOCKED.labels("test")._value.get() == 0


async def test_fresh_announcements_go_by_the_blocked_way_too(store: Store) -> None:
    publisher = Publisher(refused={"p3.demand"})
    sender = relay_of(store, publisher)
    ids = await left_behind(store, FULL, FREE, count=2)
    rows = await store.plain("outbox").find({"_id": {"$in": ids}})
    task = asyncio.create_task(sender.run())
    sender.hand_over([OutboxRow.from_document(row) for row in rows])
    sender.stop()
    await task
    assert [parcel.routing_key for parcel in publisher.sent] == [FREE, FREE]
    (left,) = {tuple(row["left"]) for row in await store.plain("outbox").find({})}
    assert left == (0,)


async def test_the_age_of_the_oldest_is_told_whatever_the_sweep_does(store: Store) -> None:
    await left_behind(store, FREE)
    sender = relay_of(store, Publisher(away_times=1_000))
    with pytest.raises(Away):
        await sender.sweep()
    assert 59 < await sender.measure() < 70


async def test_what_was_sent_is_kept_and_a_release_that_knows_no_mark_leaves_it_alone(store: Store) -> None:
    await left_behind(store, FREE)
    await relay_of(store, Publisher()).sweep()
    (row,) = await store.plain("outbox").find({})
    assert abs((row["sent_at"] - now()).total_seconds()) < 60
    assert row["claimed_until"] == NEVER  # the release before looked for rows that nobody claims
    assert bytes(row["parcels"][0][2]) == b"[]"


async def test_what_a_release_before_left_behind_is_sent(store: Store) -> None:
    (outbox_row,) = await left_behind(store, FREE)
    (row,) = await store.plain("outbox").find({})
    assert set(row) == {"_id", "at", "claimed_until", "parcels"}  # as it wrote them
    publisher = Publisher()
    await relay_of(store, publisher).sweep()
    assert [parcel.id for parcel in publisher.sent] == [f"{outbox_row}.0"]


async def test_what_was_kept_long_enough_is_forgotten_and_what_was_not_sent_never_is(store: Store) -> None:
    old = now() - timedelta(hours=2)
    await left_behind(store, FREE, count=3, sent_at=old)
    await left_behind(store, FREE, count=2, sent_at=now())
    await left_behind(store, FREE, count=1, at=old)
    assert await relay_of(store, Publisher()).forget() == 3
    assert await store.plain("outbox").count({}) == 3


@pytest.mark.parametrize("hours", [-1, 1], ids=["behind", "ahead"])
async def test_a_writer_whose_clock_was_an_hour_off_is_swept_up_after(store: Store, hours: int) -> None:
    off = timedelta(hours=hours)
    await left_behind(store, FREE, at=now() + off, claimed_until=now() + off)
    publisher = Publisher()
    await relay_of(store, publisher).sweep()
    assert len(publisher.sent) == 1
