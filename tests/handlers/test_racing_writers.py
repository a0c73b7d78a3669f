"""Many writers at once, over several replicas: capacity, points and streams hold all the same."""

import asyncio
from typing import Any

from services.chassis.desk import Work
from services.contracts.orders import OrderSettled
from services.contracts.refusal import Refused
from services.contracts.words import ProviderRef, Role
from services.intake import handlers as intake
from services.matching.domain.refusals import ProviderFull
from services.points.handlers import award_points
from tests.handlers.conftest import Towns
from tests.handlers.test_life_of_a_demand import CHARGING, EYES, NPC, OPTICIAN, endorse
from tests.support.town import MONDAY_MORNING, Town

REPLICAS = 4


async def race(town: Town, service: str, works: list[Work[Any]], portion: int = 5) -> list[Any]:
    """Run works over several writers at once, a few together each time; return their outcomes."""
    writers = [town.more_batches(service) for _ in range(REPLICAS)]
    portions = [works[at : at + portion] for at in range(0, len(works), portion)]

    async def write(number: int) -> list[Any]:
        outcomes: list[Any] = []
        for mine in portions[number::REPLICAS]:
            outcomes.extend(await writers[number].run(mine))
        return outcomes

    return [outcome for some in await asyncio.gather(*map(write, range(REPLICAS))) for outcome in some]


async def test_200_dispatches_at_once_never_exceed_the_capacity(town: Town) -> None:
    place = [
        intake.submit_demand(
            town.origin(f"r{n}", Role.RESIDENT), intake.Submission(f"d{n}", CHARGING, None, None, "help")
        )
        for n in range(200)
    ]
    await town.batches["intake"].run(place)
    await town.deliver()
    works = [town.matching.dispatch_order(town.staff(), f"d{n}-1", NPC, None) for n in range(200)]
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
        order = f"{demand.id}-1"
        works.append(town.matching.dispatch_order(town.staff(), order, OPTICIAN, None))
        works.append(town.matching.decline_order(who, order, "忙", None))
        works.append(town.matching.dispatch_order(town.staff(), order, OPTICIAN, None))
        works.append(town.matching.cancel_order(town.staff(), order, "误报", None))
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
    works = [award_points(town.staff(), settled) for _ in range(40)]
    outcomes = await race(town, "points", works, portion=2)
    assert {type(outcome) for outcome in outcomes} == {type(None)}
    assert (await town.account(OPTICIAN)).balance_points == 20
    assert (await town.budget()).debited_points == 20


async def test_everybody_endorsing_at_once_is_counted_once_each(town: Town) -> None:
    demand = await town.submit(EYES, "binhe-jiayuan")
    people = [f"p{n % 30}" for n in range(90)]
    works = [
        intake.endorse_demand(town.origin(person, Role.RESIDENT), demand.id, person) for person in people
    ]
    outcomes = await race(town, "intake", works)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    await town.deliver()
    after = await town.demand(demand.id)
    assert sorted(after.supporters) == sorted(set(people))
    await endorse(town, demand.id, "p1")
    assert len((await town.demand(demand.id)).supporters) == 30
