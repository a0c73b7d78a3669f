"""A demand is understood anew: its order is held, goes on, or is taken back."""

from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.demands import DemandReread
from services.contracts.ids import DemandId, order_id
from services.contracts.values import replace
from services.matching.domain.lifecycle import OPEN, UNPLACED, OrderStatus
from services.matching.domain.orders import Order
from services.matching.domain.refusals import NotYourOrder
from services.matching.handlers.context import Matching
from services.matching.handlers.keeping import companions, keep, matter_of, workload_of
from services.matching.handlers.placing import place_or_propose
from services.matching.handlers.sending import propose
from services.matching.store.orders import order_ref


def reread_order(matching: Matching, origin: Origin, demand: DemandReread) -> Work[None]:
    """Follow what a demand is now understood to say: hold the order, let it go on, or take it back."""
    order = order_id(demand.demand, demand.round)
    ref = order_ref(origin.community, order)

    def decide(uow: UnitOfWork) -> None:
        before = uow.get(ref, NotYourOrder())
        model, matter = matching.model(uow), matter_of(before)
        heard = model.heard(matter, demand.reading, before.about, urgent=demand.urgent)
        if heard.danger == before.heard.danger:
            heard = replace(heard, taken=before.heard.taken)
        after = replace(before.understood_as(heard), urgent=demand.urgent)
        if demand.urgent and not before.urgent and after.finish_due_at is not None:
            due = model.limits.finish_due(after.about, uow.at, urgent=True)
            after = replace(after, finish_due_at=min(due, after.finish_due_at))
        if before.status in UNPLACED:
            _decide_anew(matching, uow, before, after)
        else:
            _follow(matching, uow, before, after)
        for called in before.called:
            companion = uow.get(order_ref(origin.community, called.order), NotYourOrder())
            _follow(matching, uow, companion, companion.understood_as(heard))

    return Work(origin, matching.reads(origin, order), decide, companions(matching, origin, ref))


def _decide_anew(matching: Matching, uow: UnitOfWork, before: Order, after: Order) -> None:
    model, matter = matching.model(uow), matter_of(after)
    ranking, held = model.cautious(matter, workload_of(uow), after.heard, uow.at, after.declined)
    if not held and not before.held:
        keep(matching, uow, before, after)
        return
    if after.status is OrderStatus.QUEUED:
        after = after.recalled()
    ranked = replace(
        after,
        candidates=model.choices(ranking),
        basis=model.basis_of(ranking),
        because=ranking.because,
        confidence=ranking.confidence,
        held=held,
    )
    place_or_propose(matching, uow, keep(matching, uow, before, ranked), matter, ranking)


def _follow(matching: Matching, uow: UnitOfWork, before: Order, after: Order) -> None:
    """Keep what the words now say of an order that somebody has; the accused lose it without a word."""
    model, load = matching.model(uow), workload_of(uow)
    ranking, held = model.cautious(matter_of(after), load, after.heard, uow.at, after.declined)
    after = replace(after.without_accused_receiver(), held=held)
    if before.status not in OPEN or before.provider is None or not after.is_taken_from_its_provider(before):
        keep(matching, uow, before, after)
        return
    recalled = replace(after.recalled(), candidates=model.choices(ranking), because=ranking.because)
    propose(matching, uow, keep(matching, uow, before, recalled))


def take_in_hand(matching: Matching, origin: Origin, demand: DemandId, round_: int) -> Work[None]:
    """Note that somebody has the danger in hand: the order stands before others no more."""
    order = order_id(demand, round_)
    ref = order_ref(origin.community, order)

    def decide(uow: UnitOfWork) -> None:
        before = uow.get(ref, NotYourOrder())
        keep(matching, uow, before, before.understood_as(replace(before.heard, taken=True)))

    return Work(origin, matching.reads(origin, order), decide)


def pass_on(matching: Matching, origin: Origin, demand: DemandId, round_: int, asked_by: str) -> Work[None]:
    """Note who asks from now on."""
    order = order_id(demand, round_)
    ref = order_ref(origin.community, order)

    def decide(uow: UnitOfWork) -> None:
        before = uow.get(ref, NotYourOrder())
        keep(matching, uow, before, replace(before, asked_by=asked_by))

    return Work(origin, matching.reads(origin, order), decide)
