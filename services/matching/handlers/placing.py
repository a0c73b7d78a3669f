"""A community is loaded, a demand comes in, staff choose."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.chassis.desk import Desk, Origin, Work
from services.chassis.shelf import Ref
from services.contracts import orders as facts
from services.contracts.community_file import COMMUNITY_SELF, CommunityFile
from services.contracts.demands import DemandReread, DemandSubmitted
from services.matching import spoken
from services.matching.domain.assignment import Bid, assign, is_scarce, will_do
from services.matching.domain.caution import not_candidates
from services.matching.domain.lifecycle import OPEN, UNPLACED, OrderStatus
from services.matching.domain.matter import Matter, Ranking
from services.matching.domain.order import Order
from services.matching.domain.refusals import NotYourOrder
from services.matching.domain.succession import speaks_for
from services.matching.guides import Guide
from services.matching.handlers.calling import call_all
from services.matching.handlers.context import Matching
from services.matching.handlers.steps import (
    ROUTER,
    STAFF,
    KeptOrder,
    about,
    companions,
    keep,
    load_of,
    matter_of,
    propose,
    send,
    step,
    tell,
)
from services.matching.store import (
    CatalogueOnRecord,
    Departed,
    catalogue_ref,
    departed_ref,
    load_ref,
    order_id,
    order_ref,
)

WAIT_TOLD_SECONDS = 60
"""An order that waited for less was only decided on together with others."""


def keep_catalogue(matching: Matching, origin: Origin, file: CommunityFile) -> Work[None]:
    """Keep the catalogue; providers that are gone get no new orders and keep those that they have taken.

    What they have not answered is taken back soon after (`Leavers`).
    """
    ref = catalogue_ref(origin.community)
    present = {one.id for one in (*file.units, *file.partners)}

    def gone(desk: Desk) -> dict[str, str]:
        before = matching.guides.find(desk, origin.community)
        known = before.providers if before else {}
        return {one.id: one.name for one in known.values() if one.id not in present}

    def then_reads(desk: Desk) -> list[Ref[Any]]:
        return [departed_ref(origin.community, provider) for provider in gone(desk)]

    def decide(desk: Desk) -> None:
        for provider, name in gone(desk).items():
            desk.put(departed_ref(origin.community, provider), Departed(name, desk.at))
        desk.put(ref, CatalogueOnRecord(file.model_dump_json()))
        # Compiled now, so that the first demand after a load does not wait for it.
        matching.guides.find(desk, origin.community)

    return Work(origin, (ref,), decide, then_reads)


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
    reads = (catalogue_ref(origin.community), load_ref(origin.community), matching.lane.ref(origin))

    def decide(desk: Desk) -> None:
        guide, load = matching.guide(desk), load_of(desk)
        matter = Matter(demand.text, demand.title, demand.compound)
        heard = guide.heard(matter, demand.reading, demand.about, urgent=demand.urgent)
        matter = replace(matter, wishes=heard.wishes)
        ranking, held = guide.cautious(matter, load, heard, desk.at)
        soon = heard.danger == "soon"
        due = guide.limits.finish_due(demand.about, asked_at or desk.at, urgent=demand.urgent, soon=soon)
        order = _new_order(ref.id, demand, guide, ranking, desk.at).understood_as(heard)
        order = keep(matching, desk, None, replace(order, finish_due_at=due, held=held))
        _place(matching, desk, order, matter, ranking)
        _praise(matching, desk, order, matter)

    return Work(origin, reads, decide)


def _praise(matching: Matching, desk: Desk, order: Order, matter: Matter) -> None:
    """Let those hear it who are praised; nothing is asked of them."""
    heard = order.heard
    if heard.want != "nothing" or heard.accusation != "none" or heard.private or heard.pressing:
        return
    guide = matching.guide(desk)
    for provider in sorted(guide.names.praised(matter.text)):
        to = spoken.provider_ref(guide.who(provider))
        tell(matching, desk, order, facts.OrderPraised(**about(order), provider=to, text=matter.text))


def reread_order(matching: Matching, origin: Origin, demand: DemandReread) -> Work[None]:
    """Follow what a demand is now understood to say: hold the order, let it go on, or take it back."""
    ref = order_ref(origin.community, order_id(demand.demand, demand.round))

    def decide(desk: Desk) -> None:
        before = desk.get(ref, NotYourOrder())
        guide, matter = matching.guide(desk), matter_of(before)
        heard = guide.heard(matter, demand.reading, before.about, urgent=demand.urgent)
        if heard.danger == before.heard.danger:
            heard = replace(heard, taken=before.heard.taken)
        after = replace(before.understood_as(heard), urgent=demand.urgent)
        if demand.urgent and not before.urgent and after.finish_due_at is not None:
            due = guide.limits.finish_due(after.about, desk.at, urgent=True)
            after = replace(after, finish_due_at=min(due, after.finish_due_at))
        if before.status in UNPLACED:
            _decide_anew(matching, desk, before, after)
        else:
            _follow(matching, desk, before, after)
        for called in before.called:
            companion = desk.get(order_ref(origin.community, called.order), NotYourOrder())
            _follow(matching, desk, companion, companion.understood_as(heard))

    return Work(origin, matching.reads(origin, ref.id), decide, companions(matching, origin, ref))


def _decide_anew(matching: Matching, desk: Desk, before: Order, after: Order) -> None:
    guide, matter = matching.guide(desk), matter_of(after)
    ranking, held = guide.cautious(matter, load_of(desk), after.heard, desk.at, after.declined)
    if not held and not before.held:
        keep(matching, desk, before, after)
        return
    if after.status is OrderStatus.QUEUED:
        after = after.recalled()
    ranked = replace(
        after,
        candidates=guide.choices(ranking),
        basis=guide.basis_of(ranking),
        because=ranking.because,
        confidence=ranking.confidence,
        held=held,
    )
    _place(matching, desk, keep(matching, desk, before, ranked), matter, ranking)


def _follow(matching: Matching, desk: Desk, before: Order, after: Order) -> None:
    """Keep what the words now say of an order that somebody has; the accused lose it without a word."""
    guide, load = matching.guide(desk), load_of(desk)
    ranking, held = guide.cautious(matter_of(after), load, after.heard, desk.at, after.declined)
    after = replace(after.without_accused_receiver(), held=held)
    if before.status not in OPEN or before.provider is None or not after.is_taken_from_its_provider(before):
        keep(matching, desk, before, after)
        return
    recalled = replace(after.recalled(), candidates=guide.choices(ranking), because=ranking.because)
    propose(matching, desk, keep(matching, desk, before, recalled))


def take_in_hand(matching: Matching, origin: Origin, demand: str, round_: int) -> Work[None]:
    """Note that somebody has the danger in hand: the order stands before others no more."""
    ref = order_ref(origin.community, order_id(demand, round_))

    def decide(desk: Desk) -> None:
        before = desk.get(ref, NotYourOrder())
        keep(matching, desk, before, before.understood_as(replace(before.heard, taken=True)))

    return Work(origin, matching.reads(origin, ref.id), decide)


def pass_on(matching: Matching, origin: Origin, demand: str, round_: int, asked_by: str) -> Work[None]:
    """Note who asks from now on."""
    ref = order_ref(origin.community, order_id(demand, round_))

    def decide(desk: Desk) -> None:
        before = desk.get(ref, NotYourOrder())
        keep(matching, desk, before, replace(before, asked_by=asked_by))

    return Work(origin, matching.reads(origin, ref.id), decide)


def _place(matching: Matching, desk: Desk, order: Order, matter: Matter, ranking: Ranking) -> None:
    """Dispatch it, let it wait for a place, or ask the staff."""
    guide, load = matching.guide(desk), load_of(desk)
    if order.held:
        propose(matching, desk, order)
        return
    if ranking.decision == "dispatch":
        first = order.candidates[0].provider
        if is_scarce(guide.capacity_of(first.id, desk.at), load.taken.get(first.id, 0)):
            _queue(matching, desk, order)
        else:
            send(matching, desk, order, first, ROUTER, ranking.because)
        return
    if guide.is_anybody_full(load):
        wished = guide.rank(matter, load, desk.at, if_all_had_room=True)
        if wished.decision == "dispatch":
            because = f"属于“{wished.category}”，能办的单位现在都满了，有空位就派单"
            waits = replace(
                order,
                candidates=guide.choices(wished),
                because=because,
                confidence=wished.confidence,
                basis=guide.basis_of(wished),
            )
            _queue(matching, desk, waits)
            return
    propose(matching, desk, order)


def _queue(matching: Matching, desk: Desk, order: Order) -> None:
    """Let an order wait until those that want the same places are decided on together."""
    after = keep(matching, desk, order, order.queued(desk.at))
    candidates = tuple(spoken.candidate_ref(choice) for choice in after.candidates)
    fact = facts.OrderQueued(**about(after), category=after.category, candidates=candidates)
    tell(matching, desk, after, fact)


# Places are given to those who wait.


def give_places(matching: Matching, origin: Origin, orders: Sequence[str]) -> Work[int]:
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
            send(matching, desk, waiting[order], guide.who(provider), ROUTER, because)
        return len(given)

    return Work(origin, reads, decide)


def _give_up_waiting(matching: Matching, desk: Desk, waiting: dict[str, Order]) -> None:
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


def recall_from_departed(matching: Matching, origin: Origin, order: str) -> Work[bool]:
    """Take an order that nobody answered from a provider that left the catalogue; staff decide."""
    ref = order_ref(origin.community, order)

    def decide(desk: Desk) -> bool:
        before = desk.get(ref, NotYourOrder())
        gone = before.provider
        if before.status is not OrderStatus.DISPATCHED or gone is None:
            return False
        if gone.id in matching.guide(desk).providers or gone.id == COMMUNITY_SELF:
            return False
        because = f"{gone.name}已不在名单上，请工作人员另行确定由谁来办"
        propose(matching, desk, keep(matching, desk, before, replace(before.recalled(), because=because)))
        return True

    return Work(origin, matching.reads(origin, order), decide)


def forget_departed(matching: Matching, origin: Origin, provider: str) -> Work[None]:
    """Note that nothing lies any more with a provider that has left."""
    ref = departed_ref(origin.community, provider)

    def decide(desk: Desk) -> None:
        before = desk.find(ref)
        if before is not None:
            desk.put(ref, replace(before, departed_at=None))

    return Work(origin, (ref,), decide)


def dispatch_order(
    matching: Matching,
    origin: Origin,
    order: str,
    provider: str,
    calls: Sequence[tuple[str, str]] = (),
) -> Work[KeptOrder]:
    """Send a proposed order to whom staff choose; the community itself may take the lead.

    Arguments:
        calls: others called to a part of the matter at once, each (provider, part).
    """

    def decide(desk: Desk, before: Order) -> None:
        guide = matching.guide(desk)
        load_of(desk).must_have_room(provider, guide.capacity_of(provider, desk.at))
        lead = send(matching, desk, before, guide.who(provider), STAFF, "社区工作人员研判后确定")
        call_all(matching, desk, lead, calls)

    return step(matching, origin, order, decide)


def _new_order(order: str, demand: DemandSubmitted, guide: Guide, ranking: Ranking, at: datetime) -> Order:
    return Order(
        id=order,
        demand=demand.demand,
        text=demand.text,
        title=demand.title,
        compound=demand.compound,
        asked_by=demand.asked_by,
        category=ranking.category,
        basis=guide.basis_of(ranking),
        confidence=ranking.confidence,
        because=ranking.because,
        candidates=guide.choices(ranking),
        status=OrderStatus.PROPOSED,
        created_at=at,
        about=demand.about,
        urgent=demand.urgent,
    )
