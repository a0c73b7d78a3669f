"""What follows when a demand's words are understood otherwise than before, whoever works on it by then."""

from collections.abc import Callable

import pytest

from services.chassis.work import Origin, Work
from services.contracts.ids import OrderId, order_id
from services.contracts.literals import DemandKind
from services.contracts.orders import OrderPraised
from services.contracts.refusal import Refused
from services.intake.domain.demands import Demand
from services.intake.domain.readings import Correction
from services.intake.handlers import readings
from services.matching.domain.caution import Heard, Names
from services.matching.domain.lessons import lesson_of
from services.matching.domain.lifecycle import OrderStatus
from services.matching.domain.matter import Matter
from services.matching.domain.orders import Order
from services.matching.domain.parts import Who
from services.matching.domain.timing import open_pause
from services.matching.handlers import answering, calling, timing
from services.matching.routing import readings as readings_routing
from services.matching.store.orders import order_ref
from tests.builders import an_order
from tests.support.town import Town

LAMP = "院里的路灯坏了一盏，晚上看不见路"


async def working(town: Town) -> tuple[Demand, Who]:
    """Return a demand that its provider has accepted."""
    demand = await town.submit(LAMP, "xinhe-dasha")
    order = await town.accept(demand)
    assert order.provider is not None
    return demand, order.provider


def another(town: Town, *than: str) -> str:
    return next(one.id for one in town.file.units if one.id not in than)


async def accuse(town: Town, demand: Demand, *accused: str) -> Order:
    """Let staff find that somebody is said to have done wrong."""
    correction = Correction(accusation="wrongdoing", accused=accused)
    work = readings.correct_reading(town.staff(), demand.id, correction, "居民来电话说清楚了")
    await town.do("intake", work)
    return await town.order(demand)


async def refused(town: Town, work: Work[object]) -> str:
    (outcome,) = await town.batches["matching"].run([work])
    assert isinstance(outcome, Refused)
    return type(outcome).__name__


class TestTheAccused:
    async def test_who_was_asked_to_take_over_is_asked_no_more(self, town: Town) -> None:
        demand, holder = await working(town)
        other = another(town, holder.id)
        await town.offer(demand, other)
        after = await accuse(town, demand, other)
        assert (after.provider, after.handover) == (holder, None)

    async def test_whose_word_it_is_cannot_be_taken_over_by_them(self, town: Town) -> None:
        demand, holder = await working(town)
        other = another(town, holder.id)
        await accuse(town, demand, other)
        offer = answering.offer_handover(
            town.matching, town.provider(holder.id, holder.kind), order_id(demand.id), other, "不归我们管"
        )
        assert await refused(town, offer) == "Accused"
        call = calling.call_provider(town.matching, town.staff(), order_id(demand.id), other, "看一看")
        assert await refused(town, call) == "Accused"

    async def test_a_companion_that_is_accused_loses_its_part_and_the_lead_keeps_the_matter(
        self, town: Town
    ) -> None:
        demand, holder = await working(town)
        other = another(town, holder.id)
        call = calling.call_provider(town.matching, town.staff(), order_id(demand.id), other, "看一看")
        await town.do("matching", call)
        after = await accuse(town, demand, other)
        assert after.provider == holder
        companion = await town.find("matching", order_ref(town.community, OrderId(f"{demand.id}-1.1")))
        assert companion is not None
        assert (companion.status, companion.provider) == (OrderStatus.PROPOSED, None)
        assert companion.heard.is_wrongdoing

    async def test_nothing_that_they_asked_for_is_left_when_it_is_taken_from_them(self, town: Town) -> None:
        demand, holder = await working(town)
        theirs = town.provider(holder.id, holder.kind)
        steps: tuple[Callable[[Origin, str], Work[object]], ...] = (
            lambda who, order: timing.request_extension(town.matching, who, OrderId(order), 2, "等配件"),
            lambda who, order: timing.ask_resident(town.matching, who, OrderId(order), "哪一盏？"),
        )
        for step in steps:
            await town.do("matching", step(theirs, order_id(demand.id)))
        after = await accuse(town, demand, holder.id)
        assert (after.status, after.provider, after.answerable) == (OrderStatus.PROPOSED, None, None)
        assert (after.accepted_at, after.extensions, open_pause(after)) == (None, (), None)

    async def test_a_wrong_that_is_told_only_now_takes_it_from_whoever_works_on_it(self, town: Town) -> None:
        demand, _ = await working(town)
        correction = Correction(accusation="wrongdoing")
        work = readings.correct_reading(town.staff(), demand.id, correction, "居民来电话反映问题")
        await town.do("intake", work)
        after = await town.order(demand)
        assert (after.status, after.provider, after.held) == (OrderStatus.PROPOSED, None, True)

    async def test_whom_staff_chose_for_a_wrong_that_was_known_keeps_it_whatever_is_read_later(
        self, town: Town
    ) -> None:
        demand = await town.submit("举报有人夜里往沟里偷倒化工桶，罐车没牌", "yuxiuyuan", about="report")
        await town.dispatch(demand, "jishan-town-police-station")
        correction = Correction(danger="soon", danger_kind="poison")
        work = readings.correct_reading(town.staff(), demand.id, correction, "桶在漏")
        await town.do("intake", work)
        after = await town.order(demand)
        assert after.provider is not None
        assert (after.status, after.provider.id) == (OrderStatus.DISPATCHED, "jishan-town-police-station")

    async def test_what_staff_then_choose_is_no_lesson(self) -> None:
        unit = Who("u1", "一家单位", "unit")
        heard = Heard(accusation="wrongdoing", accused=("u2",), is_confirmed=True)
        before = an_order()
        after = before.understood_as(heard)
        assert lesson_of(before, after.dispatched_to(unit, "staff", "", before.created_at), 1) is None
        assert lesson_of(before, before.dispatched_to(unit, "staff", "", before.created_at), 1) is not None


class TestDangers:
    async def test_after_a_decline_a_danger_goes_to_a_person(self, town: Town) -> None:
        demand = await town.submit(LAMP, "xinhe-dasha")
        correction = Correction(danger="perhaps", danger_kind="electricity")
        work = readings.correct_reading(town.staff(), demand.id, correction, "电线垂下来了")
        await town.do("intake", work)
        order = await town.order(demand)
        assert order.held
        after = await town.decline(demand)
        assert (after.status, after.provider) == (OrderStatus.PROPOSED, None)


class TestOfEarlierReleases:
    @pytest.mark.parametrize("about", ["help", "suggestion", "report", "complaint"])
    def test_what_was_not_read_is_taken_for_what_its_kind_says(self, town: Town, about: DemandKind) -> None:
        heard = readings_routing.heard_in(Names(()), Matter(LAMP, None, None), None, about, urgent=False)
        assert heard.private == (about != "suggestion")
        assert heard.is_wrongdoing == (about == "report")
        assert heard.danger == "none"


class TestPraise:
    async def test_praise_in_a_private_matter_is_told_to_nobody(self, town: Town) -> None:
        unit = town.file.units[0]
        await town.submit(f"谢谢{unit.name}，我得了重病，抑郁症也治好了，你们真好", "xinhe-dasha")
        assert town.post.said(OrderPraised.kind) == []
