"""How every step of an order is asked for over HTTP, and shown: only to those who may see the order."""

from typing import Any

from services.chassis.documents import Versioned
from services.chassis.http.bodies import Command
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, WriteHandler, post, show
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.ids import OrderId, demand_of
from services.contracts.refusal import NotFound, Refused
from services.contracts.words import Role
from services.matching.domain.sight import Sight
from services.matching.handlers.context import Matching
from services.matching.handlers.keeping import VersionedOrder
from services.matching.store.catalogues import CatalogueOnRecord, catalogue_ref
from services.matching.store.orders import order_ref
from services.matching.views.orders import OrderView, order_view

ONE = "/orders/{order}"


def asked(request: ApiRequest[Any]) -> tuple[Origin, OrderId]:
    """Return where a step of the order in the address comes from, and which order it is."""
    order = OrderId(request.path["order"])
    return request.origin(demand_of(order)), order


def sight_by(matching: Matching, request: ApiRequest[Any], record: Versioned[CatalogueOnRecord]) -> Sight:
    """Return what of the community's orders the one who asks may see."""
    if record.value is None:
        return Sight(request.identity.subject, request.identity.role.value)
    return matching.models.of(request.community, record.revision, record.value).sight(request.identity)


def step(matching: Matching, request: ApiRequest[Any], work: Work[VersionedOrder]) -> Work[Reply]:
    """Return the work of a step; an order that the one who asks may not see is not there for them.

    Nor is anything done when it was changed after they saw it, where they say what they saw (If-Match).
    """
    ref, catalogue = (
        order_ref(request.community, OrderId(request.path["order"])),
        catalogue_ref(request.community),
    )

    def may_see(uow: UnitOfWork) -> None:
        if not sight_by(matching, request, uow.versioned(catalogue)).may_see(uow.get(ref, NotFound())):
            raise NotFound
        uow.expect(ref, request.if_match)

    def shown(kept: VersionedOrder, uow: UnitOfWork) -> Reply:
        sight = sight_by(matching, request, uow.versioned(catalogue))
        return show(order_view(kept, sight, uow.at), revision=kept.revision)

    return work.only_if(may_see, ref, catalogue).then(shown, catalogue)


def post_step(
    path: str,
    audience: frozenset[Role],
    handler: WriteHandler,
    summary: str,
    takes: type[Command],
    *refuses: type[Refused],
) -> Route:
    """Return the route of a step of one order; it answers with the order."""
    return post(ONE + path, audience, handler, summary, takes=takes, answers=OrderView, refuses=refuses)
