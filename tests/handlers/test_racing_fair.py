"""The fair opens, and a thousand partners press at the same second: as many get one as there are."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

from services.chassis.work import Work
from services.contracts.ids import OrderId
from services.points.domain.accounts import ESCROW, InsufficientPoints
from services.points.domain.approvals import Approval
from services.points.domain.shop import WAITING_MAX, Fair, LimitReached, Offer, SoldOut
from services.points.domain.transfers import Cause
from services.points.domain.waiting import Award
from services.points.handlers.awards import pay_or_wait
from services.points.handlers.funding import approve
from services.points.handlers.redemptions import redeem
from services.points.handlers.shop import announce_fair, put_up, restock
from services.points.store.shop import offer_ref
from tests.support.town import Town
from tests.support.towns import Towns

PRESS, STOCK, PRICE, WRITERS = 1_000, 100, 30, 4
POOR = 200
"""So many of them have not the points for it."""


async def _all(town: Town, works: list[Work[Any]]) -> None:
    for at in range(0, len(works), 250):
        outcomes = await town.batches["points"].run(works[at : at + 250])
        assert [one for one in outcomes if isinstance(one, Exception)] == []


async def _opened(towns: Towns) -> tuple[Town, list[str]]:
    """Return a town with a thousand partners, who have points, and a fair that has opened."""
    town = towns.unopened()
    one = town.file.partners[0]
    names = [f"p{number}" for number in range(PRESS)]
    many = tuple(one.model_copy(update={"id": name, "name": f"合伙人{name}"}) for name in names)
    town.file = town.file.model_copy(update={"partners": (*town.file.partners, *many)})
    await town.open()
    origin = town.staff()
    works: list[Work[Any]] = [approve(origin, Approval("a", PRESS * PRICE, "核定"))]
    for number, name in enumerate(names):
        order, points = OrderId(f"o{number}"), PRICE - (number < POOR)
        award = Award(f"a{number}", name, points, "完成服务", Cause("order", order), order, "", 1)
        works.append(pay_or_wait(origin, award))
    opens = town.now + timedelta(hours=1)
    works.append(announce_fair(origin, Fair("f1", "集市", opens, opens + timedelta(hours=2), 1, town.now)))
    await _all(town, works)
    offer = Offer("gold", "policy_advice", "咨询", "", PRICE, STOCK, None, None, None, 9, town.now, "f1")
    await _all(town, [put_up(origin, offer)])
    town.now = opens
    return town, names


async def _pressed(town: Town, names: list[str]) -> Counter[str]:
    """Let everybody press at once, through several writers, some of them twice; return what came of it."""
    origin = town.staff()
    writers = [town.more_batches("points") for _ in range(WRITERS)]
    twice = [*names, *names[:100:-10]]
    portions: list[list[Work[Any]]] = [
        [redeem(origin, "gold", f"r{at}-{number}", name, waits=True) for number, name in enumerate(some)]
        for at, some in enumerate(twice[part::WRITERS] for part in range(WRITERS))
    ]
    outcomes = await asyncio.gather(*(w.run(some) for w, some in zip(writers, portions, strict=True)))
    found: Counter[str] = Counter()
    for outcome in (one for done in outcomes for one in done):
        if isinstance(outcome, Exception):
            assert isinstance(outcome, LimitReached | SoldOut | InsufficientPoints), outcome
            found[type(outcome).__name__] += 1
        else:
            found[outcome.present.state] += 1
    return found


async def test_of_a_thousand_that_press_as_many_get_one_as_there_are(towns: Towns) -> None:
    town, names = await _opened(towns)
    found = await _pressed(town, names)
    assert (found["ordered"], found["waiting"]) == (STOCK, WAITING_MAX)
    assert found["SoldOut"] + found["InsufficientPoints"] >= PRESS - STOCK - WAITING_MAX - POOR
    assert (await town.account(ESCROW)).balance_points == STOCK * PRICE
    offer = await town.find("points", offer_ref(town.community, "gold"))
    assert isinstance(offer, Offer)
    assert (offer.left, len(offer.waiting)) == (0, WAITING_MAX)
    more = await town.do("points", restock(town.staff(), "gold", 30))
    assert (more.present.left, len(more.present.waiting)) == (0, WAITING_MAX - 30)
    assert (await town.account(ESCROW)).balance_points == (STOCK + 30) * PRICE
