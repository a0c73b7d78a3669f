"""What happens when nobody acts: in memory and in the database, with replicas, restarts, neighbours."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import structlog

from services.chassis.batches import Documents
from services.chassis.mongo import Store, open_client
from services.chassis.outbox import INDEXES
from services.chassis.streams import STREAMS
from services.composition import SPECS
from services.contracts import demands as said_of_demands
from services.contracts import orders as facts
from services.contracts.community_file import Deadlines
from services.contracts.demands import DemandSubmitted
from services.contracts.envelope import Envelope, open_parcel, read_envelope
from services.contracts.ids import DemandId, OrderId, order_id
from services.contracts.refusal import Refused
from services.contracts.words import Role
from services.devserver import Servers
from services.intake.domain.demands import Demand, NothingAsked, NotYourDemand
from services.intake.handlers import demands as demands_handlers
from services.matching.domain import refusals
from services.matching.domain.deadlines import Level
from services.matching.domain.orders import Order
from services.matching.domain.timing import TimerKind
from services.matching.handlers import answering, closing, timing
from services.matching.handlers import placing as placing_handlers
from services.matching.jobs import timers as timekeeper
from services.matching.store.orders import ORDERS
from tests.handlers.conftest import Towns
from tests.handlers.test_life_of_a_demand import (
    CHARGING,
    COOPERATIVE,
    EYES,
    NPC,
    OPTICIAN,
    SPORTS,
    TABLE_TENNIS,
    notices,
)
from tests.support.deployment import Deployments, Keys, jiwang
from tests.support.town import MONDAY_MORNING, Town

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
CHAIN = (
    facts.OrderUnsigned.kind,
    facts.OrderEscalated.kind,
    facts.OrderSupervised.kind,
    facts.OrderOverdue.kind,
)


@pytest.fixture(scope="module")
async def stores(servers: Servers) -> AsyncIterator[Mapping[str, Documents]]:
    """A database of this module's own: a timekeeper looks after every community that it finds."""
    settings = Deployments(servers, Keys()).new()
    client = open_client(servers.mongo_url)
    stores = {name: Store(client, f"{settings.database_prefix}_{name}") for name in SPECS}
    for name, store in stores.items():
        await store.prepare([*SPECS[name].collections, STREAMS], {"outbox": INDEXES})
    yield stores
    for store in stores.values():
        await store.drop()
    client.close()


@pytest.fixture(autouse=True)
async def _nothing_left_behind(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    yield
    if "mongo" in request.node.name:
        store = request.getfixturevalue("stores")["matching"]
        await store.plain(ORDERS.name).delete({})


def china(hours: float, day: int = 2) -> datetime:
    """Return a moment of March 2026 by the clock in Jiwang."""
    return datetime(2026, 3, day, tzinfo=UTC) + timedelta(hours=hours - 8)


def said(town: Town, *kinds: str) -> list[Envelope]:
    """Return what was said of these kinds, in its order."""
    letters = [read_envelope(raw) for parcel in town.post.sent for raw in open_parcel(parcel.body)]
    return [letter for letter in letters if letter.kind in kinds]


def told(town: Town) -> list[str]:
    """Return what time did by itself, in short."""
    return [f"{letter.kind.split('.')[1]} {_whom(letter.body)}".strip() for letter in said(town, *CHAIN)]


def _whom(body: Any) -> str:
    if isinstance(body, facts.OrderUnsigned):
        return body.provider.id
    return body.level if isinstance(body, facts.OrderEscalated) else ""


def lines(demand: Demand) -> str:
    """Return the whole timeline as one text."""
    return "\n".join(line.text for line in demand.timeline)


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


class TestFinishing:
    async def test_overdue_is_said_the_next_working_day_and_supervised_after_five_each_once(
        self, town: Town
    ) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        happened = await town.wait(china(17, 30))
        assert [at for at, _ in happened] == [china(8, 10), china(8, 16)]
        assert told(town) == ["overdue", "supervised"]
        order = await town.order(demand)
        assert (order.status, order.timer_at) == ("accepted", None)
        assert order.supervised is not None
        assert "超过办理期限 5 个工作日" in order.supervised.reason

    async def test_work_that_is_done_is_not_overdue(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        await town.complete(demand)
        assert await town.wait(china(17, 30)) == []

    async def test_the_kind_of_demand_decides(self, town: Town) -> None:
        complaint = await town.submit(CHARGING, "jindu", about="complaint")
        assert complaint.finish_due_at == china(18, 16)
        assert (await town.order(complaint)).about == "complaint"


class TestTheResidentIsWaitedFor:
    async def asked(self, town: Town) -> tuple[Demand, Order]:
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.accept(demand)
        order = await town.provider_does(
            demand, lambda who, order: timing.ask_resident(town.matching, who, OrderId(order), "在哪个班？")
        )
        return await town.demand(demand.id), order

    async def supplement(self, town: Town, demand: Demand, by: str = "r1") -> Demand:
        who = town.origin(by, Role.RESIDENT)
        await town.do("intake", demands_handlers.supplement_demand(who, demand.id, "二年级 13812345678"))
        return await town.demand(demand.id)

    async def test_the_clock_stands_until_the_answer(self, town: Town) -> None:
        demand, order = await self.asked(town)
        assert demand.open_question == "在哪个班？"
        assert order.pauses[-1].ended_at is None
        town.now = china(10, 4)
        after = await self.supplement(town, demand)
        assert after.open_question is None
        assert after.finish_due_at == china(18, 11)
        assert (await town.order(demand)).finish_due_at == china(18, 11)
        (resumed,) = said(town, facts.OrderResumed.kind)
        assert resumed.body.because == "居民已补充：二年级 138****5678"
        assert f"{resumed.body.finish_due_on}" == "2026-03-11"
        assert resumed.body.because in (await notices(town, f"provider:{OPTICIAN}"))[-1].text
        assert "138****5678" in said(town, said_of_demands.DemandSupplemented.kind)[0].body.text

    async def test_only_the_one_who_asked_is_asked_and_told(self, town: Town) -> None:
        demand, _ = await self.asked(town)
        assert "请您补充：在哪个班？" in (await notices(town, "person:r1"))[-1].text
        with pytest.raises(NotYourDemand):
            await self.supplement(town, demand, by="r2")
        await self.supplement(town, demand)
        with pytest.raises(NothingAsked):
            await self.supplement(town, demand)

    async def test_a_grid_worker_answers_for_a_resident_without_a_phone(self, town: Town) -> None:
        demand, _ = await self.asked(town)
        who = town.origin("grid-1", Role.GRID_WORKER)
        await town.do("intake", demands_handlers.supplement_demand(who, demand.id, "二年级"))
        assert (await town.order(demand)).pauses[-1].answer == "二年级"

    async def test_for_ever_is_too_long_and_a_late_answer_is_still_welcome(self, town: Town) -> None:
        demand, _ = await self.asked(town)
        happened = await town.wait(china(18, 9))
        assert [at for at, _ in happened] == [china(18, 9)]
        assert (await town.order(demand)).finish_due_at == china(16, 17)
        assert "居民未在时限内补充" in lines(await town.demand(demand.id))
        assert (await town.demand(demand.id)).open_question is not None
        await self.supplement(town, demand)
        assert (await town.order(demand)).finish_due_at == china(16, 17)
        assert said(town, facts.OrderResumed.kind)[-1].body.answered
        assert (await town.wait(china(17, 17))) == []

    async def test_staff_may_ask_and_somebody_elses_provider_may_not(self, town: Town) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.accept(demand)
        other = timing.ask_resident(town.matching, town.provider(NPC, "unit"), order_id(demand.id), "谁？")
        with pytest.raises(refusals.NotYourOrder):
            await town.do("matching", other)
        asked = timing.ask_resident(town.matching, town.staff(), order_id(demand.id), "在哪个班？")
        await town.do("matching", asked)
        assert (await town.demand(demand.id)).open_question == "在哪个班？"


class TestMoreTime:
    async def requested(self, town: Town, days: int = 3) -> Demand:
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.accept(demand)
        await town.provider_does(
            demand,
            lambda who, order: timing.request_extension(
                town.matching, who, OrderId(order), days, "验光仪在修"
            ),
        )
        return demand

    async def test_granted_it_moves_the_deadline_and_the_resident_hears_until_when_and_why(
        self, town: Town
    ) -> None:
        demand = await self.requested(town)
        assert "申请延期 3 个工作日：验光仪在修" in (await notices(town, "staff"))[-1].text
        await town.do("matching", timing.grant_extension(town.matching, town.staff(), order_id(demand.id)))
        assert (await town.order(demand)).finish_due_at == china(18, 12)
        assert (await town.demand(demand.id)).finish_due_at == china(18, 12)
        assert (await notices(town, "person:r1"))[-1].text == ("您的诉求延期到 2026-03-12 前办结：验光仪在修")
        assert [at for at, _ in await town.wait(china(12, 13))] == [china(8, 13)]

    async def test_refused_it_leaves_the_deadline(self, town: Town) -> None:
        demand = await self.requested(town)
        refuse = timing.refuse_extension(town.matching, town.staff(), order_id(demand.id), "请抓紧")
        await town.do("matching", refuse)
        assert (await town.order(demand)).finish_due_at == china(18, 9)
        assert "延期未获同意：请抓紧" in (await notices(town, f"provider:{OPTICIAN}"))[-1].text

    async def test_after_the_deadline_it_is_refused(self, town: Town) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.accept(demand)
        town.now = china(18, 9) + MINUTE
        late = timing.request_extension(
            town.matching, town.provider(OPTICIAN, "partner"), order_id(demand.id), 3, "忙"
        )
        with pytest.raises(refusals.DeadlinePassed):
            await town.do("matching", late)
        assert (await town.order(demand)).extensions == ()


class TestHandover:
    async def test_an_offer_that_nobody_answers_ends_and_both_are_told(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        await town.offer(demand, COOPERATIVE)
        assert [at for at, _ in await town.wait(china(13))] == [china(12)]
        order = await town.order(demand)
        assert order.handover is None
        assert order.answerable == order.provider
        assert order.provider is not None
        assert order.provider.id == NPC
        assert "仍由您负责办理" in (await notices(town, f"provider:{NPC}"))[-1].text
        assert "请求已失效" in (await notices(town, f"provider:{COOPERATIVE}"))[-1].text
        late = answering.consent_to_handover(
            town.matching, town.provider(COOPERATIVE, "unit"), order_id(demand.id)
        )
        with pytest.raises(Refused):
            await town.do("matching", late)

    async def test_the_third_handover_is_supervised(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        for receiver in (COOPERATIVE, NPC, COOPERATIVE):
            assert (await town.order(demand)).supervised is None
            await town.offer(demand, receiver)
            consent = answering.consent_to_handover(
                town.matching, town.provider(receiver, "unit"), order_id(demand.id)
            )
            await town.do("matching", consent)
        order = await town.order(demand)
        assert order.supervised is not None
        assert order.supervised.reason == "已转办 3 次"
        assert order.answerable is not None
        assert order.answerable.id == COOPERATIVE
        assert len(said(town, facts.OrderSupervised.kind)) == 1


async def test_the_third_time_it_is_sent_back_it_is_supervised_and_the_fourth_says_nothing_new(
    town: Town,
) -> None:
    demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
    await town.accept(demand)
    for time in range(1, 5):
        await town.complete(demand)
        back = closing.return_order(town.matching, town.staff(), order_id(demand.id), "没装稳")
        await town.do("matching", back)
        assert ((await town.order(demand)).supervised is not None) == (time >= 3)
    assert len(said(town, facts.OrderSupervised.kind)) == 1
    assert "已列入社区督办：已发回重办 3 次" in lines(await town.demand(demand.id))


async def test_staff_supervise_by_hand_once(town: Town) -> None:
    demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
    watch = timing.supervise_order(town.matching, town.staff(), order_id(demand.id), "书记批示")
    await town.do("matching", watch)
    order = await town.order(demand)
    assert order.supervised is not None
    assert (order.supervised.reason, order.supervised.by) == ("书记批示", "staff")
    assert order.sign_due_at == china(12)
    with pytest.raises(refusals.AlreadySupervised):
        await town.do("matching", watch)


async def test_what_is_given_up_has_no_deadline_any_more(town: Town) -> None:
    demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
    cancel = closing.cancel_order(town.matching, town.staff(), order_id(demand.id), "误报")
    await town.do("matching", cancel)
    assert (await town.order(demand)).timer_at is None
    assert await town.wait(china(17, 30)) == []
