"""The provider answers: it accepts, declines, or asks another to take over."""

from services.chassis.desk import Desk, Origin, Work
from services.contracts import orders as facts
from services.matching import spoken
from services.matching.domain.order import Order
from services.matching.handlers.steps import (
    KeptOrder,
    Steps,
    load_of,
    must_be_receiver,
    must_be_theirs,
    of_provider,
    provider_of,
)

NOBODY_ELSE = "请工作人员确定由谁来办"


class Answering(Steps):
    """What a provider says to an order."""

    __slots__ = ()

    def accept_order(self, origin: Origin, order: str, expected: int | None) -> Work[KeptOrder]:
        """Take the order (接单)."""

        def decide(desk: Desk, before: Order) -> None:
            must_be_theirs(origin, before)
            after = before.accepted(desk.at)
            self.keep(desk, before, after, facts.OrderAccepted(**of_provider(after)))

        return self.step(origin, order, expected, decide)

    def decline_order(self, origin: Origin, order: str, reason: str, expected: int | None) -> Work[KeptOrder]:
        """Decline it (退单): it goes on by itself where the router is sure of the next, and else to staff."""

        def decide(desk: Desk, before: Order) -> None:
            must_be_theirs(origin, before)
            fact = facts.OrderDeclined(**of_provider(before), reason=reason)
            after = self.keep(desk, before, before.refused(), fact)
            if not self.ask_next(desk, after, "上一家退单"):
                self.propose(desk, after, f"{provider_of(before).name}退单，{NOBODY_ELSE}")

        return self.step(origin, order, expected, decide)

    def offer_handover(
        self, origin: Origin, order: str, receiver: str, reason: str, expected: int | None
    ) -> Work[KeptOrder]:
        """Ask another provider to take over (转办); until it consents nothing changes hands."""

        def decide(desk: Desk, before: Order) -> None:
            must_be_theirs(origin, before)
            guide = self.guide(desk)
            load_of(desk).must_have_room(receiver, guide.capacity_of(receiver, desk.at))
            after = before.offered(guide.who(receiver), reason, desk.at)
            to = spoken.provider_ref(guide.who(receiver))
            fact = facts.OrderHandoverOffered(**of_provider(before), receiver=to, reason=reason)
            self.keep(desk, before, after, fact)

        return self.step(origin, order, expected, decide)

    def consent_to_handover(self, origin: Origin, order: str, expected: int | None) -> Work[KeptOrder]:
        """Take over: from now on the receiver is answerable."""

        def decide(desk: Desk, before: Order) -> None:
            receiver = must_be_receiver(origin, before)
            after = before.taken_over()
            guide = self.guide(desk)
            load_of(desk).must_have_room(receiver.id, guide.capacity_of(receiver.id, desk.at))
            giver = spoken.provider_ref(provider_of(before))
            withheld = after.heard.withholds_from(receiver.id, receiver.kind)
            fact = facts.OrderHandedOver(**of_provider(after), giver=giver, withheld=withheld)
            self.supervise_if_due(desk, self.keep(desk, before, after, fact))

        return self.step(origin, order, expected, decide)

    def refuse_handover(
        self, origin: Origin, order: str, reason: str, expected: int | None
    ) -> Work[KeptOrder]:
        """Do not take over; the one who asked stays answerable and may ask somebody else."""

        def decide(desk: Desk, before: Order) -> None:
            receiver = must_be_receiver(origin, before)
            fact = facts.OrderHandoverRefused(
                **of_provider(before), receiver=spoken.provider_ref(receiver), reason=reason
            )
            self.keep(desk, before, before.not_taken_over(), fact)

        return self.step(origin, order, expected, decide)
