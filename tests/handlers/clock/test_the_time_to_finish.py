"""Until when it is to be done: what the clock waits for, more time, handing over, and who is told."""

import pytest

from services.contracts import demands as said_of_demands
from services.contracts import orders as facts
from services.contracts.ids import OrderId, order_id
from services.contracts.refusal import Refused
from services.contracts.words import Role
from services.intake.domain.demands import Demand, NothingAsked, NotYourDemand
from services.intake.handlers import demands as demands_handlers
from services.matching.domain import refusals
from services.matching.domain.orders import Order
from services.matching.handlers import answering, closing, timing
from tests.support.clock_of_an_order import MINUTE, china, lines, said, told
from tests.support.stories import CHARGING, COOPERATIVE, EYES, NPC, OPTICIAN, TABLE_TENNIS, notices
from tests.support.town import Town


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
