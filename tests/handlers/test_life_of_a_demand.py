"""The life of a demand and its order, from the first word to the last: over memory and over the database."""

from functools import partial

import pytest

from services.contracts.demands import DemandClosed, DemandEndorsed, DemandMerged
from services.contracts.envelope import open_parcel, read_envelope
from services.contracts.ids import DemandId, OrderId, order_id
from services.contracts.orders import OrderDispatched, OrderProposed, OrderSettled
from services.contracts.refusal import NotFound, Refused
from services.contracts.words import Role
from services.intake.domain import demands as of_demand
from services.intake.domain.words_of_residents import NoWords
from services.intake.handlers import demands, merging, ratings
from services.matching.domain import refusals
from services.matching.handlers import answering, closing
from services.matching.store.orders import order_ref
from services.notify.domain.notices import Notice
from services.notify.store.notices import notice_ref
from tests.handlers.conftest import Towns
from tests.support.town import Town

TABLE_TENNIS = "院里能不能放张乒乓球台，老人锻炼，孩子也能玩"
NPC = "jishan-npc-standing-committee"
COOPERATIVE = "jishan-supply-cooperative"
SPORTS = "dongli-sports"
EYES = "孩子看黑板看不清，能不能组织一次视力筛查"
OPTICIAN = "yiming-optical"
CHARGING = "电动车充电飞线，存在火灾隐患，希望建充电桩"


async def notices(town: Town, recipient: str) -> list[Notice]:
    """Return what was put into an inbox, in the order it was said."""
    ids = [
        notice_ref(town.community, f"{letter.id}.{n}")
        for parcel in town.post.sent
        for letter in map(read_envelope, open_parcel(parcel.body))
        for n in range(4)
    ]
    found = await town.documents["notify"].load(ids)
    told = [kept.value for kept in found.values() if kept.value is not None]
    return [notice for notice in told if notice.recipient == recipient]


class TestSubmitting:
    async def test_a_sure_demand_goes_straight_to_the_paired_unit(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        order = await town.order(demand)
        assert demand.status == "dispatched"
        assert demand.handler is not None
        assert demand.handler.id == NPC
        assert (order.status, order.chosen_by) == ("dispatched", "router")
        assert (await town.load()).open == {NPC: 1}

    async def test_a_doubtful_demand_waits_for_staff_with_its_candidates_explained(self, town: Town) -> None:
        demand = await town.submit(CHARGING, "jindu")
        order = await town.order(demand)
        assert demand.status == "in_review"
        assert demand.handler is None
        assert order.status == "proposed"
        assert (await town.load()).open == {}
        (proposed,) = town.post.said(OrderProposed.kind)
        assert proposed.body.candidates
        assert all(part.because for candidate in proposed.body.candidates for part in candidate.parts)

    async def test_the_timeline_begins_with_who_entered_it(self, town: Town) -> None:
        demand = await town.submit(CHARGING, role=Role.GRID_WORKER, by="grid-7")
        assert demand.timeline[0].text == "网格员代居民点单"
        assert demand.asked_by == "grid-7"

    async def test_the_message_carries_masked_numbers_and_the_demand_the_whole_text(self, town: Town) -> None:
        demand = await town.submit("下水道堵了，请打 13812345678")
        assert "13812345678" in demand.text
        assert all(b"13812345678" not in parcel.body for parcel in town.post.sent)

    async def test_a_place_nobody_knows_is_refused_and_nothing_is_said(self, town: Town) -> None:
        before = len(town.post.sent)
        with pytest.raises(demands.UnknownCompound):
            await town.submit(TABLE_TENNIS, "nowhere")
        assert len(town.post.sent) == before

    async def test_a_text_without_words_is_refused(self, town: Town) -> None:
        with pytest.raises(NoWords):
            await town.submit("😀😀")


class TestReview:
    async def test_staff_dispatch_it_to_whom_they_choose(self, town: Town) -> None:
        demand = await town.submit(CHARGING, "jindu")
        order = await town.dispatch(demand, "jishan-housing-bureau")
        assert (order.status, order.chosen_by) == ("dispatched", "staff")
        assert (await town.demand(demand.id)).status == "dispatched"
        assert (await town.load()).open == {"jishan-housing-bureau": 1}

    async def test_the_community_can_take_the_lead_and_staff_act_for_it(self, town: Town) -> None:
        demand = await town.submit(CHARGING, "jindu")
        await town.dispatch(demand, "community")
        await town.done(demand)
        assert (await town.demand(demand.id)).status == "closed"
        assert await town.transfer(demand) is None

    @pytest.mark.parametrize("receiver", ["nobody", "chengxin-locksmith", "guangying-print"])
    async def test_nobody_unknown_closed_or_unsigned_is_given_an_order(
        self, town: Town, receiver: str
    ) -> None:
        demand = await town.submit(CHARGING, "jindu")
        with pytest.raises(refusals.CannotReceive):
            await town.dispatch(demand, receiver)
        assert (await town.order(demand)).status == "proposed"

    async def test_what_is_dispatched_already_is_not_dispatched_again(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        with pytest.raises(refusals.StepNotAllowed) as refused:
            await town.dispatch(demand, COOPERATIVE)
        assert "accept" in str(refused.value.facts["allowed"])
        assert (await town.load()).open == {NPC: 1}


class TestTheProvidersAnswer:
    async def test_accepting_makes_it_answerable(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        order = await town.accept(demand)
        assert order.status == "accepted"
        assert order.accepted_at is not None
        assert (await town.demand(demand.id)).status == "accepted"

    async def test_nobody_else_can_accept_it_and_learns_nothing_of_it(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        other = town.origin(COOPERATIVE, Role.UNIT)
        with pytest.raises(NotFound):
            await town.do("matching", answering.accept_order(town.matching, other, order_id(demand.id)))
        partner = town.origin(NPC, Role.PARTNER)
        with pytest.raises(NotFound):  # the right name under the wrong role is somebody else
            await town.do("matching", answering.accept_order(town.matching, partner, order_id(demand.id)))

    async def test_a_declined_order_goes_to_the_next_candidate_and_then_back_to_staff(
        self, town: Town
    ) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        seen = []
        for _ in range(10):
            order = await town.order(demand)
            if order.provider is None:
                break
            seen.append(order.provider.id)
            await town.decline(demand)
        assert seen == [NPC, COOPERATIVE, SPORTS]
        order, now = await town.order(demand), await town.demand(demand.id)
        assert (order.status, now.status) == ("proposed", "in_review")
        assert set(seen) <= set(order.declined)
        assert now.handler is None
        assert (await town.load()).open == {}

    async def test_a_full_candidate_is_passed_over_after_a_decline(self, towns: Towns) -> None:
        town = await towns.found()
        for _ in range(5):
            other = await town.submit(CHARGING)
            await town.dispatch(other, COOPERATIVE)
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        order = await town.decline(demand)
        assert order.provider is not None
        assert order.provider.id == SPORTS
        assert (await town.load()).open == {COOPERATIVE: 5, SPORTS: 1}

    async def test_staff_may_ask_the_one_who_declined_once_more(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        for _ in range(3):
            await town.decline(demand)
        order = await town.dispatch(demand, NPC)
        assert order.provider is not None
        assert order.provider.id == NPC


class TestHandover:
    async def test_until_the_other_consents_nothing_changes_hands(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        order = await town.offer(demand, COOPERATIVE)
        assert order.provider is not None
        assert order.provider.id == NPC
        assert (await town.load()).open == {NPC: 1}
        with pytest.raises(refusals.HandoverPending):
            await town.complete(demand)
        with pytest.raises(refusals.HandoverPending):
            await town.offer(demand, SPORTS)

    async def test_with_consent_the_receiver_is_answerable_and_carries_it(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        await town.offer(demand, COOPERATIVE)
        receiver = town.origin(COOPERATIVE, Role.UNIT)
        await town.do("matching", answering.consent_to_handover(town.matching, receiver, order_id(demand.id)))
        order, now = await town.order(demand), await town.demand(demand.id)
        assert order.provider is not None
        assert order.provider.id == COOPERATIVE
        assert order.handover is None
        assert order.handed_over == 1
        assert now.handler is not None
        assert now.handler.id == COOPERATIVE
        assert (await town.load()).open == {COOPERATIVE: 1}
        giver = town.origin(NPC, Role.UNIT)
        with pytest.raises(NotFound):
            await town.do("matching", answering.accept_order(town.matching, giver, order_id(demand.id)))

    async def test_a_refusal_leaves_it_with_the_one_who_asked(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        await town.offer(demand, COOPERATIVE)
        receiver = town.origin(COOPERATIVE, Role.UNIT)
        await town.do(
            "matching", answering.refuse_handover(town.matching, receiver, order_id(demand.id), "也没有")
        )
        order = await town.order(demand)
        assert order.provider is not None
        assert (order.provider.id, order.handover) == (NPC, None)
        assert (await town.complete(demand)).status == "completed"

    async def test_only_the_one_who_was_asked_may_answer(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        await town.offer(demand, COOPERATIVE)
        work = partial(answering.consent_to_handover, town.matching)
        with pytest.raises(refusals.NotTheReceiver):
            await town.do("matching", work(town.origin(NPC, Role.UNIT), order_id(demand.id)))
        with pytest.raises(NotFound):
            await town.do("matching", work(town.origin("yucheng", Role.UNIT), order_id(demand.id)))

    async def test_nobody_hands_an_order_to_itself_or_before_accepting_it(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        with pytest.raises(refusals.StepNotAllowed):
            await town.offer(demand, COOPERATIVE)
        await town.accept(demand)
        with pytest.raises(refusals.CannotReceive):
            await town.offer(demand, NPC)

    async def test_one_who_filled_up_meanwhile_cannot_consent(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        await town.offer(demand, SPORTS)
        for _ in range(3):
            await town.dispatch(await town.submit(CHARGING), SPORTS)
        receiver = town.origin(SPORTS, Role.PARTNER)
        with pytest.raises(refusals.ProviderFull):
            await town.do(
                "matching", answering.consent_to_handover(town.matching, receiver, order_id(demand.id))
            )
        assert (await town.load()).open == {NPC: 1, SPORTS: 3}


class TestTheWork:
    async def test_milestones_are_reached_one_by_one_and_tell_the_resident(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        await town.plan(demand, "选址", "安装")
        with pytest.raises(refusals.MilestonesOpen) as refused:
            await town.complete(demand)
        assert refused.value.facts["open"] == ["选址", "安装"]
        await town.finish(demand, "m1")
        with pytest.raises(refusals.MilestoneDone):
            await town.finish(demand, "m1")
        with pytest.raises(refusals.UnknownMilestone):
            await town.finish(demand, "m9")
        await town.finish(demand, "m2")
        assert (await town.complete(demand)).status == "completed"
        lines = [line.text for line in (await town.demand(demand.id)).timeline]
        assert any("选址" in line and "安装" in line for line in lines)
        assert any("完成“安装”" in line and "件 3" in line for line in lines)

    async def test_the_same_milestone_is_not_planned_twice(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        await town.plan(demand, "选址")
        with pytest.raises(refusals.DuplicateMilestones):
            await town.plan(demand, "安装")

    async def test_without_proof_it_is_not_done(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        with pytest.raises(refusals.ProofMissing):
            await town.complete(demand, proof=())
        assert (await town.order(demand)).status == "accepted"
        assert (await town.demand(demand.id)).status == "accepted"

    async def test_completing_frees_a_place_and_asks_the_resident(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        await town.complete(demand)
        assert (await town.load()).open == {}
        assert (await town.demand(demand.id)).status == "completed"


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


async def endorse(town: Town, demand: str, subject: str) -> None:
    who = town.origin(subject, Role.RESIDENT)
    await town.do("intake", demands.endorse_demand(who, DemandId(demand), subject))


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
