"""What is shown of fairs, offers and redemptions."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from pydantic import Field

from services.chassis.documents import Versioned
from services.chassis.http.bodies import View
from services.points.domain.redemptions import Redemption
from services.points.domain.shop import Fair, Offer, Place

KIND_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "notice_board": "公告栏推广",
        "chat_group": "居民群推广",
        "gold_promotion": "金牌推广位",
        "policy_advice": "政策咨询",
        "tax_guidance": "税费辅导",
        "training": "培训",
        "other": "其他",
    }
)
"""Kind of offer → what people call it."""
STATE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "waiting": "候补中",
        "ordered": "待办理",
        "fulfilled": "已办理",
        "declined": "未予办理",
        "withdrawn": "已撤回",
        "lapsed": "已失效",
    }
)
"""State of a redemption → what people call it."""


class PeriodView(View):
    """A place that is taken for some days, the last one included."""

    slot: str
    from_on: str
    until_on: str


class OfferView(View):
    """Something that points buy."""

    id: str
    version: int = Field(description="also the ETag")
    kind: str
    kind_name: str
    title: str
    about: str
    price_points: int
    left: int | None = Field(description="null: as many as are wanted")
    waiting: int = Field(description="partners that wait for one (候补)")
    ordered: int = Field(description="redemptions that there ever were")
    per_partner_max: int | None
    fair: str = Field(description="empty: the shop")
    opens_at: datetime | None
    closes_at: datetime | None
    state: str = Field(description="ahead, open, sold_out, over or withdrawn")
    fulfil_days: int
    slots: list[str]
    periods: list[PeriodView]


class OfferPage(View):
    """A page of offers, newest first."""

    items: list[OfferView]
    next: str | None


class FairView(View):
    """A partner fair (合伙人集市)."""

    id: str
    title: str
    opens_at: datetime
    closes_at: datetime
    per_partner_max: int | None
    state: str = Field(description="ahead, open or over")
    seconds_left: int = Field(description="until it opens, or closes; 0: it is over")


class FairPage(View):
    """A page of fairs, newest first."""

    items: list[FairView]
    next: str | None


class PromotionView(View):
    """Where and when a partner is shown."""

    slot: str
    from_on: str
    until_on: str


class EffectView(View):
    """What a partner says that it brought."""

    customers_before: int
    customers_after: int
    change_percent: int | None = Field(description="null: there had been none before")
    note: str
    at: datetime


class RedemptionView(View):
    """A redemption (兑换)."""

    id: str
    version: int = Field(description="also the ETag")
    offer: str
    fair: str
    kind: str
    kind_name: str
    title: str
    partner: str
    price_points: int
    number: int = Field(description="among all redemptions of its offer")
    state: str
    state_name: str
    at: datetime
    hold: str = Field(description="the points that are set aside; empty while it waits")
    ordered_at: datetime | None
    due_at: datetime | None = Field(description="until when staff fulfil it")
    ended_at: datetime | None
    because: str
    promotion: PromotionView | None
    effect: EffectView | None


class RedemptionPage(View):
    """A page of redemptions, newest first."""

    items: list[RedemptionView]
    next: str | None


def fair_view(fair: Fair, at: datetime) -> FairView:
    """Return a fair as it stands at a moment."""
    state = "over" if fair.closes_at <= at else "open" if fair.opens_at <= at else "ahead"
    until = {"ahead": fair.opens_at, "open": fair.closes_at, "over": at}[state]
    return FairView(
        id=fair.id,
        title=fair.title,
        opens_at=fair.opens_at,
        closes_at=fair.closes_at,
        per_partner_max=fair.per_partner_max,
        state=state,
        seconds_left=int((until - at).total_seconds()),
    )


def offer_view(kept: Versioned[Offer], places: Mapping[str, Place], at: datetime) -> OfferView:
    """Return an offer as it stands at a moment.

    Arguments:
        places: by the names that its slots have.
    """
    offer = kept.present
    same = ("id", "kind", "title", "about", "price_points", "left", "ordered", "per_partner_max", "fair")
    more = ("opens_at", "closes_at", "fulfil_days")
    return OfferView(
        **{name: getattr(offer, name) for name in (*same, *more)},
        version=kept.revision,
        kind_name=KIND_NAMES[offer.kind],
        waiting=len(offer.waiting),
        state=_state(offer, at),
        slots=list(offer.slots),
        periods=[
            PeriodView(slot=slot, from_on=one.from_on, until_on=one.until_on)
            for slot in offer.slots
            for one in places.get(slot, Place()).periods
        ],
    )


def _state(offer: Offer, at: datetime) -> str:
    if offer.withdrawn_at is not None:
        return "withdrawn"
    if offer.is_over(at):
        return "over"
    if offer.opens_at is not None and at < offer.opens_at:
        return "ahead"
    return "open" if offer.is_left else "sold_out"


def redemption_view(kept: Versioned[Redemption]) -> RedemptionView:
    """Return a redemption."""
    one = kept.present
    derived = ("version", "kind_name", "state_name", "promotion", "effect")
    same = {name: getattr(one, name) for name in RedemptionView.model_fields if name not in derived}
    shown, effect = one.promotion, one.effect
    return RedemptionView(
        **same,
        version=kept.revision,
        kind_name=KIND_NAMES[one.kind],
        state_name=STATE_NAMES[one.state],
        promotion=PromotionView(slot=shown.slot, from_on=shown.from_on, until_on=shown.until_on)
        if shown
        else None,
        effect=EffectView(
            customers_before=effect.customers_before,
            customers_after=effect.customers_after,
            change_percent=effect.change_percent,
            note=effect.note,
            at=effect.at,
        )
        if effect
        else None,
    )
