"""The doors of the shop and the fair: what points buy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.chassis.clock import new_id, now
from services.chassis.documents import Ref, Versioned
from services.chassis.http.bodies import PageQuery, listed
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, post, show
from services.chassis.mongo import Store
from services.chassis.work import UnitOfWork, Work
from services.contracts.refusal import NotFound
from services.contracts.roles import HOLDERS, STAFF
from services.points.domain.shop import Fair, Offer, OfferHours, OfferWithdrawn, Place, StockTooSmall
from services.points.handlers.shop import announce_fair, put_up, restock, take_down
from services.points.routes.shop_bodies import AnnounceFair, OfferQuery, PutUpOffer, RestockOffer
from services.points.store.shop import FAIRS, OFFERS, fair_ref, offer_ref, place_ref
from services.points.views.shop import FairPage, FairView, OfferPage, OfferView, fair_view, offer_view

SHOP = "shop"
ONE = "/points/offers/{offer}"


@dataclass(frozen=True, slots=True)
class ShopRoutes:
    """The routes of fairs and offers over points' store.

    Arguments:
        clock: what time it is.
    """

    store: Store
    clock: Callable[[], datetime] = now

    async def list_fairs(self, request: ApiRequest[None]) -> Reply:
        query: PageQuery = request.query
        found = await self.store.page(FAIRS, request.community, {}, after=query.after, limit=query.limit + 1)
        at = self.clock()
        items, after = listed(found, query.limit, lambda kept: fair_view(kept.present, at))
        return show(FairPage(items=items, next=after))

    async def show_fair(self, request: ApiRequest[None]) -> Reply:
        kept = await self.store.find(fair_ref(request.community, request.path["fair"]))
        if kept.value is None:
            raise NotFound
        return show(fair_view(kept.value, self.clock()))

    async def list_offers(self, request: ApiRequest[None]) -> Reply:
        query: OfferQuery = request.query
        where = {} if query.fair is None else {"fair": "" if query.fair == SHOP else query.fair}
        found = await self.store.page(
            OFFERS, request.community, where, after=query.after, limit=query.limit + 1
        )
        at, places = self.clock(), await self._places(request.community, found)
        items, after = listed(found, query.limit, lambda kept: offer_view(kept, places, at))
        return show(OfferPage(items=items, next=after))

    async def _places(self, community: str, offers: Sequence[Versioned[Offer]]) -> Mapping[str, Place]:
        """Return when the places of offers are taken."""
        slots = dict.fromkeys(slot for kept in offers for slot in kept.present.slots)
        refs = {slot: place_ref(community, slot) for slot in slots}
        loaded = await self.store.load(refs.values())
        return {slot: place for slot, ref in refs.items() if (place := loaded[ref].value) is not None}

    async def show_offer(self, request: ApiRequest[None]) -> Reply:
        kept = await self.store.find(offer_ref(request.community, request.path["offer"]))
        if kept.value is None:
            raise NotFound
        places = await self._places(request.community, [kept])
        return show(offer_view(kept, places, self.clock()), revision=kept.revision)

    def announce(self, request: ApiRequest[AnnounceFair]) -> Work[Reply]:
        body, at = request.body, self.clock()
        fair = Fair(new_id(), body.title, body.opens_at, body.closes_at, body.per_partner_max, at)
        work = announce_fair(request.origin(), fair)
        return work.then(lambda kept, uow: show(fair_view(kept.present, uow.at), status=201))

    def put_up(self, request: ApiRequest[PutUpOffer]) -> Work[Reply]:
        body = request.body
        offer = Offer(
            new_id(),
            body.kind,
            body.title,
            body.about,
            body.price_points,
            body.stock,
            body.per_partner_max,
            body.opens_at,
            body.closes_at,
            body.fulfil_days,
            self.clock(),
            body.fair or "",
            body.slots,
        )
        work = put_up(request.origin(), offer)
        return work.then(
            lambda kept, uow: show(offer_view(kept, {}, uow.at), status=201, revision=kept.revision)
        )

    def restock(self, request: ApiRequest[RestockOffer]) -> Work[Reply]:
        return self._step(request, restock(request.origin(), request.path["offer"], request.body.more))

    def take_down(self, request: ApiRequest[None]) -> Work[Reply]:
        return self._step(request, take_down(request.origin(), request.path["offer"]))

    def _step(
        self, request: ApiRequest[RestockOffer] | ApiRequest[None], work: Work[Versioned[Offer]]
    ) -> Work[Reply]:
        ref = offer_ref(request.community, request.path["offer"])
        work = work.if_unchanged(ref, request.if_match, NotFound()).reading(lambda uow: _place_refs(uow, ref))
        return work.then(_shown)

    def table(self) -> tuple[Route, ...]:
        """Return every route of fairs and offers."""
        return (*self._fairs(), *self._offers())

    def _fairs(self) -> tuple[Route, ...]:
        return (
            Route(
                "GET",
                "/points/fairs",
                HOLDERS,
                self.list_fairs,
                "List partner fairs (合伙人集市)",
                FairPage,
                query=PageQuery,
            ),
            Route(
                "GET",
                "/points/fairs/{fair}",
                HOLDERS,
                self.show_fair,
                "Show a fair with its countdown",
                FairView,
            ),
            Route(
                "POST",
                "/points/fairs",
                STAFF,
                self.announce,
                "Let there be a fair, and tell every partner",
                FairView,
                body=AnnounceFair,
                status=201,
                conditional=False,
                refusals=(OfferHours,),
            ),
        )

    def _offers(self) -> tuple[Route, ...]:
        return (
            Route(
                "GET",
                "/points/offers",
                HOLDERS,
                self.list_offers,
                "List what points buy",
                OfferPage,
                query=OfferQuery,
            ),
            Route("GET", ONE, HOLDERS, self.show_offer, "Show an offer", OfferView),
            Route(
                "POST",
                "/points/offers",
                STAFF,
                self.put_up,
                "Offer something for points, in the shop or at a fair",
                OfferView,
                body=PutUpOffer,
                status=201,
                conditional=False,
                refusals=(OfferHours,),
            ),
            post(
                f"{ONE}/restock",
                STAFF,
                self.restock,
                "Let there be more of an offer, or less",
                takes=RestockOffer,
                answers=OfferView,
                refuses=(StockTooSmall,),
            ),
            Route(
                "POST",
                f"{ONE}/withdraw",
                STAFF,
                self.take_down,
                "Offer something no longer",
                OfferView,
                refusals=(OfferWithdrawn,),
            ),
        )


def _place_refs(uow: UnitOfWork, offer: Ref[Offer]) -> Sequence[Ref[Place]]:
    kept = uow.find(offer)
    return [place_ref(offer.community, slot) for slot in kept.slots] if kept is not None else ()


def _shown(kept: Versioned[Offer], uow: UnitOfWork) -> Reply:
    community = uow.origin.community
    found = {slot: uow.find(place_ref(community, slot)) for slot in kept.present.slots}
    places = {slot: place for slot, place in found.items() if place is not None}
    return show(offer_view(kept, places, uow.at), revision=kept.revision)
