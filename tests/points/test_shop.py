"""What points buy: stock, limits, who waits and whose turn it is, places that are taken, what it brought."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.chassis.clock import new_id
from services.chassis.documents import Versioned
from services.contracts.communities import CommunityLoaded
from services.contracts.refusal import Conflict, Invalid, NotFound
from services.contracts.values import replace
from services.points.domain.accounts import ESCROW, REDEEMED, InsufficientPoints
from services.points.domain.approvals import Approval
from services.points.domain.redemptions import (
    Effect,
    NotFulfilled,
    NotOrdered,
    Promotion,
    PromotionMissing,
    Redemption,
    RedemptionOver,
)
from services.points.domain.shop import (
    PLACE_PERIODS_MAX,
    WAITING_MAX,
    Fair,
    LimitReached,
    Offer,
    OfferHours,
    OfferNotOpen,
    OfferWithdrawn,
    Period,
    Place,
    PlaceFull,
    SlotTaken,
    SlotUnknown,
    SoldOut,
    StockTooSmall,
)
from services.points.handlers.awards import pay_or_wait
from services.points.handlers.funding import approve
from services.points.handlers.redemptions import (
    GONE,
    NO_POINTS,
    OVER,
    PartnerGone,
    end,
    expire_hold_of,
    fulfil,
    look_at_offer,
    redeem,
    report_effect,
)
from services.points.handlers.rules import keep_rule
from services.points.handlers.shop import announce_fair, put_up, restock, take_down
from services.points.store.shop import offer_ref, redemption_ref, taken_refs
from tests.support.bank import COMMUNITY, DAY, Bank, an_award
from tests.support.deployment import jiwang
from tests.support.stories import OPTICIAN
from tests.support.town import value_of

HOUR = timedelta(hours=1)
PARTNERS = [partner.id for partner in jiwang().partners][:6]
SHOWN = Promotion("一号位", "2026-04-01", "2026-04-30")


class Shop(Bank):
    """A bank whose partners have 100 points each, and a shop."""

    def __init__(self) -> None:
        super().__init__()
        self.do(keep_rule(self.origin, CommunityLoaded(file=jiwang(budget_points=0))))
        self.do(approve(self.origin, Approval("a", 10_000, "核定")))
        for number, partner in enumerate(PARTNERS):
            self.do(pay_or_wait(self.origin, an_award(number, partner, 100)))

    def offered(self, **more: Any) -> str:
        """Put something up; return its id."""
        usual = Offer(new_id(), "policy_advice", "政策咨询一次", "", 40, None, None, None, None, 30, self.now)
        return str(self.do(put_up(self.origin, replace(usual, **more))).present.id)

    def fair(self, opens: datetime, closes: datetime, most: int | None = None) -> str:
        """Announce a fair; return its id."""
        fair = Fair(new_id(), "一季度集市", opens, closes, most, self.now)
        return str(self.do(announce_fair(self.origin, fair)).present.id)

    def redeem(self, offer: str, partner: str = OPTICIAN, *, waits: bool = True) -> Redemption:
        """Order something."""
        return self.do(redeem(self.origin, offer, new_id(), partner, waits=waits)).present

    def one(self, redemption: Redemption) -> Redemption:
        """Return a redemption as it is now."""
        ref = redemption_ref(COMMUNITY, redemption.id)
        kept: Versioned[Redemption] = self.kept[ref]
        return value_of(kept)

    def offer(self, offer: str) -> Offer:
        """Return an offer as it is now."""
        kept: Versioned[Offer] = self.kept[offer_ref(COMMUNITY, offer)]
        return value_of(kept)


@pytest.fixture
def shop() -> Shop:
    return Shop()


class TestAnOrder:
    def test_sets_points_aside_which_staff_spend_when_it_is_done(self, shop: Shop) -> None:
        offer = shop.offered()
        ordered = shop.redeem(offer)
        assert (ordered.state, ordered.number, ordered.due_at) == ("ordered", 1, shop.now + 30 * DAY)
        assert (shop.balance(OPTICIAN), shop.balance(ESCROW)) == (60, 40)
        shop.do(fulfil(shop.origin, ordered.id, "四月三日已咨询", None))
        assert shop.one(ordered).state == "fulfilled"
        assert (shop.balance(ESCROW), shop.balance(REDEEMED)) == (0, 40)
        assert shop.verified() == []
        for step in (
            fulfil(shop.origin, ordered.id, "", None),
            end(shop.origin, ordered.id, "declined", "x"),
        ):
            with pytest.raises(RedemptionOver):
                shop.do(step)

    @pytest.mark.parametrize("state", ["declined", "withdrawn"])
    def test_that_comes_to_nothing_gives_points_stock_and_limit_back(self, shop: Shop, state: Any) -> None:
        offer = shop.offered(left=1, per_partner_max=1)
        ordered = shop.redeem(offer)
        shop.do(end(shop.origin, ordered.id, state, "改主意了"))
        assert (shop.balance(OPTICIAN), shop.offer(offer).left) == (100, 1)
        assert shop.one(ordered).because == "改主意了"
        assert shop.redeem(offer).state == "ordered"
        assert shop.verified() == []

    def test_that_nobody_fulfils_in_time_lapses(self, shop: Shop) -> None:
        offer = shop.offered(left=1, fulfil_days=3)
        ordered = shop.redeem(offer)
        shop.now += 3 * DAY - HOUR
        assert not shop.do(expire_hold_of(shop.origin, ordered.hold))
        shop.now += HOUR
        assert shop.do(expire_hold_of(shop.origin, ordered.hold))
        assert not shop.do(expire_hold_of(shop.origin, ordered.hold))
        assert shop.one(ordered).state == "lapsed"
        assert (shop.balance(OPTICIAN), shop.offer(offer).left) == (100, 1)

    def test_needs_the_points_for_it(self, shop: Shop) -> None:
        offer = shop.offered(price_points=101, left=0)
        for waits in (True, False):
            with pytest.raises((InsufficientPoints, SoldOut)):
                shop.redeem(offer, waits=waits)
        assert shop.offer(offer).waiting == ()

    def test_of_who_is_no_partner_any_more_is_refused(self, shop: Shop) -> None:
        file = jiwang(budget_points=0)
        offer = shop.offered()
        ordered = shop.redeem(offer)
        left = tuple(one for one in file.partners if one.id != OPTICIAN)
        gone = file.model_copy(update={"partners": left})
        shop.do(keep_rule(shop.origin, CommunityLoaded(file=gone)))
        with pytest.raises(PartnerGone):
            shop.redeem(offer)
        shop.do(fulfil(shop.origin, ordered.id, "还是办了", None))
        assert shop.balance(OPTICIAN) == 60, "what it has it keeps"

    def test_of_what_is_not_there_is_refused(self, shop: Shop) -> None:
        for work in (
            redeem(shop.origin, "none", "r1", OPTICIAN, waits=True),
            fulfil(shop.origin, "none", "", None),
            end(shop.origin, "none", "declined", "x"),
            restock(shop.origin, "none", 1),
            take_down(shop.origin, "none"),
        ):
            with pytest.raises(NotFound):
                shop.do(work)


class TestHours:
    def test_are_kept_to_the_moment(self, shop: Shop) -> None:
        opens, closes = shop.now + HOUR, shop.now + 2 * HOUR
        fair = shop.fair(opens, closes)
        offer = shop.offered(fair=fair)
        for at, is_open in ((-1, False), (0, True), (HOUR.total_seconds() - 0.001, True), (3_600, False)):
            shop.now = opens + timedelta(seconds=at)
            if is_open:
                assert shop.redeem(offer).state == "ordered"
            else:
                with pytest.raises(OfferNotOpen):
                    shop.redeem(offer)

    def test_that_are_none_are_refused(self, shop: Shop) -> None:
        now = shop.now
        for opens, closes in ((now + DAY, now + DAY), (now + 2 * DAY, now + DAY), (now - DAY, now)):
            with pytest.raises(OfferHours):
                shop.fair(opens, closes)
            with pytest.raises(OfferHours):
                shop.offered(opens_at=opens, closes_at=closes)

    def test_of_a_fair_are_those_of_its_offers(self, shop: Shop) -> None:
        fair = shop.fair(shop.now + HOUR, shop.now + DAY)
        with pytest.raises(OfferHours):
            shop.offered(fair=fair, closes_at=shop.now + 9 * DAY)
        with pytest.raises(NotFound):
            shop.offered(fair="none")

    def test_every_partner_that_works_is_told_of_a_fair(self, shop: Shop) -> None:
        shop.fair(shop.now + DAY, shop.now + 2 * DAY)
        said = shop.said[-1].body
        assert set(PARTNERS) <= set(said.partners)
        assert said.opens == "2026-03-03 10:00"


class TestLimits:
    def test_hold_for_an_offer_and_for_its_fair(self, shop: Shop) -> None:
        fair = shop.fair(shop.now + HOUR, shop.now + DAY, most=2)
        one = shop.offered(fair=fair, price_points=1, per_partner_max=1)
        two = shop.offered(fair=fair, price_points=1)
        shop.now += HOUR
        shop.redeem(one)
        with pytest.raises(LimitReached):
            shop.redeem(one)
        shop.redeem(two)
        with pytest.raises(LimitReached):
            shop.redeem(two)
        assert shop.redeem(two, PARTNERS[1]).state == "ordered"

    def test_a_refused_order_counts_for_none(self, shop: Shop) -> None:
        offer = shop.offered(price_points=100, per_partner_max=1, left=1)
        shop.redeem(shop.offered(price_points=1))
        with pytest.raises(InsufficientPoints):
            shop.redeem(offer)
        refs = taken_refs(COMMUNITY, shop.offer(offer), OPTICIAN)
        assert [ref in shop.kept for ref in refs] == [False]
        assert shop.offer(offer).left == 1


class TestWhoWaits:
    def test_has_its_turn_in_order_when_one_is_free(self, shop: Shop) -> None:
        offer = shop.offered(left=1)
        first = shop.redeem(offer)
        second, third = (shop.redeem(offer, partner) for partner in PARTNERS[1:3])
        assert [one.state for one in (first, second, third)] == ["ordered", "waiting", "waiting"]
        assert shop.balance(PARTNERS[1]) == 100, "nothing is set aside for who waits"
        with pytest.raises(NotOrdered):
            shop.do(fulfil(shop.origin, second.id, "", None))
        shop.do(end(shop.origin, first.id, "declined", "不合适"))
        assert [shop.one(one).state for one in (second, third)] == ["ordered", "waiting"]
        assert (shop.balance(PARTNERS[1]), shop.offer(offer).left) == (60, 0)
        assert shop.do(restock(shop.origin, offer, 5)).present.left == 4
        assert shop.one(third).state == "ordered"
        assert shop.verified() == []

    def test_and_has_spent_the_points_had_its_turn(self, shop: Shop) -> None:
        offer = shop.offered(left=0)
        second, third = (shop.redeem(offer, partner) for partner in PARTNERS[1:3])
        shop.redeem(shop.offered(price_points=90), PARTNERS[1])
        shop.do(restock(shop.origin, offer, 1))
        assert (shop.one(second).state, shop.one(second).because) == ("lapsed", NO_POINTS)
        assert shop.one(third).state == "ordered"
        assert shop.offer(offer).waiting == ()

    def test_is_looked_at_again_where_many_have_not_the_points(self, shop: Shop) -> None:
        offer = shop.offered(left=0, price_points=50)
        waiting = [shop.redeem(offer, partner) for partner in PARTNERS * 2]
        other = shop.offered(price_points=60)
        for partner in PARTNERS:
            shop.redeem(other, partner)
        shop.do(restock(shop.origin, offer, 1))
        while (due := shop.offer(offer).look_at) is not None:
            assert due <= shop.now
            assert shop.do(look_at_offer(shop.origin, offer))
        assert {shop.one(one).state for one in waiting} == {"lapsed"}
        assert shop.offer(offer).left == 1
        assert not shop.do(look_at_offer(shop.origin, offer))

    def test_and_is_no_partner_any_more_has_no_turn(self, shop: Shop) -> None:
        offer = shop.offered(left=0)
        second, third = (shop.redeem(offer, partner) for partner in PARTNERS[1:3])
        file = jiwang(budget_points=0)
        left = tuple(one for one in file.partners if one.id != PARTNERS[1])
        gone = file.model_copy(update={"partners": left})
        shop.do(keep_rule(shop.origin, CommunityLoaded(file=gone)))
        shop.do(restock(shop.origin, offer, 1))
        assert (shop.one(second).state, shop.one(second).because) == ("lapsed", GONE)
        assert shop.one(third).state == "ordered"

    def test_may_give_up(self, shop: Shop) -> None:
        offer = shop.offered(left=0)
        second, third = (shop.redeem(offer, partner) for partner in PARTNERS[1:3])
        shop.do(end(shop.origin, second.id, "withdrawn", "不等了"))
        shop.do(restock(shop.origin, offer, 1))
        assert (shop.one(second).state, shop.one(third).state) == ("withdrawn", "ordered")

    @pytest.mark.parametrize("taken_down", [True, False])
    def test_when_it_is_over_is_told(self, shop: Shop, *, taken_down: bool) -> None:
        fair = shop.fair(shop.now + HOUR, shop.now + DAY)
        offer = shop.offered(fair=fair, left=1)
        shop.now += HOUR
        ordered = shop.redeem(offer)
        waits = shop.redeem(offer, PARTNERS[1])
        if taken_down:
            shop.do(take_down(shop.origin, offer))
            with pytest.raises(OfferWithdrawn):
                shop.do(take_down(shop.origin, offer))
        else:
            assert shop.offer(offer).look_at == shop.now + DAY - HOUR
            assert not shop.do(look_at_offer(shop.origin, offer))
            shop.now += DAY
        assert shop.do(look_at_offer(shop.origin, offer))
        assert (shop.one(waits).state, shop.one(waits).because) == ("lapsed", OVER)
        shop.do(end(shop.origin, ordered.id, "declined", "x"))
        with pytest.raises((OfferNotOpen, OfferWithdrawn)):
            shop.redeem(offer)

    def test_are_so_many_and_no_more(self, shop: Shop) -> None:
        full = replace(shop.offer(shop.offered(left=0)), waiting=tuple(map(str, range(WAITING_MAX))))
        with pytest.raises(SoldOut):
            full.queued("one more")

    def test_nobody_waits_who_does_not_want_to(self, shop: Shop) -> None:
        with pytest.raises(SoldOut):
            shop.redeem(shop.offered(left=0), waits=False)


def test_what_was_promised_cannot_be_taken_away(shop: Shop) -> None:
    offer = shop.offered(left=3)
    shop.redeem(offer)
    with pytest.raises(StockTooSmall):
        shop.do(restock(shop.origin, offer, -3))
    assert shop.do(restock(shop.origin, offer, -2)).present.left == 0
    unlimited = shop.offered()
    assert shop.do(restock(shop.origin, unlimited, 5)).present.left is None


class TestAPromotion:
    def test_has_a_place_and_a_time_of_its_own(self, shop: Shop) -> None:
        offer = shop.offered(kind="gold_promotion", title="金牌推广位", slots=("一号位", "二号位"))
        first, second, third = (shop.redeem(offer, partner) for partner in PARTNERS[:3])
        for missing, raised in ((None, PromotionMissing), (replace(SHOWN, slot="九号位"), SlotUnknown)):
            with pytest.raises((Invalid, Conflict)) as refused:
                shop.do(fulfil(shop.origin, first.id, "", missing))
            assert isinstance(refused.value, raised)
        assert shop.one(first).state == "ordered"
        shop.do(fulfil(shop.origin, first.id, "", SHOWN))
        overlapping = replace(SHOWN, from_on="2026-04-30", until_on="2026-05-03")
        with pytest.raises(SlotTaken):
            shop.do(fulfil(shop.origin, second.id, "", overlapping))
        shop.do(fulfil(shop.origin, second.id, "", replace(overlapping, from_on="2026-05-01")))
        shop.do(fulfil(shop.origin, third.id, "", replace(SHOWN, slot="二号位")))
        assert shop.one(first).promotion == SHOWN

    def test_has_its_place_whatever_offer_it_is_had_by(self, shop: Shop) -> None:
        spring, autumn = (
            shop.offered(kind="gold_promotion", title=title, slots=("一号位",)) for title in ("春季", "秋季")
        )
        shop.do(fulfil(shop.origin, shop.redeem(spring).id, "", SHOWN))
        other = shop.redeem(autumn, PARTNERS[1])
        with pytest.raises(SlotTaken):
            shop.do(fulfil(shop.origin, other.id, "", SHOWN))
        advice = shop.redeem(shop.offered(), PARTNERS[2])
        with pytest.raises(SlotUnknown):
            shop.do(fulfil(shop.origin, advice.id, "", SHOWN))

    def test_that_lies_ahead_is_never_forgotten(self) -> None:
        place, first = Place(), datetime(2026, 4, 1, tzinfo=UTC)
        for number in range(PLACE_PERIODS_MAX):
            day = f"{first + number * DAY:%Y-%m-%d}"
            place = place.shown(Period(day, day, f"r{number}"), "2026-03-02")
        with pytest.raises(SlotTaken):
            place.shown(Period("2026-04-01", "2026-04-01", "again"), "2026-03-02")
        with pytest.raises(PlaceFull):
            place.shown(Period("2030-01-01", "2030-01-01", "more"), "2026-03-02")
        later = place.shown(Period("2030-01-01", "2030-01-01", "more"), "2026-04-02")
        assert len(later.periods) == PLACE_PERIODS_MAX

    def test_that_is_over_is_reported_on(self, shop: Shop) -> None:
        offer = shop.offered()
        ordered = shop.redeem(offer)
        effect = Effect(50, 60, "四月", shop.now)
        with pytest.raises(NotFulfilled):
            shop.do(report_effect(shop.origin, ordered.id, effect))
        shop.do(fulfil(shop.origin, ordered.id, "", None))
        shop.do(report_effect(shop.origin, ordered.id, effect))
        said = shop.one(ordered).effect
        assert said is not None
        assert said.change_percent == 20
        assert replace(effect, customers_before=0).change_percent is None
        assert replace(effect, customers_after=25).change_percent == -50
