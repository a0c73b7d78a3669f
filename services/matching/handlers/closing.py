"""The community looks, the resident says, and the order comes to its end."""

from datetime import datetime
from typing import Any

from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts import orders as facts
from services.contracts.ids import OrderId
from services.matching.domain.lifecycle import OVER, RATEABLE, OrderStatus
from services.matching.domain.orders import Order
from services.matching.domain.refusals import NotYourOrder
from services.matching.handlers.context import Matching
from services.matching.handlers.facts import order_fields, provider_fields
from services.matching.handlers.keeping import VersionedOrder, keep, step, tell
from services.matching.handlers.sending import supervise_if_due
from services.matching.store.orders import order_ref
from services.matching.views.messages import effort_of, provider_ref


def verify_order(matching: Matching, origin: Origin, order: OrderId) -> Work[VersionedOrder]:
    """Find it done; with a good rating there already, it is settled."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        after = before.verified()
        keep(matching, uow, before, after, facts.OrderVerified(**provider_fields(after)))
        _settle_if_due(matching, uow, after)

    return step(matching, origin, order, decide)


def return_order(matching: Matching, origin: Origin, order: OrderId, reason: str) -> Work[VersionedOrder]:
    """Have it done again by the same provider (发回重办)."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        after = keep(matching, uow, before, before.sent_back())
        fact = facts.OrderReturned(
            **provider_fields(after),
            reason=reason,
            times=after.returned,
            finish_due_at=after.finish_due_at,
        )
        tell(matching, uow, after, fact)
        supervise_if_due(matching, uow, after)

    return step(matching, origin, order, decide)


def note_good_rating(matching: Matching, origin: Origin, order: OrderId) -> Work[VersionedOrder]:
    """Note that the resident is content; a verified order is settled."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        _rated_well(matching, uow, before)
        for companion in _companions(matching, uow, before):
            if companion.status in RATEABLE:
                _rated_well(matching, uow, companion)

    return step(matching, origin, order, decide, with_companions=True)


def _rated_well(matching: Matching, uow: UnitOfWork, before: Order) -> None:
    _settle_if_due(matching, uow, keep(matching, uow, before, before.rated_well()))


def _companions(matching: Matching, uow: UnitOfWork, lead: Order) -> list[Order]:
    refs = (order_ref(uow.origin.community, entry.order) for entry in lead.called)
    return [uow.get(ref, NotYourOrder()) for ref in refs]


def _settle_if_due(matching: Matching, uow: UnitOfWork, order: Order) -> None:
    if not order.can_settle:
        return
    after = order.settled()
    fact = facts.OrderSettled(**provider_fields(after), **_service(after, uow.at))
    keep(matching, uow, order, after, fact)


def _service(order: Order, at: datetime) -> dict[str, Any]:
    """Return what a fact says of the service itself, by which it earns."""
    return {
        "category": order.category,
        "served_at": order.served_at or at,
        "effort": effort_of(order.effort),
        "times": order.returned,
        "in_time": order.is_in_time,
    }


def leave_unrated(matching: Matching, origin: Origin, order: OrderId) -> Work[VersionedOrder]:
    """End what is done and never rated (未评价); it speaks for and against nobody."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        for one in (before, *_companions(matching, uow, before)):
            if one.status in RATEABLE:
                after = keep(matching, uow, one, one.left_unrated())
                fact = facts.OrderLeftUnrated(
                    **provider_fields(after),
                    verified=one.status is OrderStatus.VERIFIED,
                    **_service(after, uow.at),
                )
                tell(matching, uow, after, fact)

    return step(matching, origin, order, decide, with_companions=True)


def urge_order(matching: Matching, origin: Origin, order: OrderId, note: str) -> Work[VersionedOrder]:
    """Remind whoever has it (催办)."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        after = before.urged_again()
        provider = provider_ref(after.provider) if after.provider else None
        fact = facts.OrderUrged(**order_fields(after), provider=provider, note=note, times=after.urged)
        keep(matching, uow, before, after, fact)

    return step(matching, origin, order, decide)


def cancel_order(
    matching: Matching,
    origin: Origin,
    order: OrderId,
    reason: str,
    *,
    by_demand: bool = False,
) -> Work[VersionedOrder]:
    """Give it up: nobody has to do it any more. `by_demand`: the demand itself ended it."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        _cancel(matching, uow, before, reason, by_demand=by_demand)
        for companion in _companions(matching, uow, before):
            if companion.status not in OVER:
                _cancel(matching, uow, companion, reason, by_demand=True)

    return step(matching, origin, order, decide, with_companions=True)


def _cancel(matching: Matching, uow: UnitOfWork, before: Order, reason: str, *, by_demand: bool) -> None:
    after = before.cancelled(reason)
    provider = provider_ref(before.provider) if before.provider else None
    fact = facts.OrderCancelled(**order_fields(after), provider=provider, reason=reason, by_demand=by_demand)
    keep(matching, uow, before, after, fact)
