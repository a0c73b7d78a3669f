"""Time: the resident is waited for, more time is asked for, and what happens when nobody acts."""

from collections.abc import Callable
from functools import partial

from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts import orders as facts
from services.contracts.ids import OrderId
from services.contracts.values import replace
from services.contracts.words import ProviderRef, Role
from services.matching.domain import timing as clocks
from services.matching.domain.deadlines import Level
from services.matching.domain.lifecycle import UNPLACED, OrderStep
from services.matching.domain.orders import Order
from services.matching.domain.refusals import LeadAsks, NotYourOrder
from services.matching.domain.timing import TimerKind
from services.matching.handlers.context import Matching
from services.matching.handlers.facts import notice_fields, order_fields, provider_fields, provider_of
from services.matching.handlers.keeping import VersionedOrder, keep, step, tell
from services.matching.handlers.rights import acts_for, must_be_theirs
from services.matching.handlers.sending import CLOCK, STAFF, ask_next, propose, supervise
from services.matching.store.orders import order_ref
from services.matching.views.messages import provider_ref

# The resident is waited for.


def ask_resident(matching: Matching, origin: Origin, order: OrderId, question: str) -> Work[VersionedOrder]:
    """Ask the resident for more (待诉求人补充): the deadline stands still until the answer."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        if origin.actor.role is not Role.STAFF and not acts_for(origin, before.provider):
            raise NotYourOrder
        if before.lead:
            raise LeadAsks
        after = clocks.asked_resident(before, question, matching.model(uow).limits, uow.at)
        until = after.pauses[-1].until
        fact = facts.OrderWaiting(**provider_fields(after), question=question, until=until)
        keep(matching, uow, before, after, fact)

    return step(matching, origin, order, decide)


def note_answer(matching: Matching, origin: Origin, order: OrderId, answer: str) -> Work[VersionedOrder]:
    """Take the resident's answer; the clock goes on if it stood."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        _go_on(matching, uow, before, answer, f"居民已补充：{answer}")

    return step(matching, origin, order, decide)


def _go_on(matching: Matching, uow: UnitOfWork, before: Order, answer: str, because: str) -> None:
    limits = matching.model(uow).limits
    after = keep(matching, uow, before, clocks.answered(before, answer, limits, uow.at))
    due = after.finish_due_at or uow.at
    fact = facts.OrderResumed(
        **provider_fields(after),
        answered=bool(answer),
        because=because,
        finish_due_at=due,
        finish_due_on=limits.day_of(due),
    )
    tell(matching, uow, after, fact)


# More time.


def request_extension(
    matching: Matching, origin: Origin, order: OrderId, days: int, reason: str
) -> Work[VersionedOrder]:
    """Ask for working days more (申请延期), before the deadline."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        must_be_theirs(origin, before)
        limits = matching.model(uow).limits
        after = clocks.extension_requested(before, days, reason, limits, uow.at)
        fact = facts.OrderExtensionRequested(**provider_fields(after), days=days, reason=reason)
        keep(matching, uow, before, after, fact)

    return step(matching, origin, order, decide)


def grant_extension(matching: Matching, origin: Origin, order: OrderId) -> Work[VersionedOrder]:
    """Allow it; the resident is told until when and why."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        limits = matching.model(uow).limits
        after = keep(matching, uow, before, clocks.extension_granted(before, limits, uow.at))
        due, granted = after.finish_due_at or uow.at, after.extensions[-1]
        fact = facts.OrderExtensionGranted(
            **provider_fields(after),
            days=granted.days,
            reason=granted.reason,
            finish_due_at=due,
            finish_due_on=limits.day_of(due),
        )
        tell(matching, uow, after, fact)

    return step(matching, origin, order, decide)


def refuse_extension(matching: Matching, origin: Origin, order: OrderId, reason: str) -> Work[VersionedOrder]:
    """Do not allow it; the deadline stays."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        after = clocks.extension_refused(before, reason, uow.at)
        fact = facts.OrderExtensionRefused(**provider_fields(after), reason=reason)
        keep(matching, uow, before, after, fact)

    return step(matching, origin, order, decide)


# The community watches.


def supervise_order(matching: Matching, origin: Origin, order: OrderId, reason: str) -> Work[VersionedOrder]:
    """Watch over an order (督办), because staff say so."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        supervise(matching, uow, before, reason, STAFF)

    return step(matching, origin, order, decide)


# What happens when nobody acts.


def run_timer(matching: Matching, origin: Origin, order: OrderId) -> Work[TimerKind | None]:
    """Do what is due for an order at the moment of the decision; None when somebody was faster.

    Whoever decides first changes the order, and with it its next timer: a second replica that saw the
    same deadline pass is turned away by the order's revision, loads it again and finds nothing due.
    """
    ref = order_ref(origin.community, order)

    def decide(uow: UnitOfWork) -> TimerKind | None:
        before = uow.get(ref, NotYourOrder())
        timer = clocks.next_timer(before, matching.model(uow).limits)
        if timer is None or timer.at > uow.at:
            _look_again_later(matching, uow, before)
            return None
        _acts(matching)[timer.kind](uow, before)
        return timer.kind

    return Work(origin, matching.reads(origin, order), decide)


def _look_again_later(matching: Matching, uow: UnitOfWork, order: Order) -> None:
    """The community changed its deadlines since the order was kept: it has another timer now."""
    if order.timer_at is not None and order.timer_at <= uow.at:
        keep(matching, uow, order, order)


def _acts(matching: Matching) -> dict[TimerKind, Callable[[UnitOfWork, Order], None]]:
    return {
        TimerKind.SIGN: partial(_not_signed, matching),
        TimerKind.HANDOVER: partial(_handover_lapses, matching),
        TimerKind.ANSWER: partial(_resident_did_not_answer, matching),
        TimerKind.OVERDUE: partial(_overdue, matching),
        TimerKind.SUPERVISE: partial(_long_overdue, matching),
    }


def _not_signed(matching: Matching, uow: UnitOfWork, before: Order) -> None:
    """Nobody took it in time: the next candidate, then staff, then the supervisor."""
    if before.status in UNPLACED:
        _raise(matching, uow, before, "一直没有派给承办单位", None)
        return
    missed = provider_ref(provider_of(before))
    due = before.sign_due_at or uow.at
    fact = facts.OrderUnsigned(**order_fields(before), provider=missed, due_at=due, escalated=True)
    after = keep(matching, uow, before, before.unsigned_in_time(), fact)
    because = f"{missed.name}未在时限内签收"
    if before.level is Level.CANDIDATE and ask_next(matching, uow, after, because):
        return
    escalated = before.level is not Level.SUPERVISOR
    if escalated:
        after = _raise(matching, uow, after, because, missed)
    propose(matching, uow, after, because, escalated=escalated)


def _raise(
    matching: Matching, uow: UnitOfWork, before: Order, because: str, missed: ProviderRef | None
) -> Order:
    after = keep(matching, uow, before, clocks.raised(before))
    at_the_top = after.level is Level.SUPERVISOR
    level = facts.SUPERVISOR if at_the_top else facts.STAFF
    words = notice_fields(matching, uow, after)
    words.pop("finish_due_on")
    fact = facts.OrderEscalated(**order_fields(after), level=level, provider=missed, because=because, **words)
    tell(matching, uow, after, fact)
    if at_the_top and after.supervised is None:
        return supervise(matching, uow, after, because, CLOCK)
    return after


def _handover_lapses(matching: Matching, uow: UnitOfWork, before: Order) -> None:
    """The one who was asked to take over says nothing: the one who asked stays answerable."""
    offer = before.handover
    assert offer is not None, "only an offer has this timer"
    fact = facts.OrderHandoverLapsed(**provider_fields(before), receiver=provider_ref(offer.receiver))
    keep(matching, uow, before, before.not_taken_over(OrderStep.LAPSE_HANDOVER), fact)


def _resident_did_not_answer(matching: Matching, uow: UnitOfWork, before: Order) -> None:
    _go_on(matching, uow, before, "", "居民未在时限内补充，按现有情况办理")


def _overdue(matching: Matching, uow: UnitOfWork, before: Order) -> None:
    """The deadline has passed: staff, provider and resident are told, once (催办)."""
    due = before.finish_due_at or uow.at
    provider = provider_ref(before.provider) if before.provider else None
    due_on = matching.model(uow).limits.day_of(due)
    fact = facts.OrderOverdue(**order_fields(before), provider=provider, due_at=due, due_on=due_on)
    keep(matching, uow, before, replace(before, overdue_told_at=uow.at), fact)


def _long_overdue(matching: Matching, uow: UnitOfWork, before: Order) -> None:
    days = matching.model(uow).limits.supervise_days
    supervise(matching, uow, before, f"超过办理期限 {days} 个工作日仍未办结", CLOCK)
