"""Redemptions (兑换): a partner orders what points buy; staff fulfil it, or the points go back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.contracts.refusal import Conflict, Invalid
from services.contracts.values import replace
from services.points.domain.shop import Offer, OfferKind

RedemptionState = Literal["waiting", "ordered", "fulfilled", "declined", "withdrawn", "lapsed"]
OPEN: tuple[RedemptionState, ...] = ("waiting", "ordered")


class RedemptionOver(Conflict):
    """It was fulfilled, declined, withdrawn, or its time is over."""

    slug = "redemption_over"
    title = "这笔兑换已经结束"


class NotOrdered(Conflict):
    """It still waits for its turn."""

    slug = "redemption_waiting"
    title = "这笔兑换还在候补，不能办理"


class PromotionMissing(Invalid):
    """Where and when something is shown has to be said."""

    slug = "promotion_missing"
    title = "推广类兑换须写明推广位和起止日期"


class NotFulfilled(Conflict):
    """What it brought is known afterwards."""

    slug = "not_fulfilled"
    title = "办结以后才能反馈效果"


@dataclass(frozen=True, slots=True)
class Promotion:
    """Where and when a partner is shown: days (ISO 8601), the last one included."""

    slot: str
    from_on: str
    until_on: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What a partner says that it brought: customers in a like time before and after."""

    customers_before: int
    customers_after: int
    note: str
    at: datetime

    @property
    def change_percent(self) -> int | None:
        """Return by how much there were more, in whole percent; None where there had been none."""
        if not self.customers_before:
            return None
        return round(100 * (self.customers_after - self.customers_before) / self.customers_before)


@dataclass(frozen=True, slots=True)
class Redemption:
    """An order of a partner.

    Arguments:
        number: of the order among all of its offer.
        hold: the points that are set aside for it; empty while it waits.
        because: why it ended otherwise than fulfilled; or what staff say of how it was.
    """

    id: str
    offer: str
    fair: str
    kind: OfferKind
    title: str
    partner: str
    price_points: int
    number: int
    state: RedemptionState
    at: datetime
    hold: str = ""
    ordered_at: datetime | None = None
    due_at: datetime | None = None
    ended_at: datetime | None = None
    because: str = ""
    promotion: Promotion | None = None
    effect: Effect | None = None

    def must_be_open(self) -> None:
        """Make sure that it has not ended.

        Raises:
            RedemptionOver
        """
        if self.state not in OPEN:
            raise RedemptionOver(state=self.state)

    def ordered(self, hold: str, at: datetime, due_at: datetime) -> "Redemption":
        """Return it with its points set aside."""
        return replace(self, state="ordered", hold=hold, ordered_at=at, due_at=due_at)

    def fulfilled(self, because: str, promotion: Promotion | None, at: datetime) -> "Redemption":
        """Return it fulfilled.

        Raises:
            RedemptionOver, NotOrdered
        """
        self.must_be_open()
        if self.state == "waiting":
            raise NotOrdered
        return replace(
            self, state="fulfilled", because=because, promotion=promotion, ended_at=at, due_at=None
        )

    def ended(self, state: RedemptionState, because: str, at: datetime) -> "Redemption":
        """Return it ended without being fulfilled.

        Raises:
            RedemptionOver
        """
        self.must_be_open()
        return replace(self, state=state, because=because, ended_at=at, due_at=None)

    def reported(self, effect: Effect) -> "Redemption":
        """Return it with what it brought; a later report takes the place of an earlier one.

        Raises:
            NotFulfilled
        """
        if self.state != "fulfilled":
            raise NotFulfilled
        return replace(self, effect=effect)


def of_offer(offer: Offer, redemption: str, partner: str, at: datetime) -> Redemption:
    """Return a redemption of an offer, before it is known whether one is left."""
    return Redemption(
        redemption,
        offer.id,
        offer.fair,
        offer.kind,
        offer.title,
        partner,
        offer.price_points,
        offer.ordered + 1,
        "waiting",
        at,
    )
