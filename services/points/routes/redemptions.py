"""The doors of redemptions: ordered by a partner, fulfilled by staff, or ended."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from services.chassis.clock import new_id, now
from services.chassis.documents import Versioned
from services.chassis.http.bodies import listed
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, post, show
from services.chassis.mongo import Store
from services.chassis.work import UnitOfWork, Work
from services.contracts.refusal import NotFound
from services.contracts.roles import HOLDERS, STAFF
from services.points.domain.accounts import InsufficientPoints
from services.points.domain.claims import PointsOwed
from services.points.domain.holds import HoldExpired
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
    LimitReached,
    OfferNotOpen,
    OfferWithdrawn,
    PlaceFull,
    SlotTaken,
    SlotUnknown,
    SoldOut,
)
from services.points.handlers.redemptions import PartnerGone, end, fulfil, redeem, report_effect
from services.points.routes import access
from services.points.routes.shop_bodies import (
    EndRedemption,
    FulfilRedemption,
    RedeemOffer,
    RedemptionQuery,
    ReportEffect,
)
from services.points.store.shop import REDEMPTIONS, redemption_ref
from services.points.views.shop import RedemptionPage, RedemptionView, redemption_view

ONE = "/points/redemptions/{redemption}"


@dataclass(frozen=True, slots=True)
class RedemptionRoutes:
    """The routes of redemptions over points' store."""

    store: Store

    async def list_redemptions(self, request: ApiRequest[None]) -> Reply:
        query: RedemptionQuery = request.query
        whose = access.whose(request, query.partner)
        wanted = {"partner": whose, "state": query.state, "offer": query.offer}
        where = {name: value for name, value in wanted.items() if value is not None}
        found = await self.store.page(
            REDEMPTIONS, request.community, where, after=query.after, limit=query.limit + 1
        )
        items, after = listed(found, query.limit, redemption_view)
        return show(RedemptionPage(items=items, next=after))

    async def show_redemption(self, request: ApiRequest[None]) -> Reply:
        kept = await self.store.find(redemption_ref(request.community, request.path["redemption"]))
        if kept.value is None or not access.is_for(request, kept.value.partner):
            raise NotFound
        return show(redemption_view(kept), revision=kept.revision)

    def redeem(self, request: ApiRequest[RedeemOffer]) -> Work[Reply]:
        partner = access.own(request, request.body.partner)
        work = redeem(request.origin(), request.path["offer"], new_id(), partner, waits=request.body.wait)
        return work.then(_shown_new)

    def fulfil(self, request: ApiRequest[FulfilRedemption]) -> Work[Reply]:
        body = request.body
        shown = None
        if body.slot is not None:
            shown = Promotion(body.slot, _day(body.from_on), _day(body.until_on))
        work = fulfil(request.origin(), request.path["redemption"], body.because, shown)
        return self._step(request, work)

    def decline(self, request: ApiRequest[EndRedemption]) -> Work[Reply]:
        work = end(request.origin(), request.path["redemption"], "declined", request.body.reason)
        return self._step(request, work)

    def withdraw(self, request: ApiRequest[EndRedemption]) -> Work[Reply]:
        work = end(request.origin(), request.path["redemption"], "withdrawn", request.body.reason)
        return self._step(request, work)

    def report(self, request: ApiRequest[ReportEffect]) -> Work[Reply]:
        body = request.body
        effect = Effect(body.customers_before, body.customers_after, body.note, now())
        return self._step(request, report_effect(request.origin(), request.path["redemption"], effect))

    def _step(self, request: ApiRequest[Any], work: Work[Versioned[Redemption]]) -> Work[Reply]:
        ref = redemption_ref(request.community, request.path["redemption"])

        def is_theirs(uow: UnitOfWork) -> None:
            if not access.is_for(request, uow.get(ref, NotFound()).partner):
                raise NotFound
            uow.expect(ref, request.if_match)

        return work.only_if(is_theirs, ref).then(_shown)

    def table(self) -> tuple[Route, ...]:
        """Return every route of redemptions."""
        return (*self._looks(), *self._steps(), *self._ends())

    def _looks(self) -> tuple[Route, ...]:
        return (
            Route(
                "GET",
                "/points/redemptions",
                HOLDERS,
                self.list_redemptions,
                "List redemptions (兑换)",
                RedemptionPage,
                query=RedemptionQuery,
            ),
            Route("GET", ONE, HOLDERS, self.show_redemption, "Show a redemption", RedemptionView),
        )

    def _steps(self) -> tuple[Route, ...]:
        not_now = (OfferNotOpen, OfferWithdrawn, SoldOut, LimitReached)
        return (
            Route(
                "POST",
                "/points/offers/{offer}/redeem",
                HOLDERS,
                self.redeem,
                "Order something for points; where all are gone, wait for one (候补)",
                RedemptionView,
                body=RedeemOffer,
                status=201,
                conditional=False,
                refusals=(*not_now, InsufficientPoints, PointsOwed, PartnerGone),
            ),
            post(
                f"{ONE}/fulfil",
                STAFF,
                self.fulfil,
                "Say that it is done: the points are spent",
                takes=FulfilRedemption,
                answers=RedemptionView,
                refuses=(
                    RedemptionOver,
                    NotOrdered,
                    PromotionMissing,
                    SlotUnknown,
                    SlotTaken,
                    PlaceFull,
                    HoldExpired,
                ),
            ),
        )

    def _ends(self) -> tuple[Route, ...]:
        return (
            post(
                f"{ONE}/decline",
                STAFF,
                self.decline,
                "Do not fulfil it: the points go back",
                takes=EndRedemption,
                answers=RedemptionView,
                refuses=(RedemptionOver, HoldExpired),
            ),
            post(
                f"{ONE}/withdraw",
                HOLDERS,
                self.withdraw,
                "Order it no longer: the points go back",
                takes=EndRedemption,
                answers=RedemptionView,
                refuses=(RedemptionOver, HoldExpired),
            ),
            post(
                f"{ONE}/effect",
                HOLDERS,
                self.report,
                "Say what it brought: customers before and after",
                takes=ReportEffect,
                answers=RedemptionView,
                refuses=(NotFulfilled,),
            ),
        )


def _day(given: date | None) -> str:
    assert given is not None, "place and days go together"
    return given.isoformat()


def _shown(kept: Versioned[Redemption], _: UnitOfWork) -> Reply:
    return show(redemption_view(kept), revision=kept.revision)


def _shown_new(kept: Versioned[Redemption], _: UnitOfWork) -> Reply:
    return show(redemption_view(kept), status=201, revision=kept.revision)
