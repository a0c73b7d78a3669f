"""A demand comes in and becomes an order: sent where the router is sure, and where staff choose else."""

from collections.abc import Sequence
from datetime import datetime

from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts import orders as facts
from services.contracts.demands import DemandSubmitted
from services.contracts.ids import OrderId, order_id
from services.contracts.values import replace
from services.matching.domain.assignment import is_scarce
from services.matching.domain.lifecycle import OrderStatus
from services.matching.domain.matter import Matter, Ranking
from services.matching.domain.orders import Order
from services.matching.handlers.calling import call_all
from services.matching.handlers.context import Matching
from services.matching.handlers.facts import order_fields
from services.matching.handlers.keeping import VersionedOrder, keep, step, tell, workload_of
from services.matching.handlers.sending import ROUTER, STAFF, propose, send
from services.matching.handlers.waiting import queue_order
from services.matching.routing.models import CommunityModel
from services.matching.store.catalogues import catalogue_ref
from services.matching.store.orders import order_ref
from services.matching.store.tallies import workload_ref
from services.matching.views.messages import provider_ref


def place_order(
    matching: Matching,
    origin: Origin,
    demand: DemandSubmitted,
    *,
    asked_at: datetime | None = None,
) -> Work[None]:
    """Make the order of a demand: dispatched when the router is sure, proposed to staff when not.

    Arguments:
        demand: when it is urgent, its deadlines are the short ones, round the clock.
        asked_at: when the resident asked, from which the deadline counts; None: just now.
    """
    ref = order_ref(origin.community, order_id(demand.demand, demand.round))
    reads = (catalogue_ref(origin.community), workload_ref(origin.community), matching.shard.ref(origin), ref)

    def decide(uow: UnitOfWork) -> None:
        if uow.find(ref) is not None:
            return  # it was said before, and nobody noted that it was heard
        model, load = matching.model(uow), workload_of(uow)
        matter = Matter(demand.text, demand.title, demand.compound)
        heard = model.heard(matter, demand.reading, demand.about, urgent=demand.urgent)
        matter = replace(matter, wishes=heard.wishes)
        ranking, held = model.cautious(matter, load, heard, uow.at)
        soon = heard.danger == "soon"
        due = model.limits.finish_due(demand.about, asked_at or uow.at, urgent=demand.urgent, soon=soon)
        order = _new_order(
            order_id(demand.demand, demand.round), demand, model, ranking, uow.at
        ).understood_as(heard)
        order = keep(matching, uow, None, replace(order, finish_due_at=due, held=held))
        place_or_propose(matching, uow, order, matter, ranking)
        _praise(matching, uow, order, matter)

    return Work(origin, reads, decide)


def _praise(matching: Matching, uow: UnitOfWork, order: Order, matter: Matter) -> None:
    """Let those hear it who are praised; nothing is asked of them."""
    heard = order.heard
    if heard.want != "nothing" or heard.accusation != "none" or heard.private or heard.pressing:
        return
    model = matching.model(uow)
    for provider in sorted(model.names.praised(matter.text)):
        to = provider_ref(model.who(provider))
        tell(matching, uow, order, facts.OrderPraised(**order_fields(order), provider=to, text=matter.text))


def place_or_propose(
    matching: Matching, uow: UnitOfWork, order: Order, matter: Matter, ranking: Ranking
) -> None:
    """Dispatch it, let it wait for a place, or ask the staff."""
    model, load = matching.model(uow), workload_of(uow)
    if order.held:
        propose(matching, uow, order)
        return
    if ranking.decision == "dispatch":
        first = order.candidates[0].provider
        if is_scarce(model.capacity_of(first.id, uow.at), load.taken.get(first.id, 0)):
            queue_order(matching, uow, order)
        else:
            send(matching, uow, order, first, chosen_by=ROUTER, because=ranking.because)
        return
    if model.is_anybody_full(load):
        wished = model.rank(matter, load, uow.at, if_all_had_room=True)
        if wished.decision == "dispatch":
            because = f"属于“{wished.category}”，能办的单位现在都满了，有空位就派单"
            waits = replace(
                order,
                candidates=model.choices(wished),
                because=because,
                confidence=wished.confidence,
                basis=model.basis_of(wished),
            )
            queue_order(matching, uow, waits)
            return
    propose(matching, uow, order)


def dispatch_order(
    matching: Matching,
    origin: Origin,
    order: OrderId,
    provider: str,
    calls: Sequence[tuple[str, str]] = (),
) -> Work[VersionedOrder]:
    """Send a proposed order to whom staff choose; the community itself may take the lead.

    Arguments:
        calls: others called to a part of the matter at once, each (provider, part).
    """

    def decide(uow: UnitOfWork, before: Order) -> None:
        model = matching.model(uow)
        workload_of(uow).must_have_room(provider, model.capacity_of(provider, uow.at))
        lead = send(
            matching, uow, before, model.who(provider), chosen_by=STAFF, because="社区工作人员研判后确定"
        )
        call_all(matching, uow, lead, calls)

    return step(matching, origin, order, decide)


def _new_order(
    order: OrderId, demand: DemandSubmitted, model: CommunityModel, ranking: Ranking, at: datetime
) -> Order:
    return Order(
        id=order,
        demand=demand.demand,
        text=demand.text,
        title=demand.title,
        compound=demand.compound,
        asked_by=demand.asked_by,
        category=ranking.category,
        basis=model.basis_of(ranking),
        confidence=ranking.confidence,
        because=ranking.because,
        candidates=model.choices(ranking),
        status=OrderStatus.PROPOSED,
        created_at=at,
        about=demand.about,
        urgent=demand.urgent,
    )
