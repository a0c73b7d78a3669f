"""A demand with many supporters: they stand beside it, and every step comes to the same as with few."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.chassis.work import UnitOfWork, Work
from services.contracts.demands import (
    DemandEndorsed,
    DemandJoined,
    DemandOptedOut,
    DemandParted,
    DemandPassedOn,
)
from services.contracts.refusal import NotFound
from services.contracts.spans import PORTION_MAX
from services.contracts.words import Role
from services.intake.domain.crowds import SUPPORTERS_MAX
from services.intake.domain.demands import Demand, NotYourDemand
from services.intake.domain.supporters import whole
from services.intake.handlers import demands, merging
from services.intake.store.demands import demand_ref, portion_refs
from tests.builders import crowd
from tests.support.stories import MIXER, MIXER_AGAIN, TABLE_TENNIS, issue_of, race
from tests.support.town import Town

FEW = 3


async def endorse(town: Town, demand: Demand, *people: str, at_once: int = 50) -> Demand:
    """Let people endorse, some in each transaction."""
    works = [demands.endorse_demand(town.origin(one, Role.RESIDENT), demand.id, one, FEW) for one in people]
    for at in range(0, len(works), at_once):
        outcomes = await town.batches["intake"].run(works[at : at + at_once])
        assert [one for one in outcomes if isinstance(one, Exception)] == []
    await town.deliver()
    return await town.demand(demand.id)


async def named(town: Town, demand: Demand) -> Demand:
    """Return a demand as it is kept, with everybody behind it by name."""
    kept = await town.demand(demand.id)
    loaded = await town.documents["intake"].load(portion_refs(town.community, kept))
    return whole(kept, [portion.present for portion in loaded.values()])


async def two(town: Town) -> tuple[Demand, Demand]:
    """Return two demands about one matter, each with more supporters than stand on it."""
    kept = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r1")
    same = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r2")
    await endorse(town, kept, "a1", "a2", "a3", "both")
    await endorse(town, same, "b1", "b2", "b3", "both")
    return kept, same


async def merged(town: Town) -> tuple[Demand, Demand]:
    kept, same = await two(town)
    await town.do("intake", merging.merge_demand(town.staff(), same.id, kept.id, FEW))
    return kept, same


class TestEndorsing:
    async def test_counts_each_person_once_whether_few_or_many(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, by="r1")
        people = crowd(30)
        after = await endorse(town, demand, *people, *people)
        assert (after.supporter_count, after.supporters) == (30, ())
        assert (await named(town, demand)).supporters == people
        said = [letter.body.supporters for letter in town.post.said(DemandEndorsed.kind)]
        assert said == list(range(1, 31))

    async def test_by_everybody_at_once_through_many_writers_loses_nobody(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, by="r1")
        people = [f"p{n % 30:02}" for n in range(90)]
        works = [
            demands.endorse_demand(town.origin(one, Role.RESIDENT), demand.id, one, FEW) for one in people
        ]
        outcomes = await race(town, "intake", works)
        assert [one for one in outcomes if isinstance(one, Exception)] == []
        assert sorted((await named(town, demand)).supporters) == sorted(set(people))

    async def test_costs_the_same_whether_ten_or_a_thousand_stand_behind_it(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, by="r1")
        sizes = []
        for n in range(3):
            await endorse(town, demand, *(f"{n}-{one}" for one in crowd(PORTION_MAX)))
            kept = await town.demand(demand.id)
            (at,) = portion_refs(town.community, kept, "somebody")
            loaded = await town.documents["intake"].load([at])
            sizes.append(len(repr(kept)))
            assert len(loaded[at].present.supporters) <= PORTION_MAX
        assert max(sizes) - min(sizes) < 1_500, "the demand does not grow with its supporters"


class TestSteps:
    async def test_a_supporter_of_many_may_press_and_a_neighbour_may_not(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan", by="r1")
        await endorse(town, demand, *crowd(10))
        for who, times in (("r1", 1), (crowd(10)[4], 2)):
            await town.do("intake", demands.urge_demand(town.origin(who, Role.RESIDENT), demand.id, ""))
            assert (await town.demand(demand.id)).urged == times
        with pytest.raises(NotYourDemand):
            await town.do("intake", demands.urge_demand(town.origin("r9", Role.RESIDENT), demand.id, ""))

    async def test_what_one_takes_back_goes_on_for_the_first_of_many(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, by="r1")
        people = crowd(10)
        await endorse(town, demand, *people)
        work = demands.withdraw_demand(town.origin("r1", Role.RESIDENT), demand.id, "", FEW)
        await town.do("intake", work)
        after = await named(town, demand)
        assert (after.asked_by, after.supporters) == (people[0], people[1:])
        (fact,) = town.post.said(DemandPassedOn.kind)
        assert (fact.body.asked_by, fact.body.supporters) == (people[0], 9)
        await endorse(town, demand, "late")
        assert (await named(town, demand)).supporters == (*people[1:], "late")


class TestMerging:
    async def test_brings_everybody_of_many_and_counts_nobody_twice(self, town: Town) -> None:
        kept, same = await merged(town)
        after = await named(town, kept)
        assert after.supporters == ("a1", "a2", "a3", "both", "r2", "b1", "b2", "b3")
        (joined,) = town.post.said(DemandJoined.kind)
        assert joined.body.supporters == 8
        assert set(joined.body.carried) == {"r2", "b1", "b2", "b3"}
        assert (await named(town, same)).supporters == ("b1", "b2", "b3", "both")

    async def test_taken_back_leaves_everybody_where_they_gave_their_voice(self, town: Town) -> None:
        kept, same = await merged(town)
        await endorse(town, kept, "late", "b1")
        work = merging.unmerge_demand(town.staff(), same.id, "不是一回事", FEW)
        await town.do("intake", work)
        assert (await named(town, kept)).supporters == ("a1", "a2", "a3", "both", "late", "b1")
        assert (await named(town, same)).supporters == ("b1", "b2", "b3", "both")
        (parted,) = town.post.said(DemandParted.kind)
        assert (set(parted.body.left), parted.body.supporters) == ({"r2", "b2", "b3"}, 6)

    async def test_somebody_of_many_who_does_not_agree_is_let_go(self, town: Town) -> None:
        kept, _ = await merged(town)
        for person in ("b2", "both"):
            work = merging.opt_out(town.origin(person, Role.RESIDENT), kept.id, person, FEW)
            await town.do("intake", work)
        after = await named(town, kept)
        assert after.supporters == ("a1", "a2", "a3", "both", "r2", "b1", "b3")
        fact = town.post.said(DemandOptedOut.kind)[0]
        assert (fact.body.left, fact.body.supporters) == (("b2",), 7)

    async def test_and_the_demand_of_one_who_asked_stands_on_its_own_again(self, town: Town) -> None:
        kept, same = await merged(town)
        work = merging.opt_out(town.origin("r2", Role.RESIDENT), kept.id, "r2", FEW)
        await town.do("intake", work)
        assert (await named(town, kept)).supporters == ("a1", "a2", "a3", "both")
        alive = await named(town, same)
        assert (alive.supporters, alive.merged_into) == (("b1", "b2", "b3", "both"), None)

    async def test_steps_of_one_batch_see_what_the_one_before_left(self, town: Town) -> None:
        kept, same = await two(town)
        who = town.origin("z1", Role.RESIDENT)
        works: list[Work[Any]] = [
            demands.endorse_demand(who, same.id, "z1", FEW),
            merging.merge_demand(town.staff(), same.id, kept.id, FEW),
            demands.endorse_demand(who, kept.id, "z1", FEW),
            merging.unmerge_demand(town.staff(), same.id, "", FEW),
            demands.endorse_demand(town.origin("z2", Role.RESIDENT), same.id, "z2", FEW),
        ]
        outcomes = await town.batches["intake"].run(works)
        assert [one for one in outcomes if isinstance(one, Exception)] == []
        assert (await named(town, kept)).supporters == ("a1", "a2", "a3", "both", "z1")
        assert (await named(town, same)).supporters == ("b1", "b2", "b3", "both", "z1", "z2")


async def test_an_issue_counts_the_voices_of_many(town: Town) -> None:
    first = await town.submit(MIXER, "jindu", by="r1")
    await town.submit(MIXER_AGAIN, "jindu", by="r2")
    await endorse(town, first, *crowd(10))
    issue = await issue_of(town, first)
    assert issue.standing.voices == 12
    assert max(len(member.people) for member in issue.members) == 1


async def test_who_stood_on_a_demand_by_name_moves_beside_it_with_the_next(town: Town) -> None:
    demand = await town.submit(TABLE_TENNIS, by="r1")
    for one in crowd(10):
        work = demands.endorse_demand(town.origin(one, Role.RESIDENT), demand.id, one, 1_000)
        await town.do("intake", work)
    assert (await town.demand(demand.id)).supporters == crowd(10)
    after = await endorse(town, demand, "late")
    assert (after.supporters, after.supporter_count) == ((), 11)
    assert (await named(town, demand)).supporters == (*crowd(10), "late")


async def test_a_crowd_comes_back_to_its_demand_where_all_are_to_stand_on_it(town: Town) -> None:
    demand = await town.submit(TABLE_TENNIS, by="r1")
    await endorse(town, demand, *crowd(10))
    work = demands.endorse_demand(town.origin("late", Role.RESIDENT), demand.id, "late", SUPPORTERS_MAX)
    await town.do("intake", work)
    after = await town.demand(demand.id)
    assert (after.crowd, after.supporters) == (None, (*crowd(10), "late"))


async def test_a_crowd_that_another_release_has_forgotten_can_be_made_again(town: Town) -> None:
    demand = await town.submit(TABLE_TENNIS, by="r1")
    await endorse(town, demand, *crowd(10))
    ref = demand_ref(town.community, demand.id)

    def forget(uow: UnitOfWork) -> None:
        uow.put(ref, replace(uow.get(ref, NotFound()), crowd=None))

    town.now += timedelta(minutes=5)
    await town.do("intake", Work(town.staff(), (ref,), forget))
    again = tuple(f"again-{n}" for n in range(10))
    after = await endorse(town, demand, *again)
    assert (after.supporter_count, (await named(town, demand)).supporters) == (10, again)
