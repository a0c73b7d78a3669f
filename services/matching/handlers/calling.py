"""Others are called to a matter (吹哨报到), by staff or by the one who leads."""

from collections.abc import Sequence

from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts import orders as facts
from services.contracts.ids import OrderId
from services.contracts.words import Role
from services.matching.domain.companions import Call, called
from services.matching.domain.orders import Order
from services.matching.domain.refusals import NotYourOrder
from services.matching.handlers.context import Matching
from services.matching.handlers.facts import provider_fields
from services.matching.handlers.keeping import VersionedOrder, keep, step, workload_of
from services.matching.handlers.rights import acts_for
from services.matching.handlers.sending import STAFF, send
from services.matching.views.messages import provider_ref

LEAD = "lead"


def call_provider(
    matching: Matching, origin: Origin, order: OrderId, provider: str, part: str
) -> Work[VersionedOrder]:
    """Call another provider to a part of the matter; it gets an order of its own, at once.

    Raises:
        NotYourOrder: neither staff nor the lead.
        CannotReceive, ProviderFull, StepNotAllowed, TooManyCompanions
    """

    def decide(uow: UnitOfWork, before: Order) -> None:
        by_staff = origin.actor.role is Role.STAFF
        if not by_staff and not acts_for(origin, before.provider):
            raise NotYourOrder
        call(matching, uow, before, provider, part, by=STAFF if by_staff else LEAD)

    return step(matching, origin, order, decide)


def call_all(matching: Matching, uow: UnitOfWork, lead: Order, calls: Sequence[tuple[str, str]]) -> None:
    """Call several, each (provider, part) to its part."""
    for provider, part in calls:
        lead = call(matching, uow, lead, provider, part, by=STAFF)


def call(matching: Matching, uow: UnitOfWork, lead: Order, provider: str, part: str, *, by: str) -> Order:
    """Call one more provider; returns the lead that knows of it."""
    model = matching.model(uow)
    workload_of(uow).must_have_room(provider, model.capacity_of(provider, uow.at))
    who = model.who(provider)
    knowing, companion = called(lead, Call(who, part))
    fact = facts.OrderCalled(
        **provider_fields(lead), companion=companion.id, to=provider_ref(who), called_to=part
    )
    knowing = keep(matching, uow, lead, knowing, fact)
    companion = keep(matching, uow, None, companion)
    leader = knowing.provider.name if knowing.provider else ""
    send(matching, uow, companion, who, chosen_by=by, because=f"由{leader}牵头，请一起办理其中的“{part}”")
    return knowing
