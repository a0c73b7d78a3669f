"""More demands than places: they wait, the oldest first, and nobody ever carries more than it can."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

import pytest

from services.chassis.batches import Documents
from services.chassis.clock import new_id
from services.contracts.catalogue import SUBSCRIPTIONS
from services.contracts.community_file import CommunityFile
from services.contracts.ids import DemandId, OrderId, order_id
from services.contracts.orders import OrderDispatched, OrderEscalated, OrderQueued
from services.contracts.words import Role
from services.devserver import Servers
from services.intake.domain.demands import Demand
from services.intake.handlers import demands as demands_handlers
from services.matching.domain.deadlines import Level
from services.matching.domain.orders import Order
from services.matching.handlers import answering, closing, working
from services.matching.handlers import waiting as waiting_handlers
from services.matching.handlers.context import Matching
from services.matching.handlers.working import Report
from services.matching.jobs.slots import AssignSlots
from services.matching.routing.solver import solve
from services.matching.store.orders import ORDERS, order_ref
from services.notify.domain.notices import person
from tests.support.deployment import jiwang, roomy
from tests.support.documents import MemoryDocuments
from tests.support.stories import COOPERATIVE, EYES, NPC, OPTICIAN, TABLE_TENNIS, notices
from tests.support.town import PHOTO, SharedModels, Town
from tests.support.towns import Towns, stores_on

CLINIC = "renhe-clinic"
A_VISIT = "老人请上门看病"
IN_DANGER = "爷爷在院里晕倒了，叫不醒"
MINUTE = timedelta(minutes=1)
WAITS = "能办的单位现在都满了，排队等候，有空位就派单"


@pytest.fixture(scope="module")
async def stores(servers: Servers) -> AsyncIterator[Mapping[str, Documents]]:
    """A database of this module's own: an assigner looks after every community that it finds."""
    async with stores_on(servers) as found:
        yield found


@pytest.fixture(autouse=True)
async def _nothing_left_behind(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    yield
    if "mongo" in request.node.name:
        store = request.getfixturevalue("stores")["matching"]
        await store.plain(ORDERS.name).delete({})


def with_capacity(file: CommunityFile, capacity: Mapping[str, int]) -> CommunityFile:
    """Return the community with room for everything but with those named."""
    spacious = roomy(file)
    units = (u.model_copy(update={"capacity": capacity.get(u.id, u.capacity)}) for u in spacious.units)
    partners = (p.model_copy(update={"capacity": capacity.get(p.id, p.capacity)}) for p in spacious.partners)
    return spacious.model_copy(update={"units": tuple(units), "partners": tuple(partners)})


async def found(towns: Towns, **capacity: int) -> Town:
    """Found a town where those named, with underscores, carry only so much."""
    documents = towns.documents or {name: MemoryDocuments() for name in SUBSCRIPTIONS}
    named = {provider.replace("_", "-"): count for provider, count in capacity.items()}
    file = jiwang(f"town-{secrets.token_hex(4)}")
    return await Town(documents, with_capacity(file, named)).open()


@pytest.fixture
async def town(towns: Towns) -> Town:
    """A town whose optician and clinic carry two orders each."""
    return await found(towns, yiming_optical=2, renhe_clinic=2)


def assigner(town: Town) -> AssignSlots:
    """Return somebody who gives places, as each replica has one."""
    matching = Matching(SharedModels(), solve)
    return AssignSlots(town.places(), town.more_batches("matching"), matching, lambda: town.now)


async def look(town: Town, giver: AssignSlots | None = None) -> int:
    """Let places be given now, and everybody hear of it."""
    count = await (giver or assigner(town)).look()
    await town.deliver()
    return count


async def submitted(town: Town, *texts: str) -> list[Demand]:
    """Submit these, a minute apart."""
    demands = []
    for text in texts:
        demands.append(await town.submit(text))
        town.now += MINUTE
    return demands


async def statuses(town: Town, demands: list[Demand]) -> list[str]:
    """Return where the demands stand."""
    return [(await town.demand(demand.id)).status.value for demand in demands]


DISPATCHED, QUEUED = "dispatched", "queued"


class TestWaiting:
    async def test_two_places_are_given_and_four_wait_the_oldest_first(self, town: Town) -> None:
        demands = await submitted(town, *[EYES] * 6)
        await look(town)
        assert await statuses(town, demands) == [DISPATCHED] * 2 + [QUEUED] * 4
        assert (await town.load()).open == {OPTICIAN: 2}
        assert await look(town) == 0

    async def test_one_whose_words_name_nothing_waits_for_whoever_does_what_it_wishes(
        self, town: Town
    ) -> None:
        demands = await submitted(town, *["看报纸胳膊都不够长了，字全是糊的"] * 3)
        await look(town)
        assert await statuses(town, demands) == [DISPATCHED] * 2 + [QUEUED]

    async def test_one_that_comes_when_all_is_full_waits_too(self, town: Town) -> None:
        await submitted(town, EYES, EYES)
        await look(town)
        late = await town.submit(EYES)
        order = await town.order(late)
        assert (late.status.value, order.status.value) == (QUEUED, QUEUED)
        assert order.provider is None
        assert order.queued_at == town.now
        assert order.candidates[0].provider.id == OPTICIAN
        assert (await town.load()).open == {OPTICIAN: 2}

    async def test_the_resident_is_told_that_it_waits_and_everybody_why(self, town: Town) -> None:
        first, second = await submitted(town, EYES, EYES)
        (queued,) = town.post.said(OrderQueued.kind)
        assert (queued.body.demand, queued.body.candidates[0].provider.id) == (second.id, OPTICIAN)
        assert [line.text for line in second.timeline][-1] == WAITS
        assert WAITS not in [line.text for line in first.timeline]
        told = [n.text for n in await notices(town, person(second.asked_by))]
        assert sum("在排队" in text for text in told) == 1

    async def test_whoever_waited_long_is_told_that_there_is_room_now(self, town: Town) -> None:
        demands = await submitted(town, *[EYES] * 3)
        await look(town)
        town.now += 30 * MINUTE
        await town.accept(demands[0])
        await town.complete(demands[0])
        assert await look(town) == 1
        after = await town.demand(demands[2].id)
        assert "医明眼镜店有了空位，轮到这一件" in after.timeline[-1].text
        assert (await town.order(after)).queued_at is None

    async def test_where_there_is_room_nobody_waits(self, towns: Towns) -> None:
        town = await found(towns, yiming_optical=50)
        demands = await submitted(town, *[EYES] * 6)
        assert await statuses(town, demands) == [DISPATCHED] * 6
        assert town.post.said(OrderQueued.kind) == []


class TestRelease:
    @pytest.mark.parametrize("how", ["complete", "cancel", "decline", "withdraw"])
    async def test_the_oldest_gets_the_place_that_becomes_free(self, town: Town, how: str) -> None:
        demands = await submitted(town, *[EYES] * 5)
        giver = assigner(town)
        assert await look(town, giver) == 1
        assert await look(town, giver) == 0
        await self._release(town, demands[0], how)
        assert await look(town, giver) == 1
        assert (await statuses(town, demands))[1:] == [DISPATCHED, DISPATCHED, QUEUED, QUEUED]
        assert (await town.load()).open == {OPTICIAN: 2}

    async def _release(self, town: Town, demand: Demand, how: str) -> None:
        if how == "complete":
            await town.accept(demand)
            await town.complete(demand)
        elif how == "cancel":
            cancel = closing.cancel_order(town.matching, town.staff(), order_id(demand.id), "误报")
            await town.do("matching", cancel)
        elif how == "decline":
            assert (await town.decline(demand)).status.value == "proposed"
        else:
            await withdrawn(town, demand)

    async def test_somebody_in_danger_waits_for_no_place_but_goes_to_people_at_once(self, town: Town) -> None:
        demands = await submitted(town, *[A_VISIT] * 4, IN_DANGER)
        assert await statuses(town, demands) == [DISPATCHED, QUEUED, QUEUED, QUEUED, "in_review"]
        await look(town)
        order = await town.order(demands[4])
        assert (order.urgent, order.held, order.status.value) == (True, True, "proposed")

    async def test_who_wants_another_provider_does_not_wait_for_this_one(self, town: Town) -> None:
        eyes, more, visit = await submitted(town, EYES, EYES, A_VISIT)
        assert await statuses(town, [eyes, more, visit]) == [DISPATCHED, QUEUED, DISPATCHED]
        assert (await town.load()).open == {OPTICIAN: 1, CLINIC: 1}

    async def test_staff_may_send_one_that_waits_to_another(self, town: Town) -> None:
        demands = await submitted(town, *[EYES] * 3)
        await look(town)
        order = await town.dispatch(demands[2], CLINIC)
        assert (order.status.value, order.chosen_by, order.queued_at) == (DISPATCHED, "staff", None)
        assert await look(town) == 0


async def withdrawn(town: Town, demand: Demand) -> None:
    """Let the resident take a demand back."""
    who = town.origin(demand.asked_by, Role.RESIDENT)
    await town.do("intake", demands_handlers.withdraw_demand(who, demand.id, "好了"))


async def test_one_that_waits_can_be_taken_back_and_gets_no_place_any_more(town: Town) -> None:
    demands = await submitted(town, *[EYES] * 4)
    await look(town)
    await withdrawn(town, demands[2])
    order = await town.order(demands[2])
    assert (order.status.value, order.queued_at) == ("cancelled", None)
    await withdrawn(town, demands[0])
    assert await look(town) == 1
    assert await statuses(town, demands) == ["withdrawn", DISPATCHED, "withdrawn", DISPATCHED]


class TestTime:
    async def test_one_that_nobody_is_found_for_in_time_climbs_to_staff_and_waits_on(
        self, town: Town
    ) -> None:
        demands = await submitted(town, *[EYES] * 3)
        await look(town)
        for demand in demands[:2]:
            await town.accept(demand)
        waiting = await town.order(demands[2])
        assert waiting.sign_due_at is not None
        await town.wait(waiting.sign_due_at)
        climbed = await town.order(demands[2])
        assert (climbed.status.value, climbed.level) == (QUEUED, Level.STAFF)
        assert climbed.queued_at == waiting.queued_at
        (escalated,) = town.post.said(OrderEscalated.kind)
        assert (escalated.body.demand, escalated.body.level) == (demands[2].id, "staff")
        assert "已提请社区工作人员处理" in (await town.demand(demands[2].id)).timeline[-1].text
        await town.complete(demands[0])
        assert await look(town) == 1
        assert (await town.order(demands[2])).status.value == DISPATCHED

    async def test_it_keeps_the_deadline_it_had_when_it_came(self, town: Town) -> None:
        demands = await submitted(town, EYES, EYES)
        before = (await town.order(demands[1])).finish_due_at
        town.now += timedelta(hours=1)
        await look(town)
        order = await town.order(demands[1])
        assert order.status.value == DISPATCHED
        assert before is not None
        assert order.finish_due_at == before
        assert order.sign_due_at is not None
        assert order.sign_due_at > town.now


class TestReplicas:
    async def test_a_new_one_goes_on_where_the_old_one_ended(self, town: Town) -> None:
        demands = await submitted(town, *[EYES] * 4)
        old = assigner(town)
        await look(town, old)
        await town.accept(demands[0])
        await town.complete(demands[0])
        assert await look(town, assigner(town)) == 1
        assert await look(town, old) == 0
        assert await statuses(town, demands) == ["completed", DISPATCHED, DISPATCHED, QUEUED]

    async def test_places_that_a_new_file_brings_are_given_at_once(self, town: Town) -> None:
        demands = await submitted(town, *[EYES] * 4)
        giver = assigner(town)
        assert await look(town, giver) == 1
        assert await look(town, giver) == 0
        town.file = with_capacity(town.file, {"yiming-optical": 10})
        await town.open()
        assert await look(town, giver) == 2
        assert await statuses(town, demands) == [DISPATCHED] * 4

    async def test_the_same_place_is_given_once_however_many_ask(self, town: Town) -> None:
        demands = await submitted(town, *[EYES] * 4)
        works = [
            waiting_handlers.assign_slots(
                town.matching, town.staff(), [order_id(demand.id) for demand in demands]
            )
            for _ in range(3)
        ]
        assert await town.batches["matching"].run(works) == [1, 0, 0]
        assert (await town.load()).open == {OPTICIAN: 2}

    async def test_communities_do_not_share_their_places(self, towns: Towns, town: Town) -> None:
        other = Town(
            town.documents,
            with_capacity(jiwang(f"town-{secrets.token_hex(4)}"), {OPTICIAN: 2}),
            post=town.post,
        )
        await other.open()
        here, there = await submitted(town, *[EYES] * 3), await submitted(other, *[EYES] * 3)
        assert await look(town) == 2
        await other.deliver()
        assert await statuses(town, here) == await statuses(other, there) == [DISPATCHED] * 2 + [QUEUED]
        assert (await town.load()).open == (await other.load()).open == {OPTICIAN: 2}

    @pytest.mark.slow
    async def test_two_hundred_race_for_fifteen_places_and_each_gets_one(self, towns: Towns) -> None:
        town = await found(
            towns,
            renhe_clinic=5,
            jishan_npc_standing_committee=5,
            jishan_supply_cooperative=5,
            dongli_sports=0,
        )
        orders = await self._two_hundred(town)
        givers = [assigner(town) for _ in range(4)]
        served: Counter[str] = Counter()
        for _ in range(60):
            have = [order for order in await self._all(town, orders) if order.status.value == DISPATCHED]
            carried = Counter(order.provider.id for order in have if order.provider)
            assert carried == (await town.load()).open
            assert max(carried.values(), default=0) <= 5
            served.update(order.id for order in have)
            if not have:
                break
            # Places become free at the same time as everybody looks for some.
            await asyncio.gather(self._finish(town, have), *(giver.look() for giver in givers))
            await asyncio.gather(*(giver.look() for giver in givers))
        await town.deliver()
        assert served == Counter(orders)
        sent = Counter(letter.body.order for letter in town.post.said(OrderDispatched.kind))
        assert sent == Counter(orders)
        assert (await town.load()).open == {}
        providers = {letter.body.provider.id for letter in town.post.said(OrderDispatched.kind)}
        assert providers == {CLINIC, NPC, COOPERATIVE}
        assert town.parking.parked == []

    async def _two_hundred(self, town: Town) -> list[str]:
        submissions = [
            demands_handlers.Submission(
                DemandId(new_id()), (A_VISIT, TABLE_TENNIS)[n % 2], None, None, "help", same_within=0
            )
            for n in range(200)
        ]
        who = town.origin("r1", Role.RESIDENT)
        works = [demands_handlers.submit_demand(who, submission) for submission in submissions]
        outcomes = await town.batches["intake"].run(works)
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        await town.deliver()
        return [order_id(submission.demand) for submission in submissions]

    async def _all(self, town: Town, orders: list[str]) -> list[Order]:
        refs = [order_ref(town.community, OrderId(order)) for order in orders]
        kept = (await town.documents["matching"].load(refs)).values()
        return [one.value for one in kept if one.value is not None]

    async def _finish(self, town: Town, orders: list[Order]) -> None:
        """Let everybody accept and complete what it has."""
        writer = town.more_batches("matching")
        done = Report("办好了", PHOTO, None)
        providers = [(order.id, order.provider) for order in orders if order.provider]
        whose = [(order, town.provider(its.id, its.kind)) for order, its in providers]
        accepted = await writer.run(
            [answering.accept_order(town.matching, who, order) for order, who in whose]
        )
        completed = await writer.run(
            [working.complete_order(town.matching, who, order, done) for order, who in whose]
        )
        assert not [one for one in (*accepted, *completed) if isinstance(one, Exception)]
