"""The life of a demand and its order, from the first word to the last: over memory and over the database."""

from functools import partial
from typing import Any

import pytest

from services.chassis.streams import origin_of
from services.contracts.ids import order_id
from services.contracts.orders import OrderProposed
from services.contracts.refusal import NotFound
from services.contracts.words import Role
from services.intake.domain import readings
from services.intake.domain.demands import UnknownCompound
from services.intake.domain.words_of_residents import NoWords
from services.intake.handlers import demands
from services.matching.domain import refusals
from services.matching.handlers import answering, placing
from tests.support.stories import (
    CHARGING,
    COOPERATIVE,
    NPC,
    SPORTS,
    TABLE_TENNIS,
)
from tests.support.town import Town
from tests.support.towns import Towns


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

    async def test_its_words_are_read_once_however_often_its_batch_is_tried(
        self, town: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read: list[str] = []

        def noted(text: str, *others: Any, **named: Any) -> readings.Said:
            read.append(text)
            return readings.read(text, *others, **named)

        monkeypatch.setattr(demands, "read", noted)
        await town.submit(TABLE_TENNIS, "yuxiuyuan")
        assert read == [TABLE_TENNIS]

    async def test_said_once_more_it_changes_nothing_even_where_nobody_noted_that_it_was_heard(
        self, town: Town
    ) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        before = await town.order(demand)
        (said,) = (one for one in town.post.said("demand.submitted.v1") if one.body.demand == demand.id)
        work = placing.place_order(town.matching, origin_of(said), said.body)
        assert await town.batches["matching"].run([work]) == [None]
        assert await town.order(demand) == before

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
        with pytest.raises(UnknownCompound):
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
