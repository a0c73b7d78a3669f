"""Orders wait where there are fewer places than orders, and the places are given to all of them together."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from services.chassis.desk import Desk, Origin, Work
from services.chassis.shelf import Ref
from services.contracts import orders as facts
from services.contracts.ids import OrderId
from services.matching.domain.assignment import Bid, assign, will_do
from services.matching.domain.caution import not_candidates
from services.matching.domain.order import Order
from services.matching.domain.succession import speaks_for
from services.matching.handlers.context import Matching
from services.matching.handlers.facts import about
from services.matching.handlers.keeping import keep, load_of, matter_of, tell
from services.matching.handlers.sending import ROUTER, propose, send
from services.matching.store.catalogues import catalogue_ref
from services.matching.store.orders import order_ref
from services.matching.store.tallies import load_ref
from services.matching.views.messages import candidate_ref

WAIT_TOLD_SECONDS = 60
"""An order that waited for less was only decided on together with others."""


def _queue(matching: Matching, desk: Desk, order: Order) -> None:
    """Let an order wait until those that want the same places are decided on together."""
    after = keep(matching, desk, order, order.queued(desk.at))
    candidates = tuple(candidate_ref(choice) for choice in after.candidates)
    fact = facts.OrderQueued(**about(after), category=after.category, candidates=candidates)
    tell(matching, desk, after, fact)


def give_places(matching: Matching, origin: Origin, orders: Sequence[OrderId]) -> Work[int]:
    """Give a community's free places to the orders that wait, all together; return how many got one."""
    refs: list[Ref[Order]] = [order_ref(origin.community, order) for order in orders]
    books = (catalogue_ref(origin.community), load_ref(origin.community), matching.lane.ref(origin))
    reads: list[Ref[Any]] = [*books, *refs]

    def decide(desk: Desk) -> int:
        found = (desk.find(ref) for ref in refs)
        waiting = {order.id: order for order in found if order and order.queued_at is not None}
        guide = matching.guide(desk)
        _give_up_waiting(matching, desk, waiting)
        bids = [_bid(matching, desk, order) for order in waiting.values()]
        given = assign(bids, guide.free_places(load_of(desk), desk.at), matching.solver)
        for order, provider in sorted(given.items()):
            because = _because(matching, desk, waiting[order], provider)
            send(matching, desk, waiting[order], guide.who(provider), chosen_by=ROUTER, because=because)
        return len(given)

    return Work(origin, reads, decide)


def _give_up_waiting(matching: Matching, desk: Desk, waiting: dict[OrderId, Order]) -> None:
    """Let staff decide on those who wait for somebody that is not there any more; none of them stays."""
    for order in list(waiting.values()):
        if _bid(matching, desk, order).scores:
            continue
        del waiting[order.id]
        after = replace(order.recalled(), because="原来能办的单位已不在名单上，请工作人员确定由谁来办")
        propose(matching, desk, keep(matching, desk, order, after))


def _bid(matching: Matching, desk: Desk, order: Order) -> Bid:
    guide = matching.guide(desk)
    matter = matter_of(order)
    ranking = guide.rank(matter, load_of(desk), desk.at, if_all_had_room=True)
    able = {c.provider: c.score for c in ranking.candidates if speaks_for(c.parts)}
    refused = not_candidates(order.heard, guide.providers).union(order.declined)
    scores = {provider: score for provider, score in will_do(able).items() if provider not in refused}
    return Bid(order.id, scores, order.urgent, order.queued_at or desk.at)


def _because(matching: Matching, desk: Desk, order: Order, provider: str) -> str:
    waited = desk.at - (order.queued_at or desk.at)
    if waited.total_seconds() < WAIT_TOLD_SECONDS:
        return order.because
    return f"{matching.guide(desk).who(provider).name}有了空位，轮到这一件"
