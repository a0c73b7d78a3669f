"""What a settled order earns: by the rule, once, from a budget that somebody approved."""

from datetime import UTC, datetime, timedelta

import pytest

from services.contracts.ids import OrderId, order_id
from services.contracts.orders import OrderReturned, OrderSettled
from services.contracts.points import PointsClaimed, PointsDropped, PointsPosted, PointsWithheld
from services.contracts.values import replace
from services.contracts.words import ProviderRef
from services.intake.domain.demands import Demand
from services.matching.domain.parts import Effort
from services.matching.domain.refusals import ServedAtImpossible
from services.matching.handlers import closing
from services.points.domain.claims import PointsOwed
from services.points.domain.transfers import Cause, digest_of, seal
from services.points.handlers.corrections import reverse_transfer
from services.points.handlers.expiring import expire_lots
from services.points.handlers.holds import HoldRequest, place_hold
from services.points.handlers.services import award_id_of, award_points, settled
from services.points.handlers.taking_back import settle_claim, take_back
from tests.support.stories import CHARGING, EYES, NPC, OPTICIAN, TABLE_TENNIS
from tests.support.town import Town
from tests.support.towns import Towns

LATE = datetime(2026, 3, 1, 13, 30, tzinfo=UTC)
"""21:30 in Jiwang on a Sunday; the optician closes at 20:00."""
AT_CLOSING = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BEFORE = datetime(2026, 3, 1, 11, 0, tzinfo=UTC)


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
    ("served_at", "minutes", "points"),
    [(LATE, 0, 20), (BEFORE, 60, 20), (BEFORE, 120, 30), (AT_CLOSING, 30, 40), (LATE, 1, 40)],
    ids=["late, and nobody said how long", "open", "half of it after closing", "at closing", "late"],
)
async def test_the_part_outside_business_hours_is_double(
    town: Town, served_at: datetime, minutes: int, points: int
) -> None:
    town.now = served_at - timedelta(days=1)
    demand = await town.submit(EYES, "binhe-jiayuan")
    await town.done(demand, served_at=served_at, effort=Effort(minutes))
    transfer = await town.transfer(demand)
    assert transfer is not None
    assert transfer.amount_points == points
    assert ("2 倍" in transfer.because) == (points > 20)


async def test_a_button_that_is_pressed_at_midnight_doubles_nothing(town: Town) -> None:
    town.now = LATE + timedelta(hours=3)
    await town.done(await town.submit(EYES, "binhe-jiayuan"))
    assert (await town.account(OPTICIAN)).balance_points == 20


class TestWhatIsDoneAgain:
    async def test_is_paid_once_and_the_first_time_taken_back(self, town: Town) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.done(demand)
        await self._sent_back(town, demand)
        assert (await town.account(OPTICIAN)).balance_points == 0
        assert (await town.budget()).balance_points == 20_000
        assert (await town.demand(demand.id)).status == "in_progress"
        await town.complete(demand)
        await town.rate(demand)
        await town.verify(demand)
        assert (await town.order(demand)).status == "settled"
        assert (await town.account(OPTICIAN)).balance_points == 20
        await self._every_message_again(town)
        assert (await town.account(OPTICIAN)).balance_points == 20
        assert (await town.account(OPTICIAN)).transfers == 3

    async def test_is_owed_where_the_points_are_spent_and_taken_from_the_next(self, town: Town) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.done(demand)
        request = HoldRequest("h1", OPTICIAN, 15, "兑换", Cause("shop", "s1"), town.now + timedelta(days=9))
        await town.do("points", place_hold(town.staff(), request))
        await self._sent_back(town, demand)
        account = await town.account(OPTICIAN)
        assert (account.balance_points, account.owed_points) == (5, 20)
        (said,) = town.post.said(PointsClaimed.kind)
        assert said.body.amount_points == 20
        again = replace(request, hold="h2", amount_points=1)
        with pytest.raises(PointsOwed):
            await town.do("points", place_hold(town.staff(), again))
        transfer = award_id_of(town.community, order_id(demand.id))
        town.now += timedelta(hours=1)
        assert not await town.do("points", settle_claim(town.staff(), transfer))
        await town.done(await town.submit(EYES, "binhe-jiayuan"))
        town.now += timedelta(hours=1)
        assert await town.do("points", settle_claim(town.staff(), transfer))
        account = await town.account(OPTICIAN)
        assert (account.balance_points, account.owed_points) == (5, 0)
        assert not await town.do("points", settle_claim(town.staff(), transfer))

    async def test_is_not_paid_where_it_still_waited_for_a_budget(self, towns: Towns) -> None:
        town = await towns.found(budget_points=10)
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.done(demand)
        assert len(town.post.said(PointsWithheld.kind)) == 1
        await self._sent_back(town, demand)
        (said,) = town.post.said(PointsDropped.kind)
        assert (said.body.partner, said.body.line) == (OPTICIAN, 1)

    async def test_leaves_room_again_under_the_cap_of_its_day(self, towns: Towns) -> None:
        town = await towns.found(per_day_max=30, per_cause_max=30)
        first = await town.submit(EYES, "binhe-jiayuan")
        await town.done(first)
        await town.done(await town.submit(EYES, "binhe-jiayuan"))
        assert (await town.account(OPTICIAN)).balance_points == 30
        await self._sent_back(town, first)
        await town.done(await town.submit(EYES, "binhe-jiayuan"))
        assert (await town.account(OPTICIAN)).balance_points == 30
        await town.done(await town.submit(EYES, "binhe-jiayuan"))
        assert (await town.account(OPTICIAN)).balance_points == 30

    async def test_is_not_claimed_where_its_points_have_expired(self, towns: Towns) -> None:
        town = await towns.found(expire_after_months=1)
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.done(demand)
        town.now += timedelta(days=70)
        assert await town.do("points", expire_lots(town.staff(), OPTICIAN))
        await self._sent_back(town, demand)
        assert (await town.account(OPTICIAN)).owed_points == 0
        await town.complete(demand)
        await town.rate(demand)
        await town.verify(demand)
        assert (await town.account(OPTICIAN)).balance_points == 20

    async def test_that_staff_took_back_leaves_room_under_the_cap_of_its_day(self, towns: Towns) -> None:
        town = await towns.found(per_day_max=20, per_cause_max=20)
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.done(demand)
        transfer = await town.transfer(demand)
        assert transfer is not None
        await town.do("points", reverse_transfer(town.staff(), transfer.id, "录错了"))
        await town.done(await town.submit(EYES, "binhe-jiayuan"))
        assert (await town.account(OPTICIAN)).balance_points == 20
        await self._sent_back(town, demand)
        assert (await town.account(OPTICIAN)).balance_points == 20

    @pytest.mark.parametrize("order", [(1, 2, 3), (1, 3, 2), (3, 2, 1), (2, 1, 3, 1, 2, 3)])
    async def test_is_taken_back_in_whatever_order_it_is_heard(
        self, town: Town, order: tuple[int, ...]
    ) -> None:
        provider = ProviderRef(id=OPTICIAN, name="医明眼镜店", kind="partner")
        who = {"order": OrderId("d1-1"), "demand": "d1", "asked_by": "r1", "provider": provider}
        for times in range(3):
            fact = OrderSettled(**who, category="视力健康", served_at=town.now, times=times)
            await town.do("points", award_points(town.staff(), settled(fact)))
        assert (await town.account(OPTICIAN)).balance_points == 60
        for times in order:
            await town.do("points", take_back(town.staff(), OrderReturned(**who, reason="x", times=times)))
        assert (await town.account(OPTICIAN)).balance_points == 0
        late = OrderSettled(**who, category="视力健康", served_at=town.now, times=2)
        await town.do("points", award_points(town.staff(), settled(late)))
        assert (await town.account(OPTICIAN)).balance_points == 0

    async def _sent_back(self, town: Town, demand: Demand) -> None:
        work = closing.return_order(town.matching, town.staff(), order_id(demand.id), "又坏了")
        await town.do("matching", work)

    async def _every_message_again(self, town: Town) -> None:
        for parcel in [*town.post.sent, *reversed(town.post.sent)]:
            await town.deliver_one(parcel)
        assert town.parking.parked == []


@pytest.mark.parametrize(("verified", "points"), [(True, 20), (False, 0)])
async def test_what_nobody_rates_earns_if_it_was_found_done(
    town: Town, *, verified: bool, points: int
) -> None:
    demand = await town.submit(EYES, "binhe-jiayuan")
    await town.accept(demand)
    await town.complete(demand)
    if verified:
        await town.verify(demand)
    await town.do("matching", closing.leave_unrated(town.matching, town.staff(), order_id(demand.id)))
    assert (await town.account(OPTICIAN)).balance_points == points


async def test_what_nobody_rates_earns_nothing_where_the_rule_says_so(towns: Towns) -> None:
    town = await towns.found(pays_unrated=False)
    demand = await town.submit(EYES, "binhe-jiayuan")
    await town.accept(demand)
    await town.complete(demand)
    await town.verify(demand)
    await town.do("matching", closing.leave_unrated(town.matching, town.staff(), order_id(demand.id)))
    assert (await town.account(OPTICIAN)).balance_points == 0


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
