"""An emergency goes from one to the next until somebody has it; what is said later counts, too."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

import pytest

from services.chassis.documents import Due, Versioned
from services.chassis.due import DueDocuments, RunDue
from services.contracts.demands import (
    DemandAccuses,
    DemandAlarmed,
    DemandAlarmTaken,
    DemandClosed,
    DemandLeftUnrated,
    DemandPassedOn,
    DemandRatingWanted,
    DemandReread,
    DemandSupplemented,
    DemandToConfirm,
)
from services.contracts.ids import DemandId
from services.contracts.orders import OrderLeftUnrated, OrderProposed
from services.contracts.refusal import Refused
from services.contracts.words import Role
from services.intake.domain.alarms import STEPS_MAX
from services.intake.domain.demands import Demand
from services.intake.domain.readings import Correction
from services.intake.domain.sight import Viewer
from services.intake.handlers import alarms as alarms_handlers
from services.intake.handlers import demands, readings
from services.intake.jobs.timers import BY_ITSELF, DUE
from services.intake.store.communities import profile_ref
from services.intake.views.demands import demand_view
from services.matching.domain.lifecycle import OrderStatus
from services.matching.handlers import timing
from tests.support.town import Town
from tests.support.towns import Towns

FIRE = "三号楼车棚着火了，快来人"
LAMP = "院里的路灯坏了一盏，晚上看不见路"
EYES = "孩子看黑板看不清，能不能组织一次视力筛查"
MINUTES = timedelta(minutes=5)


@dataclass
class OwnDue:
    """What is due in one town of the many that share a database."""

    town: Town

    async def due(self, *what: Any, limit: int, **after: Any) -> list[Due]:
        """Return what is due in the town."""
        documents = cast(DueDocuments, self.town.documents["intake"])
        every = await documents.due(*what, limit=1_000, **after)
        return [one for one in every if one.community == self.town.community][:limit]


def watchman(town: Town) -> RunDue:
    """Return somebody who looks for what is due, as each replica of intake has one."""
    return RunDue(OwnDue(town), town.batches["intake"], lambda: town.now, DUE, BY_ITSELF)


async def later(town: Town, by: timedelta) -> int:
    """Let time pass and look once; return how much was done."""
    town.now += by
    done = await watchman(town).look()
    await town.deliver()
    return done


def alarmed(town: Town) -> list[tuple[str, ...]]:
    return [letter.body.to for letter in town.post.said(DemandAlarmed.kind)]


async def with_duty(towns: Towns, *duty: str, grid: Sequence[tuple[str, Sequence[str]]] = ()) -> Town:
    town = towns.unopened()
    workers = [{"subject": subject, "compounds": list(places)} for subject, places in grid]
    file = town.file.model_dump() | {"duty": duty, "grid_workers": workers}
    town.file = type(town.file).model_validate(file)
    return await town.open()


class TestTheDutyList:
    async def test_is_gone_through_until_somebody_has_it(self, towns: Towns) -> None:
        town = await with_duty(towns, "d1", "d2", grid=[("g1", ["yuxiuyuan"])])
        demand = await town.submit(FIRE, "yuxiuyuan")
        assert alarmed(town) == [("g1", "d1")]
        assert await later(town, MINUTES - timedelta(seconds=1)) == 0
        assert await later(town, timedelta(seconds=1)) == 1
        assert await later(town, MINUTES) == 1
        assert alarmed(town) == [("g1", "d1"), ("d2",), ("d1", "d2")]
        await town.do("intake", alarms_handlers.take_alarm(town.origin("d2", Role.GRID_WORKER), demand.id))
        assert await later(town, 10 * MINUTES) == 0
        (taken,) = town.post.said(DemandAlarmTaken.kind)
        assert (taken.body.by, taken.body.told) == ("d2", ("g1", "d1", "d2"))

    async def test_that_is_empty_or_names_nobody_who_exists_leaves_it_to_staff_again_and_again(
        self, towns: Towns
    ) -> None:
        town = await with_duty(towns)
        demand = await town.submit(FIRE, "yuxiuyuan")
        for _ in range(3):
            assert await later(town, MINUTES) == 1
        assert alarmed(town) == [()] * 4
        assert (await town.demand(demand.id)).pressing == 2

    async def test_ends_after_two_hours_but_the_demand_stands_first_all_the_same(self, towns: Towns) -> None:
        town = await with_duty(towns, "d1")
        demand = await town.submit(FIRE, "yuxiuyuan")
        while await later(town, MINUTES):
            pass
        assert len(alarmed(town)) == STEPS_MAX
        kept = await town.demand(demand.id)
        assert (kept.alarm_due_at, kept.pressing) == (None, 2)

    async def test_is_told_once_by_two_who_look_at_the_same_time(self, towns: Towns) -> None:
        town = await with_duty(towns, "d1", "d2")
        await town.submit(FIRE)
        town.now += MINUTES
        one, other = watchman(town), watchman(town)
        other.batches = town.more_batches("intake")
        done = [await one.look(), await other.look()]
        assert sorted(done) == [0, 1]
        await town.deliver()
        assert len(alarmed(town)) == 2

    async def test_nobodys_name_or_phone_is_in_what_is_told(self, towns: Towns) -> None:
        town = await with_duty(towns, "d1")
        await town.submit("家里着火了，我电话139 1234 5678，快来", "yuxiuyuan")
        (letter,) = town.post.said(DemandAlarmed.kind)
        assert "139****5678" in letter.body.text
        assert letter.body.place == "毓秀苑小区"


class TestWhatIsSaidLater:
    async def working_on_a_lamp(self, town: Town) -> Demand:
        demand = await town.submit(LAMP, "xinhe-dasha")
        await town.accept(demand)
        order = await town.order(demand)
        assert order.provider is not None
        ask = timing.ask_resident(
            town.matching, town.provider(order.provider.id, order.provider.kind), order.id, "哪一盏？"
        )
        await town.do("matching", ask)
        return await town.demand(demand.id)

    async def supplement(self, town: Town, demand: Demand, text: str) -> Demand:
        who = town.origin(demand.asked_by, Role.RESIDENT)
        await town.do("intake", demands.supplement_demand(who, demand.id, text))
        return await town.demand(demand.id)

    async def test_a_supplement_brings_a_danger(self, town: Town) -> None:
        demand = await self.working_on_a_lamp(town)
        after = await self.supplement(town, demand, "灯杆着火了，快来人，烧着的东西往下掉")
        assert after.meaning.is_alarming
        assert after.pressing > 0
        order = await town.order(demand)
        assert order.status is OrderStatus.ACCEPTED
        assert order.pressing == after.pressing

    async def test_and_takes_one_away_which_a_person_then_confirms(self, town: Town) -> None:
        demand = await town.submit(FIRE, "yuxiuyuan")
        after = await self.supplement(town, demand, "搞错了，没有着火，是邻居烧饭，不用来了")
        assert (after.meaning.danger, after.pressing) == ("perhaps", 2)
        assert after.alarm is not None
        assert after.alarm.is_open, "who takes words back may have been made to: somebody asks"
        (reread,) = town.post.said(DemandReread.kind)
        assert reread.body.reading.danger == "perhaps"
        order = await town.order(demand)
        assert (order.held, order.provider) == (True, None)

    async def test_a_supplement_that_accuses_is_not_told_to_the_provider_that_asked(self, town: Town) -> None:
        demand = await self.working_on_a_lamp(town)
        after = await self.supplement(
            town, demand, "举报你们收了材料钱不开票，电线杆是拿旧的充新的，钱进了自己腰包"
        )
        assert (after.meaning.accusation, after.is_confidential, after.is_private) == (
            "wrongdoing",
            True,
            True,
        )
        assert town.post.said(DemandSupplemented.kind) == []
        order = await town.order(demand)
        assert (order.status, order.provider, order.held) == (OrderStatus.PROPOSED, None, True)
        (told,) = town.post.said(DemandAccuses.kind)
        assert told.body.accusation == "wrongdoing"

    @pytest.mark.parametrize("answer", ["三号楼西头那一盏", "东门的，一三九一二三四五六七八"])
    async def test_an_answer_that_accuses_nobody_is_told_to_the_provider(
        self, town: Town, answer: str
    ) -> None:
        demand = await self.working_on_a_lamp(town)
        await self.supplement(town, demand, answer)
        assert len(town.post.said(DemandSupplemented.kind)) == 1
        assert (await town.order(demand)).status is OrderStatus.ACCEPTED

    @pytest.mark.parametrize("answer", ["你们的人上次来要红包", "你们单位的人吃拿卡要", "上次来的那个人骂我"])
    async def test_an_answer_that_perhaps_accuses_is_no_less_kept_from_the_provider(
        self, town: Town, answer: str
    ) -> None:
        demand = await self.working_on_a_lamp(town)
        await self.supplement(town, demand, answer)
        assert town.post.said(DemandSupplemented.kind) == []
        assert (await town.order(demand)).held

    async def test_what_people_say_in_their_own_words_no_neighbour_reads(self, town: Town) -> None:
        demand, secret = await self.working_on_a_lamp(town), "我有尿毒症，每周要透析"
        await self.supplement(town, demand, secret)
        who = town.origin(demand.asked_by, Role.RESIDENT)
        await town.do("intake", demands.urge_demand(who, demand.id, secret))
        await town.do("intake", demands.withdraw_demand(who, demand.id, secret))
        after = await town.demand(demand.id)
        profile = await town.find("intake", profile_ref(town.community))
        assert profile is not None
        read = {
            role: str(demand_view(Versioned(after, 1), Viewer("r9", role), profile).timeline)
            for role in ("resident", "staff")
        }
        assert (read["resident"].count(secret), read["staff"].count(secret)) == (0, 4)

    async def test_a_danger_that_may_be_tells_staff_and_the_grid_worker_to_ask(self, towns: Towns) -> None:
        town = await with_duty(towns, "d1", grid=[("g1", ["yuxiuyuan"])])
        await town.submit("水管爆了，家里都是水，快来人", "yuxiuyuan")
        (told,) = town.post.said(DemandToConfirm.kind)
        assert told.body.to == ("g1",)
        assert town.post.said(DemandAlarmed.kind) == []

    async def test_an_accusation_against_an_accepted_providers_own_work_takes_the_order_from_it(
        self, town: Town
    ) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        order = await town.accept(demand)
        assert order.provider is not None
        accused = Correction(accusation="wrongdoing", accused=(order.provider.id,))
        work = readings.correct_reading(town.staff(), demand.id, accused, "居民来电话说被骗")
        await town.do("intake", work)
        after = await town.order(demand)
        assert (after.status, after.provider, after.held) == (OrderStatus.PROPOSED, None, True)
        assert (await town.demand(demand.id)).handler is None


class TestAccusations:
    async def test_staff_are_told_without_a_word_of_it(self, town: Town) -> None:
        await town.submit("举报仁和诊所无证行医，打针打坏了人", about="report")
        (told,) = town.post.said(DemandAccuses.kind)
        assert (told.body.accusation, told.body.to) == ("wrongdoing", ())
        (proposed,) = town.post.said(OrderProposed.kind)
        assert (proposed.body.text, proposed.body.candidates) == ("", ())

    async def test_a_community_whose_every_partner_is_accused_still_has_its_staff(self, town: Town) -> None:
        names = "、".join(partner.name for partner in town.file.partners)
        demand = await town.submit(f"举报{names}合伙骗老人的钱", about="report")
        order = await town.order(demand)
        assert (order.status, order.candidates) == (OrderStatus.PROPOSED, ())
        sent = await town.dispatch(demand, "community")
        assert sent.status is OrderStatus.DISPATCHED


class TestTheSameTwice:
    async def test_within_a_minute_is_one_demand(self, town: Town) -> None:
        first = await town.submit(LAMP, "xinhe-dasha", again=True)
        town.now += timedelta(seconds=59)
        await town.submit(LAMP, "xinhe-dasha", again=True)
        assert len(town.post.said("demand.submitted.v1")) == 1
        town.now += timedelta(seconds=2)
        await town.submit(LAMP, "xinhe-dasha", again=True)
        assert len(town.post.said("demand.submitted.v1")) == 2
        assert (await town.demand(first.id)).text == LAMP

    async def test_two_at_once_are_one(self, town: Town) -> None:
        submissions = [demands.Submission(DemandId(f"d{n}"), LAMP, None, None, "help") for n in range(2)]
        who = town.origin("r1", Role.RESIDENT)
        works = [demands.submit_demand(who, one) for one in submissions]
        outcomes = await town.batches["intake"].run(works)
        kept = [cast(Any, outcome).value.id for outcome in outcomes]
        assert kept[0] == kept[1]

    async def test_of_two_people_or_with_another_phone_are_two(self, town: Town) -> None:
        await town.submit(LAMP, by="r1", again=True)
        await town.submit(LAMP, by="r2", again=True)
        assert len(town.post.said("demand.submitted.v1")) == 2


class TestNobodyIsForgotten:
    async def test_what_one_takes_back_goes_on_for_those_who_support_it(self, town: Town) -> None:
        demand = await town.submit(LAMP, "xinhe-dasha", by="r1")
        for person in ("r2", "r3"):
            await town.do(
                "intake",
                demands.endorse_demand(town.origin(person, Role.RESIDENT), demand.id, person),
            )
        who = town.origin("r1", Role.RESIDENT)
        await town.do("intake", demands.withdraw_demand(who, demand.id, "搬走了"))
        after = await town.demand(demand.id)
        assert (after.asked_by, after.supporters, after.has_contact) == ("r2", ("r3",), False)
        assert (await town.order(demand)).asked_by == "r2"
        (said,) = town.post.said(DemandPassedOn.kind)
        assert (said.body.asked_by, said.body.left) == ("r2", "r1")
        with pytest.raises(Refused):
            await town.do("intake", demands.urge_demand(who, demand.id, "还没办？"))

    async def done(self, town: Town) -> Demand:
        demand = await town.submit(LAMP, "xinhe-dasha")
        await town.accept(demand)
        await town.complete(demand)
        return await town.demand(demand.id)

    async def test_what_nobody_rates_is_asked_for_again_then_left_unrated_then_over(self, town: Town) -> None:
        demand = await self.done(town)
        days = timedelta(days=town.file.deadlines.rating_days)
        assert demand.rating_due_at == town.now + days / 3
        assert await later(town, days / 3) == 1
        assert (await town.demand(demand.id)).call_back
        (wanted,) = town.post.said(DemandRatingWanted.kind)
        assert wanted.body.left_days == 10
        assert await later(town, days * 2 / 3) == 1
        left = await town.demand(demand.id)
        assert (left.status.value, left.call_back) == ("unrated", False)
        assert len(town.post.said(DemandLeftUnrated.kind)) == 1
        assert (await town.order(demand)).status is OrderStatus.COMPLETED
        assert await later(town, days) == 1
        assert (await town.demand(demand.id)).status.value == "closed"
        (closed,) = town.post.said(DemandClosed.kind)
        assert closed.body.outcome == "unrated"
        assert (await town.order(demand)).status is OrderStatus.UNRATED
        assert len(town.post.said(OrderLeftUnrated.kind)) == 1
        assert await town.transfer(demand) is None
        assert await later(town, 10 * days) == 0

    async def test_in_the_term_after_it_can_be_reopened(self, town: Town) -> None:
        demand = await self.done(town)
        days = timedelta(days=town.file.deadlines.rating_days)
        await later(town, days / 3)
        await later(town, days)
        after = await town.rate(demand, "unsolved", "dissatisfied")
        assert after.rating_due_at is None
        assert (await town.demand(demand.id)).status.value == "in_progress"
        assert (await town.order(demand)).status is OrderStatus.IN_PROGRESS
        assert await later(town, 10 * days) == 0

    async def test_a_rating_in_time_ends_the_waiting(self, town: Town) -> None:
        demand = await self.done(town)
        await later(town, timedelta(days=5))
        await town.rate(demand)
        assert (await town.demand(demand.id)).call_back is False
        assert await later(town, timedelta(days=60)) == 0


def test_a_demand_of_an_earlier_release_is_public_only_if_it_is_a_suggestion() -> None:
    from tests.builders import a_demand

    assert a_demand().is_private
    assert not replace(a_demand(), about="suggestion").is_private
    assert replace(a_demand(), about="report").accuses
