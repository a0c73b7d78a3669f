"""The provider answers: it accepts, declines, or asks another to take over."""

from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts import orders as facts
from services.contracts.ids import OrderId
from services.matching.domain.orders import Order
from services.matching.handlers.context import Matching
from services.matching.handlers.facts import provider_fields, provider_of
from services.matching.handlers.keeping import VersionedOrder, keep, step, workload_of
from services.matching.handlers.rights import must_be_receiver, must_be_theirs
from services.matching.handlers.sending import ask_next, propose, supervise_if_due
from services.matching.views.messages import provider_ref

NOBODY_ELSE = "请工作人员确定由谁来办"


def accept_order(matching: Matching, origin: Origin, order: OrderId) -> Work[VersionedOrder]:
    """Take the order (接单)."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        must_be_theirs(origin, before)
        after = before.accepted(uow.at)
        keep(matching, uow, before, after, facts.OrderAccepted(**provider_fields(after)))

    return step(matching, origin, order, decide)


def decline_order(matching: Matching, origin: Origin, order: OrderId, reason: str) -> Work[VersionedOrder]:
    """Decline it (退单): it goes on by itself where the router is sure of the next, and else to staff."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        must_be_theirs(origin, before)
        fact = facts.OrderDeclined(**provider_fields(before), reason=reason)
        after = keep(matching, uow, before, before.after_decline(), fact)
        if not ask_next(matching, uow, after, "上一家退单"):
            propose(matching, uow, after, f"{provider_of(before).name}退单，{NOBODY_ELSE}")

    return step(matching, origin, order, decide)


def offer_handover(
    matching: Matching, origin: Origin, order: OrderId, receiver: str, reason: str
) -> Work[VersionedOrder]:
    """Ask another provider to take over (转办); until it consents nothing changes hands."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        must_be_theirs(origin, before)
        model = matching.model(uow)
        workload_of(uow).must_have_room(receiver, model.capacity_of(receiver, uow.at))
        after = before.offered(model.who(receiver), reason, uow.at)
        to = provider_ref(model.who(receiver))
        fact = facts.OrderHandoverOffered(**provider_fields(before), receiver=to, reason=reason)
        keep(matching, uow, before, after, fact)

    return step(matching, origin, order, decide)


def consent_to_handover(matching: Matching, origin: Origin, order: OrderId) -> Work[VersionedOrder]:
    """Take over: from now on the receiver is answerable."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        receiver = must_be_receiver(origin, before)
        after = before.taken_over()
        model = matching.model(uow)
        workload_of(uow).must_have_room(receiver.id, model.capacity_of(receiver.id, uow.at))
        giver = provider_ref(provider_of(before))
        withheld = after.heard.withholds_from(receiver.id, receiver.kind)
        fact = facts.OrderHandedOver(**provider_fields(after), giver=giver, withheld=withheld)
        supervise_if_due(matching, uow, keep(matching, uow, before, after, fact))

    return step(matching, origin, order, decide)


def refuse_handover(matching: Matching, origin: Origin, order: OrderId, reason: str) -> Work[VersionedOrder]:
    """Do not take over; the one who asked stays answerable and may ask somebody else."""

    def decide(uow: UnitOfWork, before: Order) -> None:
        receiver = must_be_receiver(origin, before)
        fact = facts.OrderHandoverRefused(
            **provider_fields(before), receiver=provider_ref(receiver), reason=reason
        )
        keep(matching, uow, before, before.not_taken_over(), fact)

    return step(matching, origin, order, decide)
