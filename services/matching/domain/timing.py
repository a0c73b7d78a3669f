"""An order's clocks: what a change sets going, what is due next, and what may be asked of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.contracts.values import replace
from services.matching.domain.deadlines import (
    EXTENSIONS_MAX,
    QUESTIONS_MAX,
    Extension,
    Level,
    Limits,
    Pause,
    Supervision,
)
from services.matching.domain.lifecycle import UNDONE, UNPLACED, OrderStatus, OrderStep
from services.matching.domain.orders import Order
from services.matching.domain.refusals import (
    AlreadySupervised,
    AlreadyWaiting,
    DeadlinePassed,
    ExtensionPending,
    ExtensionTooLong,
    NobodyWaits,
    NoExtensionAsked,
    TooManyExtensions,
    TooManyQuestions,
)

S = OrderStatus


class TimerKind(StrEnum):
    """What is due. When several are due at once, the first of these goes first."""

    SIGN = "sign"
    HANDOVER = "handover"
    ANSWER = "answer"
    OVERDUE = "overdue"
    SUPERVISE = "supervise"


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that happens by itself at a moment, unless somebody acts before."""

    kind: TimerKind
    at: datetime


# What a change sets going.


def timed(before: Order | None, after: Order, limits: Limits, at: datetime) -> Order:
    """Return a changed order with its clocks as they stand now.

    The sign clock is wound when the order comes to other hands, and by nothing else: an edit, an urge or
    a note leaves it running. The finish clock stands while the work lies with somebody else: the resident
    who was asked, or the community that looks whether it is done.
    """
    timed_order = _sign_clock(before, after, limits, at)
    timed_order = _handover_clock(timed_order, limits, at)
    timed_order = _finish_clock(before, timed_order, limits, at)
    due = next_timer(timed_order, limits)
    return replace(timed_order, timer_at=due.at if due else None)


def _sign_clock(before: Order | None, after: Order, limits: Limits, at: datetime) -> Order:
    if before is not None and _in_whose_hands(before) == _in_whose_hands(after):
        return after
    due: datetime | None = None
    if after.status is S.DISPATCHED or (after.status in UNPLACED and after.level is Level.CANDIDATE):
        due = limits.sign_due(at, urgent=after.urgent)
    elif after.status in UNPLACED and after.level is Level.STAFF:
        due = limits.staff_due(at, urgent=after.urgent)
    return replace(after, sign_due_at=due)


def _in_whose_hands(order: Order) -> tuple[str, str, str]:
    """Who has to answer: a provider, the staff of one level, or nobody any more."""
    if order.status in UNPLACED:
        return S.PROPOSED, order.level, ""
    provider = order.provider.id if order.provider else ""
    return order.status, "", provider if order.status is S.DISPATCHED else ""


def _handover_clock(order: Order, limits: Limits, at: datetime) -> Order:
    offer = order.handover
    if offer is None or offer.due_at is not None:
        return order
    due = limits.sign_due(at, urgent=order.urgent)
    return replace(order, handover=replace(offer, due_at=due))


def _finish_clock(before: Order | None, after: Order, limits: Limits, at: datetime) -> Order:
    if before is not None and before.completed_at is not None and after.status is S.IN_PROGRESS:
        return _moved(after, before.completed_at, at, limits)
    if open_pause(after) is not None and (after.status not in UNDONE or after.provider is None):
        return _pause_ended(after, "", at, limits)
    return after


def _moved(order: Order, since: datetime, until: datetime, limits: Limits) -> Order:
    if order.finish_due_at is None:
        return order
    due = limits.moved(order.finish_due_at, since, until, urgent=order.urgent)
    return replace(order, finish_due_at=due)


# What is due.


def next_timer(order: Order, limits: Limits) -> Timer | None:
    """Return what happens next by itself, or None when nothing will."""
    return min(_timers(order, limits), key=lambda timer: timer.at, default=None)


def _timers(order: Order, limits: Limits) -> Iterator[Timer]:
    if order.sign_due_at is not None:
        yield Timer(TimerKind.SIGN, order.sign_due_at)
    if order.handover is not None and order.handover.due_at is not None:
        yield Timer(TimerKind.HANDOVER, order.handover.due_at)
    pause = open_pause(order)
    if pause is not None:
        yield Timer(TimerKind.ANSWER, pause.until)
    elif order.finish_due_at is not None and order.status in UNDONE:
        if order.overdue_told_at is None:
            yield Timer(TimerKind.OVERDUE, limits.notice_at(order.finish_due_at))
        elif order.supervised is None:
            yield Timer(TimerKind.SUPERVISE, limits.supervision_at(order.finish_due_at))


def open_pause(order: Order) -> Pause | None:
    """Return the pause that the order's finish clock is in, if it is in one."""
    last = order.pauses[-1] if order.pauses else None
    return last if last is not None and last.ended_at is None else None


def finish_due(order: Order, limits: Limits, at: datetime) -> datetime | None:
    """Return the deadline as it stands at `at`, with a pause that still lasts counted in."""
    pause = open_pause(order)
    return (_moved(order, pause.asked_at, at, limits) if pause else order).finish_due_at


def is_overdue(order: Order, at: datetime) -> bool:
    """Return whether the deadline has passed while the clock was running."""
    due = order.finish_due_at
    return due is not None and due < at and order.status in UNDONE and open_pause(order) is None


def raised(order: Order) -> Order:
    """Return the order one level up: from candidates to staff, from staff to the supervisor."""
    return replace(order, level=Level.STAFF if order.level is Level.CANDIDATE else Level.SUPERVISOR)


# The resident is waited for.


def asked_resident(order: Order, question: str, limits: Limits, at: datetime) -> Order:
    """Return the order with its finish clock standing until the resident answers.

    Raises:
        AlreadyWaiting: a question is open.
        TooManyQuestions: enough is enough.
    """
    after = order.after_step(OrderStep.ASK_RESIDENT)
    if open_pause(order) is not None:
        raise AlreadyWaiting
    if len(order.pauses) >= QUESTIONS_MAX:
        raise TooManyQuestions(most=QUESTIONS_MAX)
    return replace(after, pauses=(*order.pauses, Pause(at, question, limits.answer_due(at))))


def answered(order: Order, answer: str, limits: Limits, at: datetime) -> Order:
    """Return the order going on; an answer after the waiting had ended is kept, and moves no clock.

    Raises:
        NobodyWaits: the resident was never asked.
    """
    after = order.after_step(OrderStep.GO_ON)
    if not order.pauses:
        raise NobodyWaits
    return _pause_ended(after, answer, at, limits)


def _pause_ended(order: Order, answer: str, at: datetime, limits: Limits) -> Order:
    *earlier, last = order.pauses
    if last.ended_at is not None:
        return replace(order, pauses=(*earlier, replace(last, answer=answer)))
    ended = replace(order, pauses=(*earlier, replace(last, ended_at=at, answer=answer)))
    return _moved(ended, last.asked_at, at, limits)


# More time.


def extension_requested(order: Order, days: int, reason: str, limits: Limits, at: datetime) -> Order:
    """Return the order with a request for working days more.

    Raises:
        DeadlinePassed: it comes too late.
        ExtensionPending: the last request has no answer yet.
        ExtensionTooLong, TooManyExtensions
    """
    after = order.after_step(OrderStep.REQUEST_EXTENSION)
    due = finish_due(order, limits, at)
    if due is None or at > due:
        raise DeadlinePassed(due_at=due)
    if pending_extension(order) is not None:
        raise ExtensionPending
    if days > limits.extension_days:
        raise ExtensionTooLong(most=limits.extension_days)
    if len(order.extensions) >= EXTENSIONS_MAX:
        raise TooManyExtensions(most=EXTENSIONS_MAX)
    return replace(after, extensions=(*order.extensions, Extension(days, reason, at)))


def pending_extension(order: Order) -> Extension | None:
    """Return the request that staff have not decided on, if there is one."""
    last = order.extensions[-1] if order.extensions else None
    return last if last is not None and last.granted is None else None


def extension_granted(order: Order, limits: Limits, at: datetime) -> Order:
    """Return the order with its deadline later by the days that were asked for.

    Raises:
        NoExtensionAsked: nothing to decide.
    """
    after = order.after_step(OrderStep.GRANT_EXTENSION)
    decided = replace(_asked_extension(order), granted=True, decided_at=at)
    due = limits.extended(order.finish_due_at, decided.days) if order.finish_due_at else None
    return replace(after, extensions=(*order.extensions[:-1], decided), finish_due_at=due)


def extension_refused(order: Order, because: str, at: datetime) -> Order:
    """Return the order with its deadline where it was.

    Raises:
        NoExtensionAsked: nothing to decide.
    """
    after = order.after_step(OrderStep.REFUSE_EXTENSION)
    decided = replace(_asked_extension(order), granted=False, decided_at=at, because=because)
    return replace(after, extensions=(*order.extensions[:-1], decided))


def _asked_extension(order: Order) -> Extension:
    pending = pending_extension(order)
    if pending is None:
        raise NoExtensionAsked
    return pending


# The community watches.


def supervised(order: Order, reason: str, by: str, at: datetime) -> Order:
    """Return the order under supervision (督办).

    Raises:
        AlreadySupervised: it is.
    """
    after = order.after_step(OrderStep.SUPERVISE)
    if order.supervised is not None:
        raise AlreadySupervised(since=order.supervised.since)
    return replace(after, supervised=Supervision(reason, at, by))


def reason_to_supervise(order: Order, limits: Limits) -> str | None:
    """Return why an order has to be supervised at once, if it has to and is not yet (问题工单)."""
    if order.supervised is not None or order.status not in UNDONE:
        return None
    if order.returned >= limits.returns:
        return f"已发回重办 {order.returned} 次"
    if order.handed_over >= limits.handovers:
        return f"已转办 {order.handed_over} 次"
    return None
