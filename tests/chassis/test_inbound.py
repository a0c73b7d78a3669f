"""The tray: communities in turn, nothing acknowledged that was not settled, nothing held up by what fails."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from services.chassis.bus import CONTROL, ENVELOPES, PARCEL
from services.chassis.failures import Away
from services.chassis.handled_ids import REMEMBERED_MAX, HandledIds, digest
from services.chassis.inbound import ENVELOPES_AT_ONCE_MAX, MESSAGES_AT_ONCE_MAX, ChannelLease, InboundBuffer
from services.chassis.interval import BatchInterval
from services.chassis.processor import Delivery


@dataclass
class Channel:
    """Takes acknowledgements."""

    acked: list[tuple[int, bool]] = field(default_factory=list)
    is_closed: bool = False

    async def get_underlay_channel(self) -> "Channel":
        """Return what acknowledges."""
        return self

    async def basic_ack(self, tag: int, *, multiple: bool) -> None:
        """Take one."""
        self.acked.append((tag, multiple))

    async def close(self) -> None:
        """Give everything back."""
        self.is_closed = True


@dataclass
class Message:
    """A message as the client hands it over."""

    delivery_tag: int
    body: bytes
    headers: dict[str, Any]


@dataclass
class Handling:
    """Settles deliveries, in the way it is told to.

    Arguments:
        failing: bodies that fail by themselves.
        away_times: how often nothing answers.
    """

    failing: set[bytes] = field(default_factory=set)
    away_times: int = 0
    batches: list[list[bytes]] = field(default_factory=list)
    stepped_over: list[bytes] = field(default_factory=list)
    answered: list[tuple[str, bytes]] = field(default_factory=list)
    database_is_away: bool = False
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, deliveries: Sequence[Delivery]) -> None:
        """Settle deliveries together, or none of them."""
        bodies = [delivery.body for delivery in deliveries]
        self.batches.append(bodies)
        if self.away_times > 0:
            self.away_times -= 1
            raise Away("away")
        if self.failing & set(bodies):
            raise Away("an answer that nobody knows")

    async def step_over(self, delivery: Delivery, _: Exception) -> None:
        """Put one off."""
        self.stepped_over.append(delivery.body)

    async def is_alive(self) -> None:
        """Say whether the database is there."""
        if self.database_is_away:
            raise Away("no database")

    async def answer(self, control: str, _: str, body: bytes) -> None:
        """Answer a question."""
        self.answered.append((control, body))
        self.was_asked.set()


def new_tray(handling: Handling, heard: HandledIds | None = None) -> InboundBuffer:
    return InboundBuffer(
        handling.handle,
        BatchInterval(0.0),
        handling.step_over,
        handling.is_alive,
        handling.answer,
        heard or HandledIds(),
    )


def lease_on(channel: Channel, queue: str = "t.matching.p0") -> ChannelLease:
    return ChannelLease(queue, cast(Any, channel))


def put(inbound: InboundBuffer, lease: ChannelLease, tag: int, community: str = "a", **headers: Any) -> None:
    named = {"community": community, ENVELOPES: 1, PARCEL: f"parcel.{tag}"} | headers
    inbound.put(lease, cast(Any, Message(tag, f"{community}{tag}".encode(), named)))


@asynccontextmanager
async def running(inbound: InboundBuffer) -> AsyncIterator[None]:
    task = asyncio.create_task(inbound.run())
    yield
    for _ in range(200):
        if not inbound.waiting and not inbound._in_hand:
            break
        await asyncio.sleep(0.01)
    inbound.stop()
    await task


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.chassis.inbound.AWAY_SECONDS_MIN", 0.001)
    monkeypatch.setattr("services.chassis.inbound.AWAY_SECONDS_MAX", 0.002)


async def test_a_neighbour_behind_a_flood_is_in_the_very_next_batch() -> None:
    handling, channel = Handling(), Channel()
    inbound, lease = new_tray(handling), lease_on(channel)
    for tag in range(1, 501):
        put(inbound, lease, tag, "flood")
    put(inbound, lease, 501, "neighbour")
    async with running(inbound):
        pass
    assert b"neighbour501" in handling.batches[0]
    assert sum(map(len, handling.batches)) == 501


async def test_each_communitys_own_come_in_their_order() -> None:
    handling, channel = Handling(), Channel()
    inbound, lease = new_tray(handling), lease_on(channel)
    for tag in range(1, 401):
        put(inbound, lease, tag, "ab"[tag % 2])
    async with running(inbound):
        pass
    done = [body for batch in handling.batches for body in batch]
    for community in ("a", "b"):
        mine = [int(body[1:]) for body in done if body.startswith(community.encode())]
        assert mine == sorted(mine)
        assert len(mine) == 200


async def test_a_batch_is_bounded_by_envelopes_messages_and_bytes() -> None:
    handling, channel = Handling(), Channel()
    inbound, lease = new_tray(handling), lease_on(channel)
    for tag in range(1, 101):
        put(inbound, lease, tag, "a", **{ENVELOPES: 32})
    for tag in range(101, 1_101):
        put(inbound, lease, tag, "b", **{ENVELOPES: None, PARCEL: ""})
    async with running(inbound):
        pass
    heavy = [sum(body.startswith(b"a") for body in batch) for batch in handling.batches]
    assert max(heavy) * 32 <= ENVELOPES_AT_ONCE_MAX
    # What does not say how much it holds counts half, so junk goes by the hundreds.
    assert max(map(len, handling.batches)) == MESSAGES_AT_ONCE_MAX


async def test_what_is_settled_out_of_turn_is_acknowledged_by_itself_and_nothing_twice() -> None:
    handling, channel = Handling(), Channel()
    inbound, lease = new_tray(handling), lease_on(channel)
    for tag in range(1, 301):
        put(inbound, lease, tag, "flood" if tag % 100 else "neighbour")
    async with running(inbound):
        pass
    assert lease.unsettled == {}
    settled: set[int] = set()
    for tag, multiple in channel.acked:
        now = set(range(1, tag + 1)) - settled if multiple else {tag}
        assert now, "a tag that was acknowledged before is a fault of the channel"
        assert not now & settled
        settled |= now
    assert settled == set(range(1, 301))


async def test_while_nothing_answers_the_same_is_tried_and_nothing_is_acknowledged() -> None:
    handling, channel = Handling(away_times=3), Channel()
    inbound, lease = new_tray(handling), lease_on(channel)
    put(inbound, lease, 1)
    async with running(inbound):
        pass
    assert handling.batches == [[b"a1"]] * 4
    assert channel.acked == [(1, True)]


async def test_one_that_fails_again_and_again_is_stepped_over_and_the_others_are_done() -> None:
    handling, channel = Handling(failing={b"a2"}), Channel()
    inbound, lease = new_tray(handling), lease_on(channel)
    for tag in (1, 2, 3):
        put(inbound, lease, tag)
    async with running(inbound):
        pass
    assert handling.stepped_over == [b"a2"]
    assert [b"a1"] in handling.batches
    assert [b"a3"] in handling.batches
    assert channel.acked == [(3, True)]


async def test_nobody_is_stepped_over_while_the_database_is_away() -> None:
    handling, channel = Handling(failing={b"a1"}, database_is_away=True), Channel()
    inbound, lease = new_tray(handling), lease_on(channel)
    put(inbound, lease, 1)
    task = asyncio.create_task(inbound.run())
    await asyncio.sleep(0.1)
    assert handling.stepped_over == []
    assert channel.acked == []
    inbound.stop()
    await task


async def test_a_channel_that_is_let_go_at_once_is_not_waited_for() -> None:
    handling, channel = Handling(away_times=1_000_000, database_is_away=True), Channel()
    inbound, lease = new_tray(handling), lease_on(channel)
    put(inbound, lease, 1)
    task = asyncio.create_task(inbound.run())
    await asyncio.sleep(0.02)
    await asyncio.wait_for(inbound.release(lease, 0.0), 1)
    assert not lease.open
    put(inbound, lease_on(Channel()), 1, "other")
    handling.away_times, handling.database_is_away = 0, False
    await asyncio.sleep(0.05)
    assert [b"other1"] in handling.batches, "the next one's work goes on"
    assert channel.acked == []
    inbound.stop()
    await task


async def test_a_question_is_answered_once_everything_before_it_is_settled() -> None:
    handling, channel, heard = Handling(away_times=2), Channel(), HandledIds()
    inbound, lease = new_tray(handling, heard), lease_on(channel)
    put(inbound, lease, 1)
    put(inbound, lease, 2, **{CONTROL: "audit"})
    put(inbound, lease, 3)
    task = asyncio.create_task(inbound.run())
    await asyncio.wait_for(handling.was_asked.wait(), 5)
    assert heard.missing(lease.queue, [digest("parcel.1")]) == []
    assert len(handling.batches) >= 3
    inbound.stop()
    await task
    assert handling.answered == [("audit", b"a2")]


async def test_a_channel_whose_acknowledgement_fails_is_closed_so_that_all_comes_again() -> None:
    class Broken(Channel):
        async def basic_ack(self, tag: int, *, multiple: bool) -> None:
            raise ConnectionResetError("gone")

    channel = Broken()
    inbound, lease = new_tray(Handling()), lease_on(channel)
    put(inbound, lease, 1)
    async with running(inbound):
        pass
    assert channel.is_closed
    assert not lease.open


def test_what_was_heard_is_remembered_for_each_queue_and_bounded() -> None:
    heard = HandledIds()
    heard.add("q", (f"p.{n}" for n in range(REMEMBERED_MAX + 10)))
    assert heard.missing("q", [digest("p.5")]) == [digest("p.5")]
    assert heard.missing("q", [digest(f"p.{REMEMBERED_MAX}"), digest("x")]) == [digest("x")]
    assert heard.missing("other", [digest(f"p.{REMEMBERED_MAX}")]) == [digest(f"p.{REMEMBERED_MAX}")]
