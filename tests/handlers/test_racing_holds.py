"""A hold that three writers resolve at once, each in its own way: one of them does, whoever it is."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

from services.chassis.work import Origin, Work
from services.contracts.ids import OrderId
from services.points.domain.accounts import ESCROW, REDEEMED
from services.points.domain.approvals import Approval
from services.points.domain.holds import Hold, HoldExpired, HoldResolved
from services.points.domain.transfers import Cause
from services.points.domain.waiting import Award
from services.points.handlers.awards import pay_or_wait
from services.points.handlers.funding import approve
from services.points.handlers.holds import HoldRequest, capture_hold, expire_hold, place_hold, release_hold
from services.points.store.accounts import hold_ref
from tests.support.town import Town

ROUNDS, AT_ONCE = 1_000, 50
PARTNER = "optician"
WAYS = ("captured", "released", "expired")


async def placed(town: Town, origin: Origin, names: list[str]) -> None:
    """Give the partner a point for each hold, and set it aside."""
    order = OrderId("all-of-it")
    award = Award("a", PARTNER, len(names), "完成服务", Cause("order", order), order, "order.settled", 1)
    until = town.now + timedelta(hours=1)
    works: list[Work[Any]] = [approve(origin, Approval("a", len(names), "核定")), pay_or_wait(origin, award)]
    works += [
        place_hold(origin, HoldRequest(name, PARTNER, 1, "兑换", Cause("shop", name), until))
        for name in names
    ]
    for at in range(0, len(works), 500):
        outcomes = await town.batches["points"].run(works[at : at + 500])
        assert [one for one in outcomes if isinstance(one, Exception)] == []


async def resolved(town: Town, origin: Origin, names: list[str]) -> list[list[Any]]:
    """Let three writers resolve the same holds at once, each in another order."""
    steps: tuple[Any, ...] = (capture_hold, release_hold, expire_hold)
    orders = (names, names[::-1], names[len(names) // 2 :] + names[: len(names) // 2])
    writers = [town.more_batches("points") for _ in steps]
    works = [[step(origin, name) for name in order] for step, order in zip(steps, orders, strict=True)]
    outcomes = await asyncio.gather(*(w.run(some) for w, some in zip(writers, works, strict=True)))
    return [
        [dict(zip(order, done, strict=True))[name] for name in names]
        for order, done in zip(orders, outcomes, strict=True)
    ]


async def test_each_of_a_thousand_holds_is_resolved_exactly_once(town: Town) -> None:
    origin = town.staff()
    names = [f"h{number}" for number in range(ROUNDS)]
    await placed(town, origin, names)
    took: Counter[str] = Counter()
    for at in range(0, ROUNDS, AT_ONCE):
        some = names[at : at + AT_ONCE]
        # Half of them are over, so that nobody but time may resolve them; the others are not yet.
        if at == ROUNDS // 2:
            town.now += timedelta(hours=2)
        captured, released, expired = await resolved(town, origin, some)
        for name, one, two, three in zip(some, captured, released, expired, strict=True):
            hold = await town.find("points", hold_ref(town.community, name))
            assert isinstance(hold, Hold)
            done = [not isinstance(one, Exception), not isinstance(two, Exception), three is True]
            assert sum(done) == 1, (name, one, two, three)
            assert hold.state == WAYS[done.index(True)]
            refused = [other for other in (one, two) if isinstance(other, Exception)]
            assert all(isinstance(other, HoldExpired | HoldResolved) for other in refused)
            took[hold.state] += 1
    assert took["expired"] == ROUNDS // 2
    assert took["captured"] + took["released"] == ROUNDS // 2
    assert (await town.account(ESCROW)).balance_points == 0
    assert (await town.account(REDEEMED)).balance_points == took["captured"]
    assert (await town.account(PARTNER)).balance_points == ROUNDS - took["captured"]


async def test_a_thousand_redemptions_of_a_hundred_points_never_take_more_than_there_is(town: Town) -> None:
    origin, order = town.staff(), OrderId("all-of-it")
    award = Award("a", PARTNER, 10_000, "完成服务", Cause("order", order), order, "order.settled", 1)
    works: list[Work[Any]] = [approve(origin, Approval("a", 10_000, "核定")), pay_or_wait(origin, award)]
    await town.batches["points"].run(works)
    until = town.now + timedelta(hours=1)
    works = [
        place_hold(origin, HoldRequest(f"h{n}", PARTNER, 100, "兑换", Cause("shop", f"h{n}"), until))
        for n in range(1_000)
    ]
    writers = [town.more_batches("points") for _ in range(4)]
    outcomes = await asyncio.gather(*(writer.run(works[n::4]) for n, writer in enumerate(writers)))
    done = [one for some in outcomes for one in some if not isinstance(one, Exception)]
    assert len(done) == 100
    assert (await town.account(PARTNER)).balance_points == 0
    assert (await town.account(ESCROW)).balance_points == 10_000
