"""What points buy (积分兑换): offers of the shop, and of the fair that is held every quarter (合伙人集市)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.contracts.refusal import Conflict, Invalid
from services.contracts.values import replace

OfferKind = Literal[
    "notice_board", "chat_group", "gold_promotion", "policy_advice", "tax_guidance", "training", "other"
]
PROMOTIONS = frozenset({"notice_board", "chat_group", "gold_promotion"})
"""Kinds that are shown somewhere for a time."""
WAITING_MAX = 200
"""Partners that wait for one offer at most."""
LOOKED_AT_MORE = 5
PLACE_PERIODS_MAX = 200
"""Periods that lie ahead of a place."""


class OfferNotOpen(Conflict):
    """It is not open yet, or not any more."""

    slug = "offer_not_open"
    title = "现在不在兑换时间内"


class OfferWithdrawn(Conflict):
    """It is not offered any more."""

    slug = "offer_withdrawn"
    title = "这项兑换已下架"


class SoldOut(Conflict):
    """Nothing is left, and as many wait as may."""

    slug = "sold_out"
    title = "已兑完"


class LimitReached(Conflict):
    """A partner gets so many and no more."""

    slug = "limit_reached"
    title = "已达到每家可兑换的上限"


class OfferHours(Invalid):
    """It closes after it opens, and has not closed yet."""

    slug = "offer_hours"
    title = "截止时间须在开始时间和现在之后"


class StockTooSmall(Conflict):
    """What was promised cannot be taken away."""

    slug = "stock_too_small"
    title = "剩余数量不足，不能再减"


class SlotTaken(Conflict):
    """Another is shown in that place at that time."""

    slug = "slot_taken"
    title = "该推广位这段时间已排出"


class PlaceFull(Conflict):
    """As many periods lie ahead of a place as are kept."""

    slug = "place_full"
    title = "该推广位的排期已满"


class SlotUnknown(Invalid):
    """The offer has no such place."""

    slug = "slot_unknown"
    title = "没有这个推广位"


@dataclass(frozen=True, slots=True)
class Fair:
    """A partner fair: its hours, and how many of all its offers a partner gets.

    Arguments:
        per_partner_max: over all its offers; None: as many as there are.
    """

    id: str
    title: str
    opens_at: datetime
    closes_at: datetime
    per_partner_max: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """When a place is taken: days (ISO 8601), the last one included."""

    from_on: str
    until_on: str
    redemption: str

    def meets(self, other: "Period") -> bool:
        """Return whether two have a day in common."""
        return self.from_on <= other.until_on and other.from_on <= self.until_on


@dataclass(frozen=True, slots=True)
class Place:
    """A place where partners are shown (推广位), whatever offer it is had by.

    Arguments:
        periods: taken, by the day they end; those that are over are forgotten as others come.
    """

    periods: tuple[Period, ...] = ()

    def shown(self, period: Period, today: str) -> "Place":
        """Return the place with a time taken.

        Arguments:
            today: a day (ISO 8601); what was over before is forgotten.

        Raises:
            SlotTaken, PlaceFull
        """
        taken = next((one for one in self.periods if one.meets(period)), None)
        if taken is not None:
            raise SlotTaken(from_on=taken.from_on, until_on=taken.until_on)
        ahead = [one for one in self.periods if one.until_on >= today]
        if len(ahead) >= PLACE_PERIODS_MAX:
            raise PlaceFull(most=PLACE_PERIODS_MAX)
        return Place(tuple(sorted((*ahead, period), key=lambda one: one.until_on)))


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that points buy.

    Arguments:
        fair: the fair that it belongs to; empty: the shop.
        left: how many there still are; None: as many as are wanted.
        per_partner_max: how many a partner gets.
        opens_at, closes_at: its hours, which are the fair's where it belongs to one.
        fulfil_days: within which staff fulfil it; then the points go back by themselves.
        slots: places where it is shown, of a promotion.
        waiting: redemptions that wait for one, in order.
        fair_per_partner_max: how many of all offers of its fair a partner gets.
        ordered: how many redemptions there ever were.
        look_at: when something is due for those that wait: one is left, or it is over; None: nobody waits.
    """

    id: str
    kind: OfferKind
    title: str
    about: str
    price_points: int
    left: int | None
    per_partner_max: int | None
    opens_at: datetime | None
    closes_at: datetime | None
    fulfil_days: int
    created_at: datetime
    fair: str = ""
    slots: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    ordered: int = 0
    withdrawn_at: datetime | None = None
    look_at: datetime | None = None
    fair_per_partner_max: int | None = None

    def must_have_slot(self, slot: str | None) -> None:
        """Make sure that a place is one of its own, which a promotion has and nothing else.

        Raises:
            SlotUnknown
        """
        if slot is not None and slot not in self.slots:
            raise SlotUnknown(slots=list(self.slots))

    def must_be_open(self, at: datetime) -> None:
        """Make sure that it can be had at a moment.

        Raises:
            OfferWithdrawn, OfferNotOpen
        """
        if self.withdrawn_at is not None:
            raise OfferWithdrawn
        if self.opens_at is not None and at < self.opens_at:
            raise OfferNotOpen(opens_at=self.opens_at.isoformat())
        if self.closes_at is not None and at >= self.closes_at:
            raise OfferNotOpen(closes_at=self.closes_at.isoformat())

    def is_over(self, at: datetime) -> bool:
        """Return whether nobody gets one any more, who waits neither."""
        return self.withdrawn_at is not None or (self.closes_at is not None and self.closes_at <= at)

    def watched(self, at: datetime) -> "Offer":
        """Return the offer with the moment at which it is to be looked at next."""
        if not self.waiting:
            return replace(self, look_at=None)
        due = at if self.has_some or self.withdrawn_at is not None else self.closes_at
        return replace(self, look_at=due)

    @property
    def has_some(self) -> bool:
        """Return whether there is one."""
        return self.left is None or self.left > 0

    @property
    def is_left(self) -> bool:
        """Return whether there is one, and nobody waits for it."""
        return self.has_some and not self.waiting

    def taken(self) -> "Offer":
        """Return the offer with one less."""
        left = self.left - 1 if self.left is not None else None
        return replace(self, left=left, ordered=self.ordered + 1)

    def queued(self, redemption: str) -> "Offer":
        """Return the offer with one more waiting.

        Raises:
            SoldOut: too many do.
        """
        if len(self.waiting) >= WAITING_MAX:
            raise SoldOut
        return replace(self, waiting=(*self.waiting, redemption), ordered=self.ordered + 1)

    def unqueued(self, redemption: str) -> "Offer":
        """Return the offer without one that waited."""
        return replace(self, waiting=tuple(one for one in self.waiting if one != redemption))

    def stocked(self, more: int) -> "Offer":
        """Return the offer with so many more, or less.

        Raises:
            StockTooSmall: so many are not left.
        """
        if self.left is None:
            return self
        if self.left + more < 0:
            raise StockTooSmall(left=self.left)
        return replace(self, left=self.left + more)

    def withdrawn(self, at: datetime) -> "Offer":
        """Return the offer as it is not offered any more; who waits is told.

        Raises:
            OfferWithdrawn: it was before.
        """
        if self.withdrawn_at is not None:
            raise OfferWithdrawn
        return replace(self, withdrawn_at=at)


def must_be_hours(opens_at: datetime | None, closes_at: datetime | None, at: datetime) -> None:
    """Make sure that hours are some.

    Raises:
        OfferHours: it closes before it opens, or has closed.
    """
    begins = max(opens_at, at) if opens_at is not None else at
    if closes_at is not None and closes_at <= begins:
        raise OfferHours(closes_at=closes_at.isoformat())


@dataclass(frozen=True, slots=True)
class Taken:
    """How many a partner has of an offer, or of all offers of a fair."""

    count: int = 0

    def one_more(self, most: int | None) -> "Taken":
        """Return one more.

        Raises:
            LimitReached
        """
        if most is not None and self.count >= most:
            raise LimitReached(most=most)
        return Taken(self.count + 1)

    def one_less(self) -> "Taken":
        """Return one less: it was given back."""
        return Taken(max(0, self.count - 1))


def next_in_line(offer: Offer) -> Sequence[str]:
    """Return who is looked at: as many as there are, and some more: not all have the points still."""
    return offer.waiting[: (offer.left or 0) + LOOKED_AT_MORE]
