"""What people decide teaches the router: one lesson an order, the same experience wherever it is learnt."""

from datetime import timedelta

import pytest

from services.contracts.ids import order_id
from services.contracts.refusal import NotFound
from services.matching.domain.lessons import Teaching, number_at, retained
from services.matching.handlers import answering, calling, closing
from services.matching.routing.models import CommunityModels
from tests.support.lessons import (
    HOUSING,
    POLICE,
    a_lesson_each,
    chosen,
    consent,
    guide_of,
    lesson,
    lessons,
    ranked,
    taught,
    undo,
    what,
)
from tests.support.stories import CHARGING, COOPERATIVE, EYES, NPC, OPTICIAN, TABLE_TENNIS
from tests.support.town import Town

SECOND = timedelta(seconds=1)


class TestTeaching:
    async def test_staff_who_choose_teach_whose_it_is(self, town: Town) -> None:
        demand = await town.submit(CHARGING, "jindu")
        assert await lesson(town, demand) is None
        await town.dispatch(demand, HOUSING)
        found = await lesson(town, demand)
        assert found is not None
        assert (found.teaching, found.provider) == (Teaching.CHOSEN, HOUSING)
        assert found.number == number_at(town.now)
        assert (found.text, found.title, found.compound) == (CHARGING, None, "jindu")
        assert (found.at, found.undone) == (town.now, False)
        assert (await town.load()).lessons == 1

    async def test_what_the_router_chose_itself_teaches_it_nothing(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        assert await lesson(town, demand) is None
        assert (await town.load()).lessons == 0

    async def test_a_provider_that_refuses_what_the_router_sent_teaches_that_it_was_wrong(
        self, town: Town
    ) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        after = await town.decline(demand)
        assert after.provider is not None
        assert after.provider.id == COOPERATIVE
        assert await what(town, demand) == (Teaching.REFUSED, NPC)

    async def test_a_provider_that_refuses_what_staff_sent_teaches_nothing_more(self, town: Town) -> None:
        demand = await chosen(town, CHARGING, HOUSING)
        await town.decline(demand)
        assert await what(town, demand) == (Teaching.CHOSEN, HOUSING)
        assert (await town.load()).lessons == 1

    async def test_one_that_consents_to_take_over_is_the_right_one(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        await town.offer(demand, COOPERATIVE)
        assert await lesson(town, demand) is None
        who = town.provider(COOPERATIVE, "unit")
        await town.do("matching", answering.consent_to_handover(town.matching, who, order_id(demand.id)))
        assert await what(town, demand) == (Teaching.CHOSEN, COOPERATIVE)

    async def test_one_that_does_not_consent_teaches_nothing(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        await town.offer(demand, COOPERATIVE)
        who = town.provider(COOPERATIVE, "unit")
        await town.do("matching", answering.refuse_handover(town.matching, who, order_id(demand.id), "没空"))
        assert await lesson(town, demand) is None

    async def test_what_ends_to_everybodys_content_is_confirmed(self, town: Town) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.accept(demand)
        await town.complete(demand)
        await town.rate(demand)
        assert await lesson(town, demand) is None
        await town.verify(demand)
        assert await what(town, demand) == (Teaching.CONFIRMED, OPTICIAN)

    async def test_a_deadline_that_was_missed_teaches_nothing(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        order = await town.order(demand)
        assert order.sign_due_at is not None
        await town.wait(order.sign_due_at)
        after = await town.order(demand)
        assert after.unsigned == (NPC,)
        assert after.provider is not None
        assert after.provider.id == COOPERATIVE
        assert await lesson(town, demand) is None

    async def test_what_is_given_up_teaches_nothing(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        cancel = closing.cancel_order(town.matching, town.staff(), order_id(demand.id), "误报")
        await town.do("matching", cancel)
        assert await lessons(town) == []

    async def test_one_that_is_called_to_a_part_teaches_nothing(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        call = calling.call_provider(town.matching, town.staff(), order_id(demand.id), COOPERATIVE, "器材")
        await town.do("matching", call)
        assert len((await town.order(demand)).called) == 1
        assert await lessons(town) == []

    async def test_an_order_has_one_lesson_and_the_newest_counts(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.decline(demand)
        seen = [await what(town, demand)]
        await town.accept(demand)
        await consent(town, demand, NPC)
        seen.append(await what(town, demand))
        await town.complete(demand)
        await town.rate(demand)
        await town.verify(demand)
        seen.append(await what(town, demand))
        assert seen == [(Teaching.REFUSED, NPC), (Teaching.CHOSEN, NPC), (Teaching.CONFIRMED, NPC)]
        assert len(await lessons(town)) == 1
        assert (await town.load()).lessons == 3

    async def test_phone_numbers_are_not_learnt(self, town: Town) -> None:
        demand = await chosen(town, "电动车飞线充电，找 13812345678 谈过", HOUSING)
        found = await lesson(town, demand)
        assert found is not None
        assert "13812345678" not in found.text

    async def test_lessons_are_numbered_in_the_order_of_the_decisions(self, town: Town) -> None:
        first = await town.submit(CHARGING, "jindu")
        second = await chosen(town, CHARGING, POLICE)
        town.now += SECOND
        await town.dispatch(first, HOUSING)
        assert [one.id for one in await lessons(town)] == [order_id(second.id), order_id(first.id)]
        earlier, later = (one.number for one in await lessons(town))
        assert later - earlier == 1_000_000


class TestTakingBack:
    async def test_what_was_taken_back_twice_is_taken_back_once(self, town: Town) -> None:
        demand = await chosen(town, CHARGING, HOUSING)
        once = await undo(town, demand)
        assert once.value is not None
        assert once.value.undone
        assert (await town.load()).lessons == 2
        assert await undo(town, demand) == once
        assert (await town.load()).lessons == 2
        assert retained(await lessons(town)) == []

    async def test_it_says_still_what_was_taught(self, town: Town) -> None:
        demand = await chosen(town, CHARGING, HOUSING)
        before = await lesson(town, demand)
        assert before is not None
        await undo(town, demand)
        assert await lesson(town, demand) == before.taken_back()

    async def test_what_taught_nothing_has_nothing_to_take_back(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        with pytest.raises(NotFound):
            await undo(town, demand)
        assert (await town.load()).lessons == 0

    async def test_when_all_is_taken_back_it_is_the_first_day_again(self, wide: Town) -> None:
        first_day = ranked(await guide_of(wide, CommunityModels()))
        demands = await a_lesson_each(wide)
        assert ranked(await taught(wide)).candidates[0].provider == HOUSING
        for demand in demands:
            await undo(wide, demand)
        again = ranked(await taught(wide))
        assert [(c.provider, c.score) for c in again.candidates] == [
            (c.provider, c.score) for c in first_day.candidates
        ]
        assert (again.decision, again.confidence) == (first_day.decision, first_day.confidence)
