"""Orders wait where there are fewer slots than orders, and the slots are given to all of them together."""

from collections.abc import Sequence
from typing import Any

from services.chassis.documents import Ref
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts import orders as facts
from services.contracts.ids import OrderId
from services.contracts.values import replace
from services.matching.domain.assignment import Bid, assign, speaks_for, will_do
from services.matching.domain.caution import not_candidates
from services.matching.domain.orders import Order
from services.matching.handlers.context import Matching
from services.matching.handlers.facts import order_fields
from services.matching.handlers.keeping import keep, matter_of, tell, workload_of
from services.matching.handlers.sending import ROUTER, propose, send
from services.matching.store.catalogues import catalogue_ref
from services.matching.store.orders import order_ref
from services.matching.store.tallies import workload_ref
from services.matching.views.messages import candidate_ref

WAIT_TOLD_SECONDS = 60
"""An order that waited for less was only decided on together with others."""


def queue_order(matching: Matching, uow: UnitOfWork, order: Order) -> None:
    """Let an order wait until those that want the same slots are decided on together."""
    after = keep(matching, uow, order, order.queued(uow.at))
    candidates = tuple(candidate_ref(choice) for choice in after.candidates)
    fact = facts.OrderQueued(**order_fields(after), category=after.category, candidates=candidates)
    tell(matching, uow, after, fact)


def assign_slots(matching: Matching, origin: Origin, orders: Sequence[OrderId]) -> Work[int]:
    """Give a community's free slots to the orders that wait, all together; return how many got one."""
    refs: list[Ref[Order]] = [order_ref(origin.community, order) for order in orders]
    books = (catalogue_ref(origin.community), workload_ref(origin.community), matching.shard.ref(origin))
    reads: list[Ref[Any]] = [*books, *refs]

    def decide(uow: UnitOfWork) -> int:
        found = (uow.find(ref) for ref in refs)
        waiting = {order.id: order for order in found if order and order.queued_at is not None}
        model = matching.model(uow)
        _give_up_waiting(matching, uow, waiting)
        bids = [_bid(matching, uow, order) for order in waiting.values()]
        given = assign(bids, model.free_slots(workload_of(uow), uow.at), matching.solver)
        for order, provider in sorted(given.items()):
            because = _because(matching, uow, waiting[order], provider)
            send(matching, uow, waiting[order], model.who(provider), chosen_by=ROUTER, because=because)
        return len(given)

    return Work(origin, reads, decide)


def _give_up_waiting(matching: Matching, uow: UnitOfWork, waiting: dict[OrderId, Order]) -> None:
    """Let staff decide on those who wait for somebody that is not there any more; none of them stays."""
    for order in list(waiting.values()):
        if _bid(matching, uow, order).scores:
            continue
        del waiting[order.id]
        after = replace(order.recalled(), because="原来能办的单位已不在名单上，请工作人员确定由谁来办")
        propose(matching, uow, keep(matching, uow, order, after))


def _bid(matching: Matching, uow: UnitOfWork, order: Order) -> Bid:
    model = matching.model(uow)
    matter = matter_of(order)
    ranking = model.rank(matter, workload_of(uow), uow.at, if_all_had_room=True)
    able = {c.provider: c.score for c in ranking.candidates if speaks_for(c.parts)}
    refused = not_candidates(order.heard, model.providers).union(order.declined)
    scores = {provider: score for provider, score in will_do(able).items() if provider not in refused}
    return Bid(order.id, scores, order.urgent, order.queued_at or uow.at)


def _because(matching: Matching, uow: UnitOfWork, order: Order, provider: str) -> str:
    waited = uow.at - (order.queued_at or uow.at)
    if waited.total_seconds() < WAIT_TOLD_SECONDS:
        return order.because
    return f"{matching.model(uow).who(provider).name}有了空位，轮到这一件"
