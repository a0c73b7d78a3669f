"""Many writers at once, over several replicas: capacity, points and streams hold all the same."""

import asyncio
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

from services.chassis.batches import Batches, Documents
from services.chassis.changes import Changes
from services.chassis.documents import Ref
from services.chassis.failures import Stale
from services.chassis.streams import REPEATED
from services.chassis.work import UnitOfWork, Work
from services.contracts.ids import DemandId, OrderId, order_id
from services.contracts.orders import OrderSettled
from services.contracts.refusal import Refused
from services.contracts.words import ProviderRef, Role
from services.intake.domain.demands import Demand
from services.intake.handlers import demands as demands_handlers
from services.matching.domain.record import Record
from services.matching.domain.refusals import ProviderFull
from services.matching.domain.workload import Tally
from services.matching.handlers import answering, closing
from services.matching.handlers import placing as placing_handlers
from services.matching.handlers.context import Matching
from services.matching.routing.solver import solve
from services.matching.store.orders import order_ref
from services.matching.store.tallies import TALLIES
from services.matching.store.workloads import Books, WorkloadView
from services.points.handlers.services import award_points
from services.points.handlers.services import settled as done
from tests.support.deployment import jiwang, roomy
from tests.support.stories import CHARGING, EYES, NPC, OPTICIAN, endorse, race
from tests.support.town import MONDAY_MORNING, PARTITIONS, Town
from tests.support.towns import Towns


async def test_200_dispatches_at_once_never_exceed_the_capacity(town: Town) -> None:
    place = [
        demands_handlers.submit_demand(
            town.origin(f"r{n}", Role.RESIDENT),
            demands_handlers.Submission(DemandId(f"d{n}"), CHARGING, None, None, "help"),
        )
        for n in range(200)
    ]
    await town.batches["intake"].run(place)
    await town.deliver()
    works = [
        placing_handlers.dispatch_order(town.matching, town.staff(), OrderId(f"d{n}-1"), NPC)
        for n in range(200)
    ]
    outcomes = await race(town, "matching", works)
    full = [outcome for outcome in outcomes if isinstance(outcome, ProviderFull)]
    done = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
    assert (len(done), len(full)) == (6, 194), {type(outcome) for outcome in outcomes}
    assert (await town.load()).open == {NPC: 6}
    await town.deliver()
    held = [n for n in range(200) if (await town.order(f"d{n}")).status == "dispatched"]
    assert len(held) == 6


async def test_dispatches_declines_and_completions_at_once_leave_the_load_as_the_orders_say(
    town: Town,
) -> None:
    demands = [await town.submit(EYES, "binhe-jiayuan", by=f"r{n}") for n in range(12)]
    who = town.origin(OPTICIAN, Role.PARTNER)
    works: list[Work[Any]] = []
    for demand in demands:
        order = order_id(demand.id)
        works.append(placing_handlers.dispatch_order(town.matching, town.staff(), order, OPTICIAN))
        works.append(answering.decline_order(town.matching, who, order, "忙"))
        works.append(placing_handlers.dispatch_order(town.matching, town.staff(), order, OPTICIAN))
        works.append(closing.cancel_order(town.matching, town.staff(), order, "误报"))
    outcomes = await race(town, "matching", works, portion=2)
    assert [o for o in outcomes if isinstance(o, Exception) and not isinstance(o, Refused)] == []
    await town.deliver()
    counted: dict[str, int] = {}
    for demand in demands:
        placed = await town.order(demand)
        if placed.provider is not None and placed.status in {"dispatched", "accepted", "in_progress"}:
            counted[placed.provider.id] = counted.get(placed.provider.id, 0) + 1
    assert (await town.load()).open == counted
    assert counted.get(OPTICIAN, 0) <= 5


async def test_one_settled_order_told_by_many_at_once_earns_once(towns: Towns) -> None:
    town = await towns.found()
    settled = OrderSettled(
        order="d1-1",
        demand="d1",
        asked_by="r1",
        provider=ProviderRef(id=OPTICIAN, name="医明眼镜店", kind="partner"),
        category="视力健康",
        served_at=MONDAY_MORNING,
    )
    works = [award_points(town.staff(), done(settled)) for _ in range(40)]
    outcomes = await race(town, "points", works, portion=2)
    assert [outcome for outcome in outcomes if outcome is not REPEATED] == [None]
    assert (await town.account(OPTICIAN)).balance_points == 20
    assert (await town.budget()).debited_points == 20


async def test_everybody_endorsing_at_once_is_counted_once_each(town: Town) -> None:
    demand = await town.submit("楼道灯坏了，大家上下楼都看不见", "binhe-jiayuan")
    people = [f"p{n % 30}" for n in range(90)]
    works = [
        demands_handlers.endorse_demand(town.origin(person, Role.RESIDENT), demand.id, person)
        for person in people
    ]
    outcomes = await race(town, "intake", works)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    await town.deliver()
    after = await town.demand(demand.id)
    assert sorted(after.supporters) == sorted(set(people))
    await endorse(town, demand.id, "p1")
    assert len((await town.demand(demand.id)).supporters) == 30


class Counting:
    """Documents whose refused commits are counted."""

    def __init__(self, documents: Any) -> None:
        self.load, self._documents, self.refused = documents.load, documents, 0

    async def commit(self, changes: Changes) -> None:
        try:
            await self._documents.commit(changes)
        except Stale:
            self.refused += 1
            raise


def replica(town: Town) -> tuple[Batches, Matching, Counting]:
    """Return another process: its writer, its use cases, and what it was refused."""
    places = WorkloadView(cast(Books, town.documents["matching"]))
    counting = Counting(places)
    batches = Batches(counting, town.post, PARTITIONS, lambda: town.now)
    return batches, Matching(town.matching.models, solve, places.shard), counting


async def placed(town: Town, count: int) -> list[Demand]:
    return [await town.submit(EYES, "binhe-jiayuan", by=f"r{n}") for n in range(count)]


async def test_two_replicas_that_step_orders_of_one_community_are_never_refused(
    stores: Mapping[str, Documents],
) -> None:
    """Declined, moved on and accepted at the same time: no document is written by both."""
    town = await Town(stores, roomy(jiwang(f"town-{secrets.token_hex(4)}"))).open()
    demands = await placed(town, 20)
    one, other = replica(town), replica(town)
    one[1].shard._numbers.appendleft(1)
    other[1].shard._numbers.appendleft(2)
    for demand in demands:
        assert (await town.order(demand)).provider is not None

    async def decline(who: tuple[Batches, Matching, Counting], some: list[Demand]) -> None:
        for first in range(0, len(some), 2):
            pair = some[first : first + 2]
            works = [
                answering.decline_order(who[1], town.origin(OPTICIAN, Role.PARTNER), order_id(d.id), "忙")
                for d in pair
            ]
            assert [o for o in await who[0].run(works) if isinstance(o, Exception)] == []

    await asyncio.gather(decline(one, demands[::2]), decline(other, demands[1::2]))
    assert (one[2].refused, other[2].refused) == (0, 0)
    load = await town.load()
    assert load.open.get(OPTICIAN, 0) == 0
    assert load.records[OPTICIAN].declined == len(demands)
    assert load.lessons == len(demands)


async def test_what_an_earlier_release_added_up_counts_once_with_what_is_added_today(town: Town) -> None:
    """Its document is read as one part of the sum, and written by nobody; so nothing is to be moved."""
    old = Tally({OPTICIAN: 3}, {OPTICIAN: Record(offered=5, accepted=4, accept_seconds=60.0)}, 7)
    ref = Ref(TALLIES, town.community, "load")

    def keep(uow: UnitOfWork) -> None:
        uow.put(ref, old)

    await town.do("matching", Work(town.staff(), (ref,), keep))
    await placed(town, 1)
    load = await town.load()
    assert load.open == {OPTICIAN: 1}
    assert load.records[OPTICIAN].offered == 6
    assert load.records[OPTICIAN].accepted == 4
    assert load.lessons == 7
    assert await town.find("matching", ref) == old


async def test_orders_without_a_numbered_place_are_counted_too(town: Town) -> None:
    """As an earlier release keeps them, before an upgrade and beside this one."""
    (demand,) = await placed(town, 1)
    ref = order_ref(town.community, order_id(demand.id))

    def forget(uow: UnitOfWork) -> None:
        order = uow.find(ref)
        assert order is not None
        uow.put(ref, replace(order, seat=None))

    await town.do("matching", Work(town.staff(), (ref,), forget))
    more = [await town.submit(EYES, "binhe-jiayuan", by=f"m{n}") for n in range(8)]
    for one in more:
        with suppress(Refused):
            await town.dispatch(one, OPTICIAN)
    assert (await town.load()).open == {OPTICIAN: 5}
    numbers = {order.seat for order in [await town.order(one) for one in more] if order.provider}
    assert numbers == {1, 2, 3, 4}
