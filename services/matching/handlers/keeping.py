"""How every use case of matching is done: load, one step, keep, announce."""

from collections.abc import Callable
from typing import Any

from services.chassis.documents import Ref, Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.ids import OrderId
from services.contracts.words import Message
from services.matching.domain.companions import with_companion
from services.matching.domain.lessons import lesson_of, number_at
from services.matching.domain.matter import Matter
from services.matching.domain.orders import Order
from services.matching.domain.refusals import NotYourOrder
from services.matching.domain.timing import timed
from services.matching.domain.workload import Workload
from services.matching.handlers.context import Matching, reads_of
from services.matching.store.lessons import lesson_ref
from services.matching.store.orders import order_ref
from services.matching.store.tallies import workload_ref

VersionedOrder = Versioned[Order]


def step(
    matching: Matching,
    origin: Origin,
    order: OrderId,
    step: Callable[[UnitOfWork, Order], None],
    *,
    with_companions: bool = False,
) -> Work[VersionedOrder]:
    """Return the work of one step of an order; `step` decides and keeps."""
    ref = order_ref(origin.community, order)

    def stepped(uow: UnitOfWork) -> VersionedOrder:
        before = uow.get(ref, NotYourOrder())
        step(uow, before)
        return uow.versioned(ref)

    more_reads = companions(matching, origin, ref) if with_companions else None
    return Work(origin, matching.reads(origin, order), stepped, more_reads)


def companions(matching: Matching, origin: Origin, ref: Ref[Order]) -> Callable[[UnitOfWork], list[Ref[Any]]]:
    """Return what tells which documents the steps of a lead's companions need."""

    def more_reads(uow: UnitOfWork) -> list[Ref[Any]]:
        lead = uow.find(ref)
        return [its for c in (lead.called if lead else ()) for its in reads_of(origin.community, c.order)]

    return more_reads


def keep(matching: Matching, uow: UnitOfWork, before: Order | None, after: Order, *said: Message) -> Order:
    """Keep the order and what it takes of its provider's capacity, and announce what happened.

    Its clocks follow the change here and nowhere else; the order is returned with them.
    """
    ref = order_ref(uow.origin.community, after.id)
    model, load = matching.model(uow), workload_of(uow)
    after = timed(before, after, model.limits, uow.at)
    after = load.seated(before, after, model.seats_of(after.provider))
    uow.put(ref, after)
    moved = load.moved(before, after)
    if moved is not load:
        uow.put(workload_ref(uow.origin.community), moved)
    for fact in said:
        uow.announce(ref, fact, model.public_numbers)
    _add_up(matching, uow, before, after)
    _tell_lead(matching, uow, before, after)
    return after


def _tell_lead(matching: Matching, uow: UnitOfWork, before: Order | None, after: Order) -> None:
    """Let the lead know how its companion stands."""
    if before is None or not after.lead:
        return
    ref = order_ref(uow.origin.community, after.lead)
    lead = uow.get(ref, NotYourOrder())
    knowing = with_companion(lead, after)
    if knowing is not lead:
        uow.put(ref, knowing)


def _add_up(matching: Matching, uow: UnitOfWork, before: Order | None, after: Order) -> None:
    """Keep what the change teaches, in place of what the order taught before, and what it adds up to."""
    tally = matching.tally(uow)
    added = tally.recorded(before, after)
    lesson = lesson_of(before, after, number_at(uow.at))
    if lesson is not None:
        uow.put(lesson_ref(uow.origin.community, after.id), lesson)
        added = added.taught()
    if added is not tally:
        uow.put(matching.shard.found(uow), added)


def tell(matching: Matching, uow: UnitOfWork, order: Order, fact: Message) -> None:
    """Announce something of an order that was kept before."""
    uow.announce(order_ref(uow.origin.community, order.id), fact, matching.model(uow).public_numbers)


def matter_of(order: Order) -> Matter:
    """Return what an order is about, as the router reads it."""
    return Matter(order.text, order.title, order.compound, order.heard.wishes)


def workload_of(uow: UnitOfWork) -> Workload:
    """Return how things stand in the community."""
    return uow.find(workload_ref(uow.origin.community)) or Workload()
