"""Who may do what to an order: the provider that has it, the one who was asked to take over, staff."""

from services.chassis.work import Origin
from services.contracts.community_file import COMMUNITY_SELF
from services.contracts.words import Role
from services.matching.domain.orders import Order
from services.matching.domain.parts import Who
from services.matching.domain.refusals import NotTheReceiver, NotYourOrder

_PROVIDER_ROLES = {Role.UNIT: "unit", Role.PARTNER: "partner"}


def acts_for(origin: Origin, who: Who | None) -> bool:
    """Return whether the one who asks speaks for a provider: itself, or staff for the community."""
    if who is None:
        return False
    if who.id == COMMUNITY_SELF:
        return origin.actor.role is Role.STAFF
    return _PROVIDER_ROLES.get(origin.actor.role) == who.kind and origin.actor.subject == who.id


def must_be_theirs(origin: Origin, order: Order) -> None:
    """Make sure that the one who asks has the order.

    Raises:
        NotYourOrder: somebody else has it.
    """
    if not acts_for(origin, order.provider):
        raise NotYourOrder


def must_be_receiver(origin: Origin, order: Order) -> Who:
    """Return the one who was asked to take over, who is the one who asks.

    Raises:
        NotTheReceiver: the one who asks has the order itself.
        NotYourOrder: it is neither.
    """
    receiver = order.handover.receiver if order.handover else None
    if receiver is not None and acts_for(origin, receiver):
        return receiver
    if acts_for(origin, order.provider):
        raise NotTheReceiver
    raise NotYourOrder
