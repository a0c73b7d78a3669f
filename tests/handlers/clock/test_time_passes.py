"""What happens when nobody acts: in memory and in the database, with replicas, restarts, neighbours."""

import asyncio
import secrets
from collections import Counter
from functools import partial
from typing import Any

import pytest
import structlog

from services.contracts import orders as facts
from services.contracts.community_file import Deadlines
from services.contracts.demands import DemandSubmitted
from services.contracts.ids import DemandId, OrderId, order_id
from services.contracts.refusal import Refused
from services.matching.domain.deadlines import Level
from services.matching.domain.timing import TimerKind
from services.matching.handlers import answering, closing, timing
from services.matching.handlers import placing as placing_handlers
from services.matching.jobs import timers as timekeeper
from tests.support.clock_of_an_order import CHAIN, DAY, MINUTE, china, lines, said, told
from tests.support.deployment import jiwang
from tests.support.stories import CHARGING, COOPERATIVE, EYES, NPC, OPTICIAN, SPORTS, TABLE_TENNIS, notices
from tests.support.town import MONDAY_MORNING, Town
from tests.support.towns import Towns


class TestNobodyTakesIt:
    async def test_it_goes_to_every_candidate_then_to_staff_then_to_the_supervisor(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        happened = await town.wait(china(17, 20))
        assert told(town) == [
            f"unsigned {NPC}",
            f"unsigned {COOPERATIVE}",
            f"unsigned {SPORTS}",
            "escalated staff",
            "escalated supervisor",
            "supervised",
            "overdue",
        ]
        assert [at for at, _ in happened] == [
            china(12),
            china(16.5),
            china(8.5, 3),
            china(15, 3),
            china(8, 10),
        ]
        order = await town.order(demand)
        assert (order.status, order.level, order.timer_at) == ("proposed", Level.SUPERVISOR, None)
        assert order.unsigned == (NPC, COOPERATIVE, SPORTS)
        assert order.provider is None
        assert (await town.load()).open == {}

    async def test_the_resident_and_everybody_concerned_are_told(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.wait(china(17, 20))
        told_resident = lines(await town.demand(demand.id))
        for words in ("未在时限内签收", "改由", "已列入社区督办", "已过办理期限 2026-03-09"):
            assert words in told_resident
        assert (await town.demand(demand.id)).supervised
        assert any("未在时限内签收" in each.text for each in await notices(town, f"provider:{NPC}"))
        staff = [each.kind for each in await notices(town, "staff")]
        assert Counter(staff)[facts.OrderEscalated.kind] == 2
        assert facts.OrderOverdue.kind in staff
        assert "您的诉求已过办理期限，社区正在催办" in [
            each.text for each in await notices(town, "person:r1")
        ]

    async def test_with_nobody_assigned_and_50_touches_it_escalates_once_per_level_in_every_community(
        self, towns: Towns
    ) -> None:
        first = await towns.found()
        second = await Town(
            first.documents, jiwang(f"town-{secrets.token_hex(4)}"), post=first.post, now=first.now
        ).open()
        placed = [(town, await town.submit(CHARGING, "jindu")) for town in (first, second) for _ in range(2)]
        for town, demand in placed:
            assert (await town.order(demand)).provider is None
            for number in range(50):
                town.now = MONDAY_MORNING + number * MINUTE
                note = closing.urge_order(town.matching, town.staff(), order_id(demand.id), "快点")
                await town.do("matching", note)
        # One replica looks, and it is not asked for any community in particular.
        await first.wait(china(17, 20))
        for town, demand in placed:
            of_it = [letter for letter in said(town, *CHAIN) if letter.body.demand == demand.id]
            assert [letter.community for letter in of_it] == [town.community] * 4
            assert [letter.kind for letter in of_it] == [CHAIN[1], CHAIN[1], CHAIN[2], CHAIN[3]]
            assert [letter.body.level for letter in of_it[:2]] == ["staff", "supervisor"]
            assert of_it[0].at == china(12)

    async def test_who_staff_choose_and_who_does_not_sign_brings_it_to_the_supervisor(
        self, town: Town
    ) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.wait(china(14.5))
        assert told(town) == [f"unsigned {OPTICIAN}", "escalated staff"]
        await town.dispatch(demand, NPC)
        await town.wait(china(8, 3))
        assert told(town)[2:] == [f"unsigned {NPC}", "escalated supervisor", "supervised"]
        assert (await town.demand(demand.id)).status == "in_review"

    async def test_under_supervision_a_provider_that_does_not_sign_still_loses_it(self, town: Town) -> None:
        demand = await town.submit(CHARGING, "jindu")
        await town.wait(china(9, 3))
        assert (await town.order(demand)).level is Level.SUPERVISOR
        await town.dispatch(demand, NPC)
        await town.wait(china(14.6, 3))
        order = await town.order(demand)
        assert (order.status, order.unsigned) == ("proposed", (NPC,))
        assert Counter(told(town)) == {
            "escalated staff": 1,
            "escalated supervisor": 1,
            "supervised": 1,
            f"unsigned {NPC}": 1,
        }

    async def test_who_accepts_in_time_is_left_alone(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        town.now = china(11.9)
        await town.accept(demand)
        assert await town.wait(china(17.9, 9)) == []
        assert (await town.order(demand)).status == "accepted"

    async def test_who_accepts_at_the_last_moment_is_in_time_and_after_it_nobody_is(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.wait(china(12))
        accept = answering.accept_order(town.matching, town.provider(NPC, "unit"), order_id(demand.id))
        with pytest.raises(Refused):
            await town.do("matching", accept)
        assert (await town.order(demand)).unsigned == (NPC,)

    async def test_what_is_urgent_is_sent_by_people_and_comes_back_in_half_an_hour_at_night(
        self, town: Town
    ) -> None:
        town.now = china(23, 7)
        work = placing_handlers.place_order(
            town.matching,
            town.staff(),
            DemandSubmitted(demand="d1", text=TABLE_TENNIS, compound="yuxiuyuan", asked_by="r1", urgent=True),
        )
        await town.batches["matching"].run([work])
        town.post.waiting.clear()
        held = await town.order("d1")
        assert (held.urgent, held.held, held.provider) == (True, True, None)
        assert held.finish_due_at == china(23, 8)
        dispatch = placing_handlers.dispatch_order(town.matching, town.staff(), order_id(DemandId("d1")), NPC)
        await town.batches["matching"].run([dispatch])
        first = await town.order("d1")
        town.now = china(23, 7) + 29 * MINUTE
        assert await town.timekeeper().look() == 0
        town.now += MINUTE
        assert await town.timekeeper().look() == 1
        second = await town.order("d1")
        assert first.provider is not None
        assert (second.provider, second.level) == (None, Level.STAFF)
        assert second.unsigned == (first.provider.id,)
        assert second.sign_due_at == china(24, 7)

    async def test_danger_is_urgent_without_anybody_saying_so(self, town: Town) -> None:
        fire = await town.order(await town.submit("三号楼车棚着火了，快来人", "yuxiuyuan"))
        assert fire.urgent
        assert fire.sign_due_at == MONDAY_MORNING + 30 * MINUTE
        assert fire.finish_due_at == MONDAY_MORNING + DAY
        assert not (await town.order(await town.submit(TABLE_TENNIS, "yuxiuyuan"))).urgent

    async def test_the_time_that_the_message_took_is_not_taken_from_the_resident(self, town: Town) -> None:
        work = placing_handlers.place_order(
            town.matching,
            town.staff(),
            DemandSubmitted(demand="d1", text=EYES, asked_by="r1", about="enquiry"),
            asked_at=china(17, 1),
        )
        await town.batches["matching"].run([work])
        order = await town.order("d1")
        assert order.finish_due_at == china(18)
        assert order.sign_due_at == china(12)


class TestExactlyOnce:
    async def test_with_four_replicas_that_all_look_at_once(self, town: Town) -> None:
        demands = [await town.submit(CHARGING, "jindu", by=f"r{n}") for n in range(5)]
        keepers = [town.timekeeper(town.more_batches("matching")) for _ in range(4)]
        done = 0
        for moment in (china(12), china(8.5, 3), china(8, 10)):
            town.now = moment
            done += sum(await asyncio.gather(*(keeper.look() for keeper in keepers)))
            await town.deliver()
        assert done == 3 * len(demands)
        counted = Counter((letter.kind, letter.body.demand) for letter in said(town, *CHAIN))
        for demand in demands:
            assert counted[facts.OrderEscalated.kind, demand.id] == 2
            assert counted[facts.OrderSupervised.kind, demand.id] == 1
            assert counted[facts.OrderOverdue.kind, demand.id] == 1

    async def test_with_a_restart_between_two_levels_and_a_long_silence(self, town: Town) -> None:
        demand = await town.submit(CHARGING, "jindu")
        town.now = china(12)
        assert await town.timekeeper(town.more_batches("matching")).look() == 1
        # Everything that was in memory is gone; it comes back days later.
        again = Town(town.documents, town.file, now=china(9, 5), post=town.post)
        assert await again.timekeeper().look() == 1
        assert await again.timekeeper().look() == 0
        assert told(town) == ["escalated staff", "escalated supervisor", "supervised"]
        assert (await again.order(demand)).level is Level.SUPERVISOR

    async def test_against_a_provider_that_accepts_at_the_same_moment_one_of_both_wins(
        self, towns: Towns
    ) -> None:
        for _ in range(5):
            town = await towns.found()
            demand = await town.submit(EYES, "binhe-jiayuan")
            accept = answering.accept_order(
                town.matching, town.provider(OPTICIAN, "partner"), order_id(demand.id)
            )
            town.now = china(12)
            writer = town.more_batches("matching")
            (outcome,), fired = await asyncio.gather(writer.run([accept]), town.timekeeper().look())
            order = await town.order(demand)
            if isinstance(outcome, Exception):
                assert (order.status, fired) == ("proposed", 1)
            else:
                assert (order.status, fired) == ("accepted", 0)

    async def test_what_cannot_be_done_holds_up_nothing_else(
        self, town: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = [await town.submit(CHARGING, "jindu", by=f"r{n}") for n in range(2)]
        healthy = partial(timing.run_timer, town.matching)

        def broken(origin: Any, order: str) -> Any:
            work = healthy(origin, OrderId(order))
            if order != order_id(first.id):
                return work

            def decide(_: Any) -> TimerKind:
                raise LookupError("a bug")

            return type(work)(work.origin, work.reads, decide)

        log = structlog.testing.CapturingLogger()
        monkeypatch.setattr(timekeeper, "log", log)
        monkeypatch.setattr(timing, "run_timer", lambda _, *given: broken(*given))
        town.now, keeper = china(12), town.timekeeper()
        assert [await keeper.look() for _ in range(3)] == [1, 0, 0]
        assert (await town.order(second)).level is Level.STAFF
        failed = [call for call in log.calls if call.method_name == "error"]
        assert [call.kwargs["order"] for call in failed] == [order_id(first.id)]
        monkeypatch.undo()
        assert await keeper.look() == 1
        assert (await town.order(first)).level is Level.STAFF

    async def test_more_than_one_portion_is_done_in_one_look(self, town: Town) -> None:
        works = [
            placing_handlers.place_order(
                town.matching, town.staff(), DemandSubmitted(demand=f"d{n}", text=CHARGING, asked_by="r1")
            )
            for n in range(230)
        ]
        await town.batches["matching"].run(works)
        town.now = china(12)
        assert await town.timekeeper().look() == 230
        assert await town.timekeeper().look() == 0

    async def test_a_community_that_gives_more_time_than_before_has_its_orders_looked_at_later(
        self, town: Town
    ) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.accept(demand)
        deadlines = Deadlines(notice_days=3)
        town.file = town.file.model_copy(update={"deadlines": deadlines})
        await town.open()
        town.now = china(8, 10)
        assert await town.timekeeper().look() == 0
        assert (await town.order(demand)).timer_at == china(8, 12)
        assert await town.timekeeper().look() == 0
        assert told(town) == []
