"""Works that are written together, and the announcements that are written with them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

import orjson

from services.chassis.batches import Batches
from services.chassis.clock import now
from services.chassis.documents import Ref
from services.chassis.mongo import Store
from services.chassis.outbox import OutboxRow, Parcel, outbox_rows_of
from services.chassis.relay import ROWS_IN_MEMORY_MAX, Publisher, Relay
from services.chassis.supervision import PeriodicJob, Supervisor, ended
from services.chassis.work import UnitOfWork, Work
from services.contracts.demands import DemandWithdrawn
from services.contracts.envelope import EVENTS_PER_PARCEL_MAX, PARCEL_BYTES_MAX, open_parcel
from services.contracts.refusal import Conflict
from tests.stores.things import ORIGIN, Nobody, Thing, counted_up, of, ref
from tests.stores.things import Publisher as Printer
from tests.support.running import eventually

GRACE_SECONDS = 0.3


def batches(store: Store, relay: "Relay | Nobody | None" = None) -> Batches:
    return Batches(store, relay or Nobody(), 2, now)


async def count(store: Store, thing: str) -> int:
    value = (await store.load([ref(thing)]))[ref(thing)].value
    return value.count if value else 0


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[None]:
    supervisor = Supervisor("test", lambda broken: None)
    sweeping = supervisor.repeat(PeriodicJob("sweep", relay.sweep, 0.05))
    task = supervisor.keep_running("relay", relay.run)
    yield
    relay.stop()
    await task
    await ended(sweeping)


async def unsent(store: Store) -> int:
    return await store.plain("outbox").count({"sent_at": None})


class TestTogether:
    async def test_each_sees_what_the_ones_before_it_left(self, store: Store) -> None:
        assert await batches(store).run([counted_up("a") for _ in range(5)]) == [1, 2, 3, 4, 5]
        found = (await store.load([ref("a")]))[ref("a")]
        assert found.value is not None
        assert found.value.count == 5

    async def test_nothing_to_do_is_done_at_once(self, store: Store) -> None:
        assert await batches(store).run([]) == []

    async def test_what_can_be_reckoned_ahead_is_step_by_step_for_all_of_them(self, store: Store) -> None:
        done: list[str] = []

        def counted(name: str, steps: int) -> Work[int]:
            work = counted_up(name)
            ahead = [partial(done.append, f"{name}{step}") for step in range(steps)]

            def decide(uow: UnitOfWork) -> int:
                done.append(f"{name}!")
                return work.decide(uow)

            return replace(work, ahead=ahead, decide=decide)

        works = [counted("a", 2), counted("b", 0), counted("c", 1)]
        through = [works[0].then(lambda count, _: count), works[1], works[2].only_if(lambda _: None)]
        assert await batches(store).run(through) == [1, 1, 1]
        assert done == ["a0", "c0", "a1", "a!", "b!", "c!"]
        assert (
            works[0].reading(lambda _: []).ahead == works[0].if_unchanged(ref("a"), 1).ahead == works[0].ahead
        )

    async def test_one_that_is_refused_changes_nothing_and_holds_up_nobody(self, store: Store) -> None:
        where = ref("a")

        def decide(uow: UnitOfWork) -> int:
            uow.put(where, Thing("a", 1_000))
            uow.announce(where, DemandWithdrawn(demand="a"))
            raise Conflict("no")

        works = [counted_up("a"), Work(ORIGIN, (where,), decide), counted_up("a")]
        assert of(await batches(store).run(works)) == ["1", "Conflict", "2"]
        assert await count(store, "a") == 2
        assert await store.plain("outbox").count({}) == 0

    async def test_one_that_reads_what_it_did_not_ask_for_is_a_fault_of_its_own(self, store: Store) -> None:
        work = Work(ORIGIN, (), lambda uow: uow.find(ref("a")))
        assert of(await batches(store).run([counted_up("b"), work])) == ["1", "NotRead"]

    async def test_one_that_needs_more_since_another_decided_is_decided_again_by_itself(
        self, store: Store
    ) -> None:
        pointer, shown = ref("pointer"), ref("b")
        await batches(store).run([counted_up("b")])

        def point(uow: UnitOfWork) -> None:
            uow.put(pointer, Thing("pointer", notes={"at": "b"}))

        def pointed_at(uow: UnitOfWork) -> list[Ref[Thing]]:
            kept = uow.find(pointer)
            return [ref(kept.notes["at"])] if kept is not None else []

        def follow(uow: UnitOfWork) -> int:
            assert pointed_at(uow) == [shown]
            found = uow.find(shown)
            return found.count if found else 0

        works: list[Work[int | None]] = [
            Work(ORIGIN, (pointer,), point),
            Work(ORIGIN, (pointer,), follow, pointed_at),
            counted_up("c"),
        ]
        assert await batches(store).run(works) == [None, 1, 1]

    async def test_one_that_cannot_be_written_stands_alone_and_the_others_are_written(
        self, store: Store
    ) -> None:
        bad = counted_up("bad", notes={"a\0b": "x"}, said=True)
        works = [counted_up(f"t{n}", said=True) for n in range(9)]
        works.insert(4, bad)
        outcomes = await batches(store).run(works)
        assert of(outcomes) == ["1"] * 4 + ["Unwritable"] + ["1"] * 5
        assert [await count(store, f"t{n}") for n in range(9)] == [1] * 9
        assert await count(store, "bad") == 0
        rows = await store.plain("outbox").find({})
        said = [
            row["body"]["demand"] for doc in rows for part in doc["parcels"] for row in open_parcel(part[2])
        ]
        assert sorted(said) == [f"t{n}" for n in range(9)]

    async def test_replicas_that_meet_count_every_work_once(self, store: Store) -> None:
        replicas = [batches(store) for _ in range(5)]

        async def write(replica: Batches) -> list[str]:
            return [
                word for _ in range(10) for word in of(await replica.run([counted_up("a") for _ in range(4)]))
            ]

        outcomes = [word for some in await asyncio.gather(*map(write, replicas)) for word in some]
        assert sorted(map(int, outcomes)) == list(range(1, 201))
        assert await count(store, "a") == 200

    async def test_a_batch_that_changes_nothing_writes_nothing(self, store: Store) -> None:
        await batches(store).run([Work(ORIGIN, (ref("a"),), lambda uow: uow.find(ref("a")))])
        assert await store.plain("outbox").count({}) == 0


class TestAnnouncing:
    async def test_announcements_are_written_with_their_cause_and_counted_without_gaps(
        self, store: Store
    ) -> None:
        relay = Nobody()
        await batches(store, relay).run([counted_up("a", said=True) for _ in range(3)])
        await batches(store, relay).run([counted_up("a", said=True), counted_up("b", said=True)])
        rows = await store.plain("outbox").find({})
        assert [row["_id"] for row in rows] == [outbox_row.id for outbox_row in relay.handed]
        letters = [letter for doc in rows for part in doc["parcels"] for letter in open_parcel(part[2])]
        told = [(letter["stream"], letter["version"]) for letter in letters]
        assert sorted(told) == [("things/a", n) for n in (1, 2, 3, 4)] + [("things/b", 1)]
        assert len({letter["id"] for letter in letters}) == 5

    async def test_parcels_are_bounded_in_number_and_size_and_keep_their_order(self, store: Store) -> None:
        relay = Nobody()
        works = [counted_up("a", said=True) for _ in range(2 * EVENTS_PER_PARCEL_MAX + 1)]
        await batches(store, relay).run(works)
        parcels = [parcel for outbox_row in relay.handed for parcel in outbox_row.parcels]
        assert [parcel.envelopes for parcel in parcels] == [EVENTS_PER_PARCEL_MAX, EVENTS_PER_PARCEL_MAX, 1]
        assert all(len(parcel.body) <= PARCEL_BYTES_MAX for parcel in parcels)
        versions = [letter["version"] for parcel in parcels for letter in open_parcel(parcel.body)]
        assert versions == list(range(1, 2 * EVENTS_PER_PARCEL_MAX + 2))

    async def test_nothing_said_is_no_pack(self) -> None:
        assert outbox_rows_of([], 2, now()) == []


class TestRelay:
    def relay(self, store: Store, publisher: Publisher, grace: float = GRACE_SECONDS) -> Relay:
        return Relay(store, publisher, grace, "test")

    async def test_what_was_committed_is_sent_and_noted(self, store: Store) -> None:
        publisher = Printer()
        relay = self.relay(store, publisher)
        async with running(relay):
            await batches(store, relay).run([counted_up("a", said=True)])
        assert [orjson.loads(parcel.body)[0]["stream"] for parcel in publisher.sent] == ["things/a"]
        assert await unsent(store) == 0

    async def test_what_a_crash_left_behind_is_sent_by_whoever_finds_it(self, store: Store) -> None:
        await batches(store, Nobody()).run([counted_up("a", said=True), counted_up("b", said=True)])
        assert await unsent(store) == 1
        publisher = Printer()
        async with running(self.relay(store, publisher)):
            await eventually(lambda: _is_empty(store))
        assert sum(parcel.envelopes for parcel in publisher.sent) == 2

    async def test_what_has_just_been_written_is_left_to_its_writer(self, store: Store) -> None:
        await batches(store, Nobody()).run([counted_up("a", said=True)])
        publisher = Printer()
        async with running(self.relay(store, publisher, grace=60)):
            await asyncio.sleep(0.3)
        assert publisher.sent == []
        assert await unsent(store) == 1

    async def test_nothing_is_lost_however_often_the_broker_is_away(self, store: Store) -> None:
        publisher = Printer(away_times=4)
        relay = self.relay(store, publisher)
        async with running(relay):
            for n in range(5):
                await batches(store, relay).run([counted_up(f"t{n}", said=True)])
            await eventually(lambda: _is_empty(store))
        streams = [letter["stream"] for parcel in publisher.sent for letter in open_parcel(parcel.body)]
        assert set(streams) == {f"things/t{n}" for n in range(5)}
        assert await unsent(store) == 0

    async def test_two_relays_do_not_send_what_the_other_has_claimed(self, store: Store) -> None:
        for n in range(20):
            await batches(store, Nobody()).run([counted_up(f"t{n}", said=True)])
        await store.plain("outbox").update({}, {"$set": {"claimed_until": now() + timedelta(seconds=30)}})
        publisher = Printer()
        async with running(self.relay(store, publisher, grace=0.1)):
            await asyncio.sleep(0.4)
        assert publisher.sent == []

    async def test_a_claim_that_ran_out_is_taken_over(self, store: Store) -> None:
        await batches(store, Nobody()).run([counted_up("a", said=True)])
        old = {"claimed_until": now() - timedelta(seconds=1), "at": now() - timedelta(minutes=1)}
        await store.plain("outbox").update({}, {"$set": old})
        publisher = Printer()
        async with running(self.relay(store, publisher)):
            await eventually(lambda: _is_empty(store))
        assert len(publisher.sent) == 1

    async def test_more_than_fits_in_memory_is_swept_up_later(self, store: Store) -> None:
        relay = self.relay(store, Printer())
        outbox_row = OutboxRow("p", now(), (Parcel("p.0", "p0.x", "jiwang", b"[]", 0),))
        relay.hand_over(
            [OutboxRow(f"p{n}", outbox_row.at, outbox_row.parcels) for n in range(ROWS_IN_MEMORY_MAX + 5)]
        )
        publisher = Printer()
        await batches(store, relay).run([counted_up("a", said=True)])  # no room for it in memory
        async with running(self.relay(store, publisher)):
            await eventually(lambda: _is_empty(store))
        assert len(publisher.sent) == 1

    async def test_stopping_sends_what_is_in_hand(self, store: Store) -> None:
        publisher = Printer()
        relay = self.relay(store, publisher, grace=60)
        await batches(store, relay).run([counted_up("a", said=True)])
        task = asyncio.create_task(relay.run())
        relay.stop()
        await task
        assert len(publisher.sent) == 1
        assert await unsent(store) == 0


async def _is_empty(store: Store) -> bool:
    return await unsent(store) == 0
