"""Matching's doors for looking: the review queue of staff, the inbox of units and partners, the providers."""

from dataclasses import dataclass
from typing import Any

from services.chassis.clock import now
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, show
from services.chassis.mongo import Store
from services.chassis.pages import position_of
from services.contracts.ids import OrderId
from services.contracts.refusal import NotFound
from services.contracts.roles import COMMUNITY, READERS_OF_ORDERS
from services.matching.domain.sight import Sight
from services.matching.handlers.context import Matching
from services.matching.routes import access
from services.matching.routes.queries import OrderQuery, where_of
from services.matching.store.catalogues import catalogue_ref
from services.matching.store.orders import ORDERS, order_ref
from services.matching.store.workloads import WorkloadView
from services.matching.views.orders import OrderPage, OrderView, order_view
from services.matching.views.providers import ProviderList, provider_list


@dataclass(frozen=True, slots=True)
class OrderRoutes:
    """The routes that show orders and providers.

    Arguments:
        store: matching's database.
        matching: its use cases.
        places: how things stand.
    """

    store: Store
    matching: Matching
    places: WorkloadView

    async def list_orders(self, request: ApiRequest[None]) -> Reply:
        query: OrderQuery = request.query
        at = now()
        sight = await self._sight(request)
        where = {
            "$and": [condition for condition in (where_of(query, at), sight.where()) if condition] or [{}]
        }
        by = "pressing" if query.sort == "urgent" else None
        found = await self.store.page(
            ORDERS, request.community, where, after=query.after, limit=query.limit + 1, first=by
        )
        items = [order_view(kept, sight, at) for kept in found[: query.limit]]
        after = position_of(found[query.limit - 1], by) if len(found) > query.limit else None
        return show(OrderPage(items=items, next=after))

    async def _sight(self, request: ApiRequest[Any]) -> Sight:
        """Return what of the community's orders the one who asks may see."""
        ref = catalogue_ref(request.community)
        record = await self.store.find(ref)
        await self.matching.models.prepare({request.community: record})
        return access.sight_by(self.matching, request, record)

    async def show_order(self, request: ApiRequest[None]) -> Reply:
        ref = order_ref(request.community, OrderId(request.path["order"]))
        kept = await self.store.find(ref)
        sight = await self._sight(request)
        if kept.value is None or not sight.may_see(kept.value):
            raise NotFound
        return show(order_view(kept, sight, now()), revision=kept.revision)

    async def list_providers(self, request: ApiRequest[None]) -> Reply:
        ref = catalogue_ref(request.community)
        record = await self.store.find(ref)
        if record.value is None:
            raise NotFound
        await self.matching.models.prepare({request.community: record})
        model = self.matching.models.of(request.community, record.revision, record.value)
        taken = (await self.places.now(request.community)).open
        return show(provider_list(model, taken, now()), revision=record.revision)

    def table(self) -> tuple[Route, ...]:
        """Return the routes."""
        return (
            Route(
                "GET",
                "/orders",
                READERS_OF_ORDERS,
                self.list_orders,
                "List orders",
                OrderPage,
                query=OrderQuery,
            ),
            Route("GET", access.ONE, READERS_OF_ORDERS, self.show_order, "Show an order", OrderView),
            Route("GET", "/providers", COMMUNITY, self.list_providers, "List providers", ProviderList),
        )
