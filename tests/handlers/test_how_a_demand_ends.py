"""How a demand ends: rated, given up, pressed for; over memory and over the database."""

import pytest

from services.contracts.demands import DemandClosed, DemandEndorsed, DemandMerged
from services.contracts.ids import DemandId, OrderId, order_id
from services.contracts.orders import OrderDispatched, OrderSettled
from services.contracts.refusal import Refused
from services.contracts.words import Role
from services.intake.domain import demands as of_demand
from services.intake.handlers import demands, merging, ratings
from services.matching.handlers import answering, closing
from services.matching.store.orders import order_ref
from tests.support.stories import (
    CHARGING,
    EYES,
    NPC,
    OPTICIAN,
    TABLE_TENNIS,
    endorse,
    notices,
)
from tests.support.town import Town


class TestTheEnd:
    @pytest.mark.parametrize("rated_first", [True, False])
    async def test_good_rating_and_verification_settle_it_in_either_order(
        self, town: Town, rated_first: bool
    ) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.accept(demand)
        await town.complete(demand)
        if rated_first:
            await town.rate(demand)
            assert (await town.demand(demand.id)).status == "rated"
            await town.verify(demand)
        else:
            await town.verify(demand)
            assert (await town.order(demand)).status == "verified"
            await town.rate(demand)
        assert (await town.order(demand)).status == "settled"
        assert (await town.demand(demand.id)).status == "closed"
        assert len(town.post.said(OrderSettled.kind)) == 1
        (closed,) = town.post.said(DemandClosed.kind)
        assert closed.body.outcome == "settled"

    async def test_a_bad_rating_reopens_it_and_sends_it_back(self, town: Town) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.accept(demand)
        await town.complete(demand)
        await town.verify(demand)
        await town.rate(demand, "unsolved", "dissatisfied")
        order, now = await town.order(demand), await town.demand(demand.id)
        assert (order.status, order.returned) == ("in_progress", 1)
        assert (now.status, now.reopened) == ("in_progress", 1)
        assert (await town.load()).open == {OPTICIAN: 1}
        assert await town.transfer(demand) is None
        await town.complete(demand)
        await town.rate(demand)
        await town.verify(demand)
        assert (await town.demand(demand.id)).status == "closed"
        assert (await town.account(OPTICIAN)).balance_points == 20

    async def test_satisfied_but_unsolved_is_not_good_and_partly_solved_is(self, town: Town) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.accept(demand)
        await town.complete(demand)
        assert (await town.rate(demand, "unsolved", "satisfied")).status == "in_progress"
        await town.complete(demand)
        assert (await town.rate(demand, "partly", "mostly")).status == "rated"

    async def test_nobody_rates_what_is_not_done_or_not_theirs(self, town: Town) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        with pytest.raises(of_demand.StepNotAllowed) as refused:
            await town.rate(demand)
        assert refused.value.facts["present_status"] == "dispatched"
        await town.accept(demand)
        await town.complete(demand)
        with pytest.raises(of_demand.NotYourDemand):
            await town.rate(demand, by=town.origin("r2", Role.RESIDENT))
        rated = await town.rate(demand, by=town.staff())
        assert rated.rating is not None
        assert rated.rating.by_call_back

    async def test_staff_have_it_done_again_and_an_older_good_rating_no_longer_counts(
        self, town: Town
    ) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.accept(demand)
        await town.complete(demand)
        await town.rate(demand)
        work = closing.return_order(town.matching, town.staff(), order_id(demand.id), "照片不清楚")
        await town.do("matching", work)
        assert (await town.demand(demand.id)).status == "in_progress"
        await town.complete(demand)
        order = await town.verify(demand)
        assert order.status == "verified"
        await town.rate(demand)
        assert (await town.order(demand)).status == "settled"

    async def test_a_good_rating_that_arrives_after_the_return_does_not_settle_the_second_try(
        self, town: Town
    ) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.accept(demand)
        await town.complete(demand)
        opinion = ratings.Opinion("solved", "satisfied", "")
        who = town.origin("r1", Role.RESIDENT)
        (rated,) = await town.batches["intake"].run([ratings.rate_demand(who, demand.id, opinion)])
        assert not isinstance(rated, Exception)
        late = list(town.post.waiting)
        town.post.waiting.clear()
        await town.do(
            "matching", closing.return_order(town.matching, town.staff(), order_id(demand.id), "重做")
        )
        town.post.waiting.extend(late)
        await town.deliver()
        await town.complete(demand)
        assert (await town.verify(demand)).status == "verified"
        await town.rate(demand)
        assert (await town.order(demand)).status == "settled"
        assert (await town.demand(demand.id)).status == "closed"


class TestGivingUp:
    @pytest.mark.parametrize("text", [TABLE_TENNIS, CHARGING])
    async def test_withdrawing_cancels_the_order_and_frees_its_place(self, town: Town, text: str) -> None:
        demand = await town.submit(text)
        who = town.origin("r1", Role.RESIDENT)
        await town.do("intake", demands.withdraw_demand(who, demand.id, "自己解决了"))
        assert (await town.demand(demand.id)).status == "withdrawn"
        assert (await town.order(demand)).status == "cancelled"
        assert (await town.load()).open == {}
        assert town.post.said(DemandClosed.kind) == []

    async def test_nobody_withdraws_what_somebody_else_asked(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS)
        other = town.origin("r2", Role.RESIDENT)
        with pytest.raises(of_demand.NotYourDemand):
            await town.do("intake", demands.withdraw_demand(other, demand.id, ""))
        assert (await town.order(demand)).status == "dispatched"

    async def test_staff_cancel_an_order_and_the_demand_is_closed(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        work = closing.cancel_order(town.matching, town.staff(), order_id(demand.id), "重复")
        await town.do("matching", work)
        assert (await town.demand(demand.id)).status == "closed"
        (closed,) = town.post.said(DemandClosed.kind)
        assert closed.body.outcome == "cancelled"

    async def test_an_order_cancelled_after_a_good_rating_leaves_no_demand_hanging(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        await town.complete(demand)
        await town.rate(demand)
        work = closing.cancel_order(town.matching, town.staff(), order_id(demand.id), "查实是误报")
        await town.do("matching", work)
        assert (await town.demand(demand.id)).status == "closed"

    async def test_merging_carries_the_people_over_and_cancels_the_order(self, town: Town) -> None:
        kept = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r1")
        same = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r2")
        for subject in ("r1", "r3"):
            await endorse(town, same.id, subject)
        await endorse(town, kept.id, "r4")
        await town.do("intake", merging.merge_demand(town.staff(), same.id, kept.id))
        assert (await town.demand(same.id)).merged_into == kept.id
        assert (await town.order(same)).status == "cancelled"
        after = await town.demand(kept.id)
        assert after.supporters == ("r4", "r2", "r3")
        assert after.merged_from == (same.id,)
        (merged,) = town.post.said(DemandMerged.kind)
        assert set(merged.body.carried) == {"r2", "r3"}
        assert (await town.load()).open == {NPC: 1}

    async def test_nothing_is_merged_into_itself_into_nothing_or_into_what_is_over(self, town: Town) -> None:
        kept = await town.submit(TABLE_TENNIS)
        over = await town.submit(TABLE_TENNIS)
        who = town.origin("r1", Role.RESIDENT)
        await town.do("intake", demands.withdraw_demand(who, over.id, ""))
        for into in (kept.id, "no-such-demand", over.id):
            with pytest.raises(of_demand.SameDemand):
                await town.do("intake", merging.merge_demand(town.staff(), kept.id, DemandId(into)))
        assert (await town.demand(kept.id)).status == "dispatched"


class TestPressing:
    async def test_each_person_endorses_once(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS)
        for subject in ("r2", "r3", "r2", "r3", "r2"):
            await endorse(town, demand.id, subject)
        assert (await town.demand(demand.id)).supporters == ("r2", "r3")
        assert [letter.body.supporters for letter in town.post.said(DemandEndorsed.kind)] == [1, 2]
        with pytest.raises(of_demand.OwnDemand):
            await endorse(town, demand.id, "r1")

    async def test_urging_reaches_the_order_and_the_timeline(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        who = town.origin("r1", Role.RESIDENT)
        for _ in range(2):
            await town.do("intake", demands.urge_demand(who, demand.id, "快下雪了"))
        assert (await town.order(demand)).urged == 2
        after = await town.demand(demand.id)
        assert after.urged == 2
        assert after.timeline[-1].text == "已向稷山县人大常委会催办（第 2 次）"

    async def test_only_those_it_concerns_may_urge(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS)
        stranger = town.origin("r9", Role.RESIDENT)
        with pytest.raises(of_demand.NotYourDemand):
            await town.do("intake", demands.urge_demand(stranger, demand.id, ""))
        await endorse(town, demand.id, "r9")
        await town.do("intake", demands.urge_demand(stranger, demand.id, ""))
        assert (await town.demand(demand.id)).urged == 1


class TestSeenVersions:
    async def test_who_looked_before_somebody_else_changed_it_is_told_so(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        who = town.provider(NPC, "unit")
        ref = order_ref(town.community, order_id(demand.id))
        accept = answering.accept_order(town.matching, who, OrderId(ref.id))
        kept = await town.do("matching", accept.if_unchanged(ref, 2))
        assert kept.revision == 3
        cancel = closing.cancel_order(town.matching, town.staff(), OrderId(ref.id), "x")
        with pytest.raises(Refused) as refused:
            await town.do("matching", cancel.if_unchanged(ref, 2))
        assert refused.value.slug == "changed_meanwhile"
        assert dict(refused.value.facts) == {"present_version": 3, "seen_version": 2}
        assert (await town.order(demand)).status == "accepted"


class TestWhoHears:
    async def test_supporters_hear_what_the_one_who_asked_hears(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await endorse(town, demand.id, "r2")
        await town.accept(demand)
        for person in ("person:r1", "person:r2"):
            texts = [notice.text for notice in await notices(town, person)]
            assert texts[-1] == "稷山县人大常委会已接单"
        assert [n.text for n in await notices(town, f"provider:{NPC}")] == [
            f"您有一件新工单（体育健身，毓秀苑小区）：{TABLE_TENNIS}，请及时接单，2026-03-09 前办结"
        ]

    async def test_dispatching_is_told_once_to_each(self, town: Town) -> None:
        await town.submit(TABLE_TENNIS, "yuxiuyuan")
        (dispatched,) = town.post.said(OrderDispatched.kind)
        assert len(await notices(town, "person:r1")) == 1
        assert dispatched.actor.subject == "r1"
