"""Clocks: one that is put forward or back breaks nothing, and a day is the community's day."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.chassis.documents import Due, Ref, Versioned
from services.contracts.ids import DemandId
from services.contracts.orders import OrderSettled
from services.intake.domain.issues import Issue, Member
from services.matching.domain.refusals import ServedAtImpossible
from services.matching.domain.workload import Workload
from services.matching.handlers.context import Matching
from services.matching.jobs.slots import AssignSlots
from services.matching.routing.solver import solve
from services.matching.store.catalogues import CatalogueOnRecord, catalogue_ref
from services.matching.store.tallies import workload_ref
from tests.support.deployment import jiwang
from tests.support.stories import EYES, MIXER, MIXER_AGAIN, OPTICIAN, endorse, issue_of
from tests.support.town import SharedModels, Town
from tests.support.towns import Towns

HOUR = timedelta(hours=1)
BEFORE_MIDNIGHT = datetime(2026, 3, 2, 15, 50, tzinfo=UTC)
"""23:50 in Jiwang."""


class TestAClockThatIsPutBack:
    async def test_between_accepting_and_completing_does_not_keep_anybody_from_it(self, town: Town) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        accepted = await town.accept(demand)
        town.now -= HOUR
        completed = await town.complete(demand)
        assert completed.served_at == accepted.accepted_at
        await town.rate(demand)
        await town.verify(demand)
        assert (await town.account(OPTICIAN)).transfers == 1

    @pytest.mark.parametrize("step", [-HOUR, HOUR], ids=["back", "forward"])
    async def test_or_forward_after_every_step_leaves_one_order_one_notice_each_and_the_points(
        self, towns: Towns, step: timedelta
    ) -> None:
        town = await towns.found()
        demand = await town.submit(EYES, "binhe-jiayuan")
        for does in (town.accept, town.complete, town.rate, town.verify):
            town.now += step
            await does(demand)
        assert (await town.demand(demand.id)).status == "closed"
        assert (await town.order(demand)).status == "settled"
        assert (await town.account(OPTICIAN)).balance_points > 0
        assert len(town.post.said(OrderSettled.kind)) == 1
        assert town.parking.parked == []
        assert town.tiers.later == []

    async def test_makes_no_provider_faster_than_at_once(self, town: Town) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        town.now -= HOUR
        await town.accept(demand)
        load = await town.load()
        assert load.records[OPTICIAN].accept_hours >= 0


class TestWhenTheWorkTookPlace:
    @pytest.mark.parametrize("ahead", [1, 3, 30])
    async def test_may_be_told_by_a_clock_half_a_minute_ahead_and_is_now(
        self, town: Town, ahead: int
    ) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.accept(demand)
        completed = await town.complete(demand, served_at=town.now + timedelta(seconds=ahead))
        assert completed.served_at == town.now

    async def test_may_not_lie_further_ahead(self, town: Town) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.accept(demand)
        with pytest.raises(ServedAtImpossible):
            await town.complete(demand, served_at=town.now + timedelta(seconds=31))


class TestDaysOfAnIssue:
    async def test_on_either_side_of_the_communitys_midnight_are_two(self, town: Town) -> None:
        town.now = BEFORE_MIDNIGHT
        first = await town.submit(MIXER, "jindu", by="r1")
        town.now += timedelta(minutes=20)  # the same day in Greenwich
        await town.submit(MIXER_AGAIN, "jindu", by="r2")
        assert (await issue_of(town, first)).standing.days == 2

    async def test_on_either_side_of_greenwichs_midnight_are_one(self, town: Town) -> None:
        town.now = datetime(2026, 3, 2, 23, 50, tzinfo=UTC)  # 07:50 on the third
        first = await town.submit(MIXER, "jindu", by="r1")
        town.now += timedelta(minutes=20)
        await town.submit(MIXER_AGAIN, "jindu", by="r2")
        assert (await issue_of(town, first)).standing.days == 1

    async def test_make_two_demands_hot_by_the_communitys_days(self, town: Town) -> None:
        town.now = BEFORE_MIDNIGHT
        first = await town.submit(MIXER, "jindu", by="r1")
        town.now += timedelta(minutes=20)
        await town.submit(MIXER_AGAIN, "jindu", by="r2")
        for person in ("r3", "r4", "r5"):
            await endorse(town, first.id, person)
        assert (await issue_of(town, first)).hot_at is not None

    def test_of_members_that_an_earlier_release_kept_are_still_counted(self) -> None:
        old = Member(DemandId("d1"), None, datetime(2026, 3, 2, 4, tzinfo=UTC), "r1", ("r1",))
        new = Member(DemandId("d2"), None, datetime(2026, 3, 2, 17, tzinfo=UTC), "r2", ("r2",), "2026-03-03")
        assert Issue("d1", "搅拌站", (old, new)).standing.days == 2


class Books:
    """What an assigner reads: one community in which one order waits."""

    def __init__(self, timezone: str) -> None:
        file = jiwang()
        community = file.community.model_copy(update={"timezone": timezone})
        text = file.model_copy(update={"community": community}).model_dump_json()
        self.books: dict[Ref[Any], Versioned[Any]] = {
            catalogue_ref("jiwang"): Versioned(CatalogueOnRecord(text), 1, 0),
            workload_ref("jiwang"): Versioned(Workload(), 1, 0),
        }

    async def due(self, *_: Any, **__: Any) -> list[Due]:
        return [Due(BEFORE_MIDNIGHT, "jiwang/d1-1", "jiwang")]

    async def load(self, refs: Any) -> dict[Ref[Any], Versioned[Any]]:
        return {ref: self.books[ref] for ref in refs}


class Counting:
    """Runs nothing and counts."""

    def __init__(self) -> None:
        self.works = 0

    async def run(self, works: Any) -> list[Any]:
        self.works += len(works)
        return [0 for _ in works]


@pytest.mark.parametrize(
    ("timezone", "midnight"),
    [
        ("Asia/Shanghai", datetime(2026, 3, 2, 16, tzinfo=UTC)),
        ("Asia/Urumqi", datetime(2026, 3, 2, 18, tzinfo=UTC)),
        ("UTC", datetime(2026, 3, 3, 0, tzinfo=UTC)),
    ],
)
async def test_places_are_looked_at_anew_when_the_communitys_day_begins(
    timezone: str, midnight: datetime
) -> None:
    """Contracts and conventions begin with the day, so who had nobody to go to may have somebody now."""
    at, batches = [BEFORE_MIDNIGHT], Counting()
    assigner = AssignSlots(Books(timezone), batches, Matching(SharedModels(), solve), lambda: at[0])
    seen = []
    for moment in (BEFORE_MIDNIGHT, midnight - timedelta(seconds=1), midnight, midnight + HOUR):
        at[0] = moment
        await assigner.look()
        seen.append(batches.works)
    assert seen == [1, 1, 2, 2]
