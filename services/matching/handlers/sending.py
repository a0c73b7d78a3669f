"""An order goes to somebody: proposed to staff, dispatched, passed to the next, put under supervision."""

from typing import Literal

from services.chassis.work import UnitOfWork
from services.contracts import orders as facts
from services.contracts.values import replace
from services.matching.domain.caution import danger_name
from services.matching.domain.orders import Order
from services.matching.domain.parts import Who
from services.matching.domain.timing import reason_to_supervise, supervised
from services.matching.handlers.context import Matching
from services.matching.handlers.facts import notice_fields, order_fields, provider_fields
from services.matching.handlers.keeping import keep, matter_of, tell, workload_of
from services.matching.views.messages import candidate_ref, provider_ref

ROUTER = "router"
STAFF: Literal["staff"] = "staff"
CLOCK: Literal["clock"] = "clock"


def propose(
    matching: Matching, uow: UnitOfWork, order: Order, because: str | None = None, *, escalated: bool = False
) -> None:
    """Tell staff that they have to choose.

    Arguments:
        because: in place of the order's own reason.
        escalated: they have just been told so otherwise.
    """
    words = notice_fields(matching, uow, order)
    fact = facts.OrderProposed(
        **order_fields(order),
        category=order.category,
        confidence=order.confidence,
        candidates=tuple(candidate_ref(choice) for choice in order.next_choices()),
        because=because or order.because,
        finish_due_at=order.finish_due_at,
        escalated=escalated,
        **words,
    )
    tell(matching, uow, order, fact)


def send(
    matching: Matching, uow: UnitOfWork, before: Order, to: Who, *, chosen_by: str, because: str
) -> Order:
    """Dispatch a proposed order to a provider; returns it as that one finds it."""
    after = keep(matching, uow, before, before.dispatched_to(to, chosen_by, because, uow.at))
    heard = after.heard
    fact = facts.OrderDispatched(
        **provider_fields(after),
        category=after.category,
        confidence=after.confidence,
        chosen_by=chosen_by,
        because=because,
        sign_due_at=after.sign_due_at,
        finish_due_at=after.finish_due_at,
        withheld=heard.withholds_from(to.id, to.kind),
        soon=danger_name(heard.kind) if heard.danger == "soon" else "",
        **notice_fields(matching, uow, after, to_provider=True),
    )
    tell(matching, uow, after, fact)
    return after


def ask_next(matching: Matching, uow: UnitOfWork, order: Order, because: str) -> bool:
    """Dispatch to the next if the router is sure of it; else a person decides.

    Arguments:
        order: after the decline, so that it knows who need not be asked again.
        because: what became of the last.
    """
    if order.lead or order.held:
        return False
    model = matching.model(uow)
    load = workload_of(uow)
    ranking, held = model.cautious(matter_of(order), load, order.heard, uow.at, order.declined)
    if held or ranking.decision != "dispatch":
        return False
    ranked = replace(order, candidates=model.choices(ranking), basis=model.basis_of(ranking))
    first = ranked.candidates[0]
    reason = f"{because}，改由{first.provider.name}办理：{first.parts[0].because}"
    send(matching, uow, ranked, first.provider, chosen_by=ROUTER, because=reason)
    return True


def supervise_if_due(matching: Matching, uow: UnitOfWork, order: Order) -> Order:
    """Put the order under supervision when it came back or changed hands too often (问题工单)."""
    reason = reason_to_supervise(order, matching.model(uow).limits)
    return supervise(matching, uow, order, reason, CLOCK) if reason else order


def supervise(
    matching: Matching, uow: UnitOfWork, order: Order, reason: str, by: Literal["staff", "clock"]
) -> Order:
    """Put the order under supervision (督办).

    Raises:
        AlreadySupervised: it is.
    """
    after = supervised(order, reason, by, uow.at)
    provider = provider_ref(after.provider) if after.provider else None
    fact = facts.OrderSupervised(**order_fields(after), provider=provider, reason=reason, by=by)
    return keep(matching, uow, order, after, fact)
