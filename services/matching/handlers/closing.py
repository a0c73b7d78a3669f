"""The community looks, the resident says, and the order comes to its end."""

from services.chassis.desk import Desk, Origin, Work
from services.contracts import orders as facts
from services.contracts.ids import OrderId
from services.matching.domain.lifecycle import OVER, RATEABLE
from services.matching.domain.order import Order
from services.matching.domain.refusals import NotYourOrder
from services.matching.handlers.context import Matching
from services.matching.handlers.facts import about, of_provider
from services.matching.handlers.keeping import KeptOrder, keep, step, tell
from services.matching.handlers.sending import supervise_if_due
from services.matching.store.orders import order_ref
from services.matching.views.messages import provider_ref


def verify_order(matching: Matching, origin: Origin, order: OrderId) -> Work[KeptOrder]:
    """Find it done; with a good rating there already, it is settled."""

    def decide(desk: Desk, before: Order) -> None:
        after = before.verified()
        keep(matching, desk, before, after, facts.OrderVerified(**of_provider(after)))
        _settle_if_due(matching, desk, after)

    return step(matching, origin, order, decide)


def return_order(matching: Matching, origin: Origin, order: OrderId, reason: str) -> Work[KeptOrder]:
    """Have it done again by the same provider (发回重办)."""

    def decide(desk: Desk, before: Order) -> None:
        after = keep(matching, desk, before, before.sent_back())
        fact = facts.OrderReturned(
            **of_provider(after),
            reason=reason,
            times=after.returned,
            finish_due_at=after.finish_due_at,
        )
        tell(matching, desk, after, fact)
        supervise_if_due(matching, desk, after)

    return step(matching, origin, order, decide)


def note_good_rating(matching: Matching, origin: Origin, order: OrderId) -> Work[KeptOrder]:
    """Note that the resident is content; a verified order is settled."""

    def decide(desk: Desk, before: Order) -> None:
        _rated_well(matching, desk, before)
        for companion in _companions(matching, desk, before):
            if companion.status in RATEABLE:
                _rated_well(matching, desk, companion)

    return step(matching, origin, order, decide, with_companions=True)


def _rated_well(matching: Matching, desk: Desk, before: Order) -> None:
    _settle_if_due(matching, desk, keep(matching, desk, before, before.rated_well()))


def _companions(matching: Matching, desk: Desk, lead: Order) -> list[Order]:
    refs = (order_ref(desk.origin.community, entry.order) for entry in lead.called)
    return [desk.get(ref, NotYourOrder()) for ref in refs]


def _settle_if_due(matching: Matching, desk: Desk, order: Order) -> None:
    if not order.can_settle:
        return
    after = order.settled()
    served_at = after.served_at or desk.at
    fact = facts.OrderSettled(**of_provider(after), category=after.category, served_at=served_at)
    keep(matching, desk, order, after, fact)


def leave_unrated(matching: Matching, origin: Origin, order: OrderId) -> Work[KeptOrder]:
    """End what is done and never rated (未评价); it earns nothing and speaks for and against nobody."""

    def decide(desk: Desk, before: Order) -> None:
        for one in (before, *_companions(matching, desk, before)):
            if one.status in RATEABLE:
                after = keep(matching, desk, one, one.left_unrated())
                tell(matching, desk, after, facts.OrderLeftUnrated(**of_provider(after)))

    return step(matching, origin, order, decide, with_companions=True)


def urge_order(matching: Matching, origin: Origin, order: OrderId, note: str) -> Work[KeptOrder]:
    """Remind whoever has it (催办)."""

    def decide(desk: Desk, before: Order) -> None:
        after = before.urged_again()
        provider = provider_ref(after.provider) if after.provider else None
        fact = facts.OrderUrged(**about(after), provider=provider, note=note, times=after.urged)
        keep(matching, desk, before, after, fact)

    return step(matching, origin, order, decide)


def cancel_order(
    matching: Matching,
    origin: Origin,
    order: OrderId,
    reason: str,
    *,
    by_demand: bool = False,
) -> Work[KeptOrder]:
    """Give it up: nobody has to do it any more. `by_demand`: the demand itself ended it."""

    def decide(desk: Desk, before: Order) -> None:
        _cancel(matching, desk, before, reason, by_demand=by_demand)
        for companion in _companions(matching, desk, before):
            if companion.status not in OVER:
                _cancel(matching, desk, companion, reason, by_demand=True)

    return step(matching, origin, order, decide, with_companions=True)


def _cancel(matching: Matching, desk: Desk, before: Order, reason: str, *, by_demand: bool) -> None:
    after = before.cancelled(reason)
    provider = provider_ref(before.provider) if before.provider else None
    fact = facts.OrderCancelled(**about(after), provider=provider, reason=reason, by_demand=by_demand)
    keep(matching, desk, before, after, fact)
