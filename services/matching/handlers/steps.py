"""How every use case of matching is done: load, one step, keep, announce."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.chassis.desk import Desk, Origin, Work
from services.chassis.failures import NotYet
from services.chassis.shelf import Kept
from services.contracts import orders as facts
from services.contracts.community_file import COMMUNITY_SELF
from services.contracts.words import Message, Role
from services.matching import spoken
from services.matching.domain.load import Load
from services.matching.domain.order import Order, Who
from services.matching.domain.refusals import CannotReceive, NotTheReceiver, NotYourOrder
from services.matching.guides import Guide, Guides
from services.matching.store import catalogue_ref, load_ref, order_ref

KeptOrder = Kept[Order]
ROUTER = "router"
STAFF = "staff"
_PROVIDER_ROLES = {Role.UNIT: "unit", Role.PARTNER: "partner"}


@dataclass(frozen=True, slots=True)
class Steps:
    """What the use cases have in common.

    Arguments:
        guides: catalogues and rankers of the communities.
    """

    guides: Guides

    def step(
        self, origin: Origin, order: str, expected: int | None, step: Callable[[Desk, Order], None]
    ) -> Work[KeptOrder]:
        """Return the work of one step of an order; `step` decides and keeps."""
        ref = order_ref(origin.community, order)
        reads = (ref, load_ref(origin.community), catalogue_ref(origin.community))

        def decide(desk: Desk) -> KeptOrder:
            before = desk.get(ref, NotYourOrder())
            desk.expect(ref, expected)
            step(desk, before)
            return desk.kept(ref)

        return Work(origin, reads, decide)

    def keep(self, desk: Desk, before: Order, after: Order, fact: Message) -> None:
        """Keep the order and what it takes of its provider's capacity, and announce what happened."""
        ref = order_ref(desk.origin.community, after.id)
        desk.put(ref, after)
        load = load_of(desk)
        moved = load.moved(before, after)
        if moved is not load:
            desk.put(load_ref(desk.origin.community), moved)
        desk.announce(ref, fact)

    def guide(self, desk: Desk) -> Guide:
        """Return what is known of the community.

        Raises:
            NotYet: its file was never loaded.
        """
        guide = self.guides.find(desk, desk.origin.community)
        if guide is None:
            raise NotYet(f"no file of community {desk.origin.community} has been loaded")
        return guide

    def send(self, desk: Desk, before: Order, to: Who, chosen_by: str, because: str) -> None:
        """Dispatch a proposed order to a provider."""
        after = before.dispatched_to(to, chosen_by, desk.at)
        self.keep(
            desk,
            before,
            after,
            facts.OrderDispatched(
                **about(after),
                provider=spoken.provider_ref(to),
                category=after.category,
                confidence=after.confidence,
                chosen_by=chosen_by,
                because=because,
            ),
        )


def proposal(order: Order, because: str | None = None) -> facts.OrderProposed:
    """Return the fact that staff have to choose; `because` in place of the router's own reason."""
    return facts.OrderProposed(
        **about(order),
        category=order.category,
        confidence=order.confidence,
        candidates=tuple(spoken.candidate_ref(choice) for choice in order.next_choices()),
        because=because or order.because,
    )


def about(order: Order) -> dict[str, Any]:
    """Return the fields that every fact about an order has."""
    return {"order": order.id, "demand": order.demand, "asked_by": order.asked_by}


def of_provider(order: Order) -> dict[str, Any]:
    """Return the fields of a fact about an order and its provider."""
    return {**about(order), "provider": spoken.provider_ref(provider_of(order))}


def provider_of(order: Order) -> Who:
    """Return who has the order.

    Raises:
        CannotReceive: nobody has it.
    """
    if order.provider is None:
        raise CannotReceive
    return order.provider


def load_of(desk: Desk) -> Load:
    """Return what capacity is taken in the community."""
    return desk.find(load_ref(desk.origin.community)) or Load()


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
