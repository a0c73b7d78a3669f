"""What a settled order earns: by the rule, once, from a budget that somebody approved."""

from datetime import UTC, datetime, timedelta

import pytest

from services.contracts.points import PointsPosted, PointsWithheld
from services.matching.domain.refusals import ServedAtImpossible
from services.points.domain.transfers import digest_of, seal
from tests.support.stories import CHARGING, EYES, NPC, OPTICIAN, TABLE_TENNIS
from tests.support.town import Town
from tests.support.towns import Towns

LATE = datetime(2026, 3, 1, 13, 30, tzinfo=UTC)
"""21:30 in Jiwang on a Sunday; the optician closes at 20:00."""
AT_CLOSING = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
JUST_BEFORE = datetime(2026, 3, 1, 11, 59, tzinfo=UTC)


async def test_a_settled_order_of_a_partner_earns_what_the_rule_says(town: Town) -> None:
    demand = await town.submit(EYES, "binhe-jiayuan")
    await town.done(demand)
    account, budget = await town.account(OPTICIAN), await town.budget()
    assert (account.balance_points, account.transfers) == (20, 1)
    assert (budget.balance_points, budget.debited_points) == (19_980, 20)
    (posted,) = town.post.said(PointsPosted.kind)
    assert (posted.body.amount_points, posted.body.balance_points) == (20, 20)


async def test_every_message_again_earns_nothing_more(town: Town) -> None:
    demand = await town.submit(EYES, "binhe-jiayuan")
    await town.done(demand)
    sent = len(town.post.sent)
    for parcel in [*town.post.sent, *reversed(town.post.sent)]:
        await town.deliver_one(parcel)
    assert (await town.account(OPTICIAN)).balance_points == 20
    assert (await town.budget()).debited_points == 20
    assert len(town.post.sent) == sent
    assert town.parking.parked == []
    assert town.tiers.later == []


@pytest.mark.parametrize(
    ("served_at", "points"),
    [(JUST_BEFORE, 20), (AT_CLOSING, 40), (LATE, 40)],
    ids=["open", "closing", "late"],
)
async def test_outside_business_hours_it_is_double(town: Town, served_at: datetime, points: int) -> None:
    town.now = served_at - timedelta(days=1)
    demand = await town.submit(EYES, "binhe-jiayuan")
    await town.done(demand, served_at=served_at)
    transfer = await town.transfer(demand)
    assert transfer is not None
    assert transfer.amount_points == points
    assert ("2 倍" in transfer.because) == (points == 40)


async def test_a_unit_earns_none(town: Town) -> None:
    demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
    await town.done(demand)
    assert (await town.order(demand)).status == "settled"
    assert (await town.account(NPC)).transfers == 0
    assert await town.transfer(demand) is None
    assert (await town.budget()).debited_points == 0


async def test_a_category_without_an_amount_earns_the_default(town: Town) -> None:
    demand = await town.submit(CHARGING)
    await town.dispatch(demand, OPTICIAN)
    await town.done(demand)
    assert (await town.account(OPTICIAN)).balance_points == 10


async def test_what_the_budget_does_not_cover_is_withheld_and_nothing_moves(towns: Towns) -> None:
    town = await towns.found(budget_points=50)
    demands = []
    for _ in range(3):
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.done(demand)
        demands.append(demand)
    budget, account = await town.budget(), await town.account(OPTICIAN)
    assert (account.balance_points, budget.balance_points) == (40, 10)
    assert await town.transfer(demands[2]) is None
    (said,) = town.post.said(PointsWithheld.kind)
    assert said.body.amount_points == 20


async def test_a_smaller_budget_never_takes_back_what_was_given(towns: Towns) -> None:
    town = await towns.found()
    await town.done(await town.submit(EYES, "binhe-jiayuan"))
    assert town.file.points is not None
    less = town.file.points.model_copy(update={"budget_points": 5})
    town.file = town.file.model_copy(update={"points": less})
    await town.open()
    assert (await town.budget()).balance_points == 0
    assert (await town.account(OPTICIAN)).balance_points == 20


async def test_the_passbook_is_chained_from_its_first_line_to_its_last(town: Town) -> None:
    head = ""
    for _ in range(3):
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.done(demand)
        transfer = await town.transfer(demand)
        assert transfer is not None
        balance = transfer.credit_balance_points
        head = seal(head, OPTICIAN, transfer.credit_line, balance, digest_of(transfer))
        assert transfer.chained == head
    assert (await town.account(OPTICIAN)).head == head


@pytest.mark.parametrize("hours", [-1, 25], ids=["before it was accepted", "in the future"])
async def test_nobody_serves_before_accepting_or_in_the_future(town: Town, hours: int) -> None:
    demand = await town.submit(EYES, "binhe-jiayuan")
    await town.accept(demand)
    accepted_at = town.now
    town.now += timedelta(days=1)
    with pytest.raises(ServedAtImpossible):
        await town.complete(demand, served_at=accepted_at + timedelta(hours=hours))
    assert (await town.order(demand)).status == "accepted"
