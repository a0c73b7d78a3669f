"""One matter, many voices: offered, merged, taken back, hot; over memory and over the database."""

import pytest

from services.contracts.demands import (
    DemandJoined,
    DemandLikelyDuplicate,
    DemandMerged,
    DemandOptedOut,
    DemandParted,
    DemandUnmerged,
)
from services.contracts.ids import DemandId, order_id
from services.contracts.refusal import Refused
from services.contracts.words import Role
from services.intake.domain.demands import Demand, SameDemand, StepNotAllowed
from services.intake.domain.duplicates import NothingOffered
from services.intake.domain.merging import NotCarried
from services.intake.handlers import demands, duplicates, merging
from services.matching.domain.orders import Order
from services.matching.handlers import answering, closing, working
from services.matching.store.orders import order_ref
from tests.support.stories import (
    CHARGING,
    MIXER,
    MIXER_AGAIN,
    MIXER_ONCE_MORE,
    NPC,
    TABLE_TENNIS,
    endorse,
    kin_of,
    merge,
    notices,
    race,
    unmerge,
)
from tests.support.town import Town

LAMPS = "文昌街路灯不亮，晚上漆黑一片，孩子下晚自习不敢走"
BAD_PAIR = "旺旺宠物店卖的小狗三天就病死了，店家不认账"


async def opt_out(town: Town, demand: Demand, person: str) -> None:
    work = merging.opt_out(town.origin(person, Role.RESIDENT), demand.id, person)
    await town.do("intake", work)


async def second_order(town: Town, demand: Demand) -> Order:
    found = await town.find("matching", order_ref(town.community, order_id(demand.id, 2)))
    assert found is not None
    return found


class TestLikelyDuplicates:
    async def test_are_offered_to_staff_with_the_reasons_once(self, town: Town) -> None:
        first = await town.submit(MIXER, "jindu", by="r1")
        second = await town.submit(MIXER_AGAIN, "jindu", by="r2")
        (offered,) = town.post.said(DemandLikelyDuplicate.kind)
        assert offered.body.demand == second.id
        assert [ref.demand for ref in offered.body.alike] == [first.id]
        assert "澜岸" in offered.body.because
        told = [n for n in await notices(town, "staff") if n.kind == DemandLikelyDuplicate.kind]
        assert [notice.demand for notice in told] == [second.id]
        assert [alike.demand for alike in (await kin_of(town, first)).alike] == [second.id]

    async def test_do_not_change_the_demand_that_somebody_is_looking_at(self, town: Town) -> None:
        await town.submit(MIXER, "jindu")
        second = await town.submit(MIXER_AGAIN, "jindu", by="r2")
        assert second.timeline[0].what == "submitted"
        assert not any("重复" in line.text for line in second.timeline)

    @pytest.mark.parametrize("other", [LAMPS, BAD_PAIR, "和平小区搅拌站没有环评手续"])
    async def test_are_not_seen_where_there_are_none(self, town: Town, other: str) -> None:
        await town.submit(MIXER, "jindu")
        await town.submit(other, "xinhua", by="r2")
        assert town.post.said(DemandLikelyDuplicate.kind) == []

    async def test_of_one_batch_are_found_as_well(self, town: Town) -> None:
        works = [
            demands.submit_demand(
                town.origin(f"r{n}", Role.RESIDENT),
                demands.Submission(DemandId(f"d{n}"), text, None, "jindu", "help"),
            )
            for n, text in enumerate((MIXER, MIXER_AGAIN, MIXER_ONCE_MORE))
        ]
        await town.batches["intake"].run(works)
        await town.deliver()
        found = [await kin_of(town, await town.demand(f"d{n}")) for n in range(3)]
        assert all(len(similar.alike) == 2 for similar in found)
        assert len({similar.issue for similar in found}) == 1

    async def test_are_not_offered_once_they_are_over(self, town: Town) -> None:
        first = await town.submit(MIXER, "jindu", by="r1")
        work = demands.withdraw_demand(town.origin("r1", Role.RESIDENT), first.id, "")
        await town.do("intake", work)
        await town.submit(MIXER_AGAIN, "jindu", by="r2")
        assert town.post.said(DemandLikelyDuplicate.kind) == []

    async def test_that_staff_dismiss_are_dismissed_on_both_sides_and_only_once(self, town: Town) -> None:
        first = await town.submit(MIXER, "jindu", by="r1")
        second = await town.submit(MIXER_AGAIN, "jindu", by="r2")
        await town.do("intake", duplicates.dismiss_duplicates(town.staff(), second.id, first.id))
        for demand in (first, second):
            assert [alike.dismissed for alike in (await kin_of(town, demand)).alike] == [True]
            with pytest.raises(NothingOffered):
                await town.do("intake", duplicates.dismiss_duplicates(town.staff(), demand.id, None))

    async def test_of_a_demand_nobody_knows_cannot_be_dismissed(self, town: Town) -> None:
        with pytest.raises(NothingOffered):
            await town.do("intake", duplicates.dismiss_duplicates(town.staff(), DemandId("nobody"), None))


class TestMerging:
    async def test_everybody_carried_is_told_and_hears_of_the_other_from_then_on(self, town: Town) -> None:
        kept = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r1")
        same = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r2")
        await endorse(town, same.id, "r3")
        await merge(town, same, kept)
        for person in ("r2", "r3"):
            told = [n for n in await notices(town, f"person:{person}") if n.kind == DemandJoined.kind]
            assert [notice.demand for notice in told] == [kept.id]
            assert "退出" in told[0].text
        await town.accept(kept)
        heard = await notices(town, "person:r3")
        assert any(n.kind == "order.accepted.v1" and n.demand == kept.id for n in heard)

    async def test_taken_back_gives_a_new_order_and_everybody_back(self, town: Town) -> None:
        kept = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r1")
        same = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r2")
        await endorse(town, same.id, "r3")
        await endorse(town, kept.id, "r3")
        await merge(town, same, kept)
        await endorse(town, kept.id, "r4")
        alive = await unmerge(town, same)
        assert (alive.status, alive.order, alive.round) == ("dispatched", order_id(same.id, 2), 2)
        assert alive.supporters == ("r3",)
        assert set((await town.demand(kept.id)).supporters) == {"r3", "r4"}
        assert (await second_order(town, same)).status == "dispatched"
        assert (await town.order(same)).status == "cancelled"
        assert (await town.load()).open == {NPC: 2}
        (unmerged,) = town.post.said(DemandUnmerged.kind)
        assert (unmerged.body.parted_from, unmerged.body.round) == (kept.id, 2)
        (parted,) = town.post.said(DemandParted.kind)
        assert (parted.body.left, parted.body.supporters) == (("r2",), 2)

    async def test_taken_back_everybody_hears_of_their_own_again_and_not_of_the_other(
        self, town: Town
    ) -> None:
        kept = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r1")
        same = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r2")
        await endorse(town, same.id, "r3")
        await merge(town, same, kept)
        await unmerge(town, same)
        for person in ("r2", "r3"):
            told = [n.kind for n in await notices(town, f"person:{person}") if n.demand == same.id]
            assert DemandUnmerged.kind in told
        before = len(await notices(town, "person:r3"))
        await town.accept(kept)
        assert len(await notices(town, "person:r3")) == before
        who = town.origin(NPC, Role.UNIT)
        await town.do("matching", answering.accept_order(town.matching, who, order_id(same.id, 2)))
        assert (await notices(town, "person:r3"))[-1].demand == same.id
        assert (await town.demand(same.id)).status == "accepted"

    async def test_taken_back_a_demand_goes_all_the_way_in_its_second_round(self, town: Town) -> None:
        kept = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r1")
        same = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r2")
        await merge(town, same, kept)
        await unmerge(town, same)
        who, order = town.origin(NPC, Role.UNIT), order_id(same.id, 2)
        await town.do("matching", answering.accept_order(town.matching, who, order))
        urge = demands.urge_demand(town.origin("r2", Role.RESIDENT), same.id, "急")
        await town.do("intake", urge)
        assert (await second_order(town, same)).urged == 1
        from services.matching.handlers.working import Report
        from tests.support.town import PHOTO

        report = Report("装好了", PHOTO, None)
        await town.do("matching", working.complete_order(town.matching, who, order, report))
        await town.rate(same, "unsolved", "dissatisfied")
        assert (await second_order(town, same)).returned == 1
        await town.do("matching", working.complete_order(town.matching, who, order, report))
        await town.rate(same)
        await town.do("matching", closing.verify_order(town.matching, town.staff(), order))
        assert (await town.demand(same.id)).status == "closed"
        assert (await town.order(kept)).status == "dispatched"

    async def test_what_is_heard_late_of_the_first_order_does_not_end_the_second_round(
        self, town: Town
    ) -> None:
        kept = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r1")
        same = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r2")
        works = [
            merging.merge_demand(town.staff(), same.id, kept.id),
            merging.unmerge_demand(town.staff(), same.id, ""),
        ]
        for work in works:  # both before anybody hears of either
            await town.batches["intake"].run([work])
        await town.deliver()
        assert (await town.order(same)).status == "cancelled"
        assert (await town.demand(same.id)).status == "dispatched"
        assert (await town.demand(same.id)).order == order_id(same.id, 2)

    async def test_in_one_batch_merging_twice_and_taking_back_works_out(self, town: Town) -> None:
        a, b, c = [await town.submit(CHARGING, "jindu", by=f"r{n}") for n in range(3)]
        works = [
            merging.merge_demand(town.staff(), a.id, b.id),
            merging.merge_demand(town.staff(), b.id, c.id),
            merging.unmerge_demand(town.staff(), a.id, ""),
        ]
        outcomes = await town.batches["intake"].run(works)
        assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
        await town.deliver()
        assert (await town.demand(c.id)).supporters == ("r1",)
        assert (await town.demand(a.id)).merged_into is None

    async def test_what_was_never_merged_cannot_be_taken_back(self, town: Town) -> None:
        demand = await town.submit(CHARGING, "jindu")
        with pytest.raises(StepNotAllowed):
            await unmerge(town, demand)


class TestOptingOut:
    async def test_a_supporter_leaves_and_hears_no_more(self, town: Town) -> None:
        kept = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r1")
        same = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r2")
        await endorse(town, same.id, "r3")
        await merge(town, same, kept)
        await opt_out(town, kept, "r3")
        assert (await town.demand(kept.id)).supporters == ("r2",)
        assert (await town.demand(same.id)).supporters == ("r3",)
        (fact,) = town.post.said(DemandOptedOut.kind)
        assert (fact.body.left, fact.body.supporters) == (("r3",), 1)
        assert (await notices(town, "person:r3"))[-1].kind == DemandOptedOut.kind
        before = len(await notices(town, "person:r3"))
        await town.accept(kept)
        assert len(await notices(town, "person:r3")) == before
        with pytest.raises(NotCarried):
            await opt_out(town, kept, "r3")

    async def test_of_the_one_who_asked_brings_the_demand_back_to_life(self, town: Town) -> None:
        kept = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r1")
        same = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r2")
        await endorse(town, same.id, "r3")
        await merge(town, same, kept)
        await opt_out(town, kept, "r2")
        assert (await town.demand(same.id)).status == "dispatched"
        assert (await town.demand(kept.id)).supporters == ()
        assert (await second_order(town, same)).demand == same.id
        (parted,) = town.post.said(DemandParted.kind)
        assert set(parted.body.left) == {"r2", "r3"}
        assert town.post.said(DemandOptedOut.kind) == []


class TestRaces:
    async def test_merging_both_ways_at_once_leaves_one_of_them_open(self, town: Town) -> None:
        a = await town.submit(CHARGING, "jindu", by="r1")
        b = await town.submit(CHARGING, "jindu", by="r2")
        works = [
            merging.merge_demand(town.staff(), a.id, b.id),
            merging.merge_demand(town.staff(), b.id, a.id),
        ]
        outcomes = await race(town, "intake", works, portion=1)
        assert sum(isinstance(outcome, SameDemand | StepNotAllowed) for outcome in outcomes) == 1
        await town.deliver()
        now = [await town.demand(a.id), await town.demand(b.id)]
        assert sorted(demand.status == "merged" for demand in now) == [False, True]
        assert len(town.post.said(DemandMerged.kind)) == 1
        assert sum(len(demand.supporters) for demand in now) == 1

    async def test_one_demand_into_two_at_once_goes_into_one(self, town: Town) -> None:
        a, b, c = [await town.submit(CHARGING, "jindu", by=f"r{n}") for n in range(3)]
        works = [merging.merge_demand(town.staff(), a.id, other.id) for other in (b, c)]
        outcomes = await race(town, "intake", works, portion=1)
        assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 1
        await town.deliver()
        into = (await town.demand(a.id)).merged_into
        for other in (b, c):
            supporters = (await town.demand(other.id)).supporters
            assert supporters == (("r0",) if other.id == into else ())

    async def test_merging_endorsing_and_opting_out_at_once_loses_nobody(self, town: Town) -> None:
        kept = await town.submit(CHARGING, "jindu", by="asker")
        others = [await town.submit(CHARGING, "jindu", by=f"a{n}") for n in range(4)]
        for n, other in enumerate(others):
            await endorse(town, other.id, f"s{n}")
        works: list[object] = [merging.merge_demand(town.staff(), o.id, kept.id) for o in others]
        works += [
            demands.endorse_demand(town.origin(f"e{n}", Role.RESIDENT), kept.id, f"e{n}") for n in range(8)
        ]
        works += [merging.unmerge_demand(town.staff(), others[0].id, "")]
        works += [merging.opt_out(town.origin("s1", Role.RESIDENT), kept.id, "s1")]
        outcomes = await race(town, "intake", works, portion=2)  # type: ignore[arg-type]
        assert [o for o in outcomes if isinstance(o, Exception) and not isinstance(o, Refused)] == []
        await town.deliver()
        now = await town.demand(kept.id)
        merged = [await town.demand(other.id) for other in others]
        expected = {f"e{n}" for n in range(8)}
        for demand in merged:
            if demand.status == "merged":
                expected |= {demand.asked_by, *demand.supporters}
        assert expected - {"s1"} <= set(now.supporters) <= expected
        assert len(set(now.supporters)) == len(now.supporters)
        assert [d.supporters for d in merged] == [(f"s{n}",) for n in range(4)]
