"""The community looks, the resident says, and the order comes to its end."""

from services.chassis.desk import Desk, Origin, Work
from services.contracts import orders as facts
from services.matching import spoken
from services.matching.domain.lifecycle import OVER, RATEABLE
from services.matching.domain.order import Order
from services.matching.domain.refusals import NotYourOrder
from services.matching.handlers.steps import KeptOrder, Steps, about, of_provider
from services.matching.store import order_ref


class Closing(Steps):
    """From a report that it is done to its settlement, or to giving it up."""

    __slots__ = ()

    def verify_order(self, origin: Origin, order: str, expected: int | None) -> Work[KeptOrder]:
        """Find it done; with a good rating there already, it is settled."""

        def decide(desk: Desk, before: Order) -> None:
            after = before.verified()
            self.keep(desk, before, after, facts.OrderVerified(**of_provider(after)))
            self._settle_if_due(desk, after)

        return self.step(origin, order, expected, decide)

    def return_order(self, origin: Origin, order: str, reason: str, expected: int | None) -> Work[KeptOrder]:
        """Have it done again by the same provider (发回重办)."""

        def decide(desk: Desk, before: Order) -> None:
            after = self.keep(desk, before, before.sent_back())
            fact = facts.OrderReturned(
                **of_provider(after),
                reason=reason,
                times=after.returned,
                finish_due_at=after.finish_due_at,
            )
            self.tell(desk, after, fact)
            self.supervise_if_due(desk, after)

        return self.step(origin, order, expected, decide)

    def note_good_rating(self, origin: Origin, order: str) -> Work[KeptOrder]:
        """Note that the resident is content; a verified order is settled."""

        def decide(desk: Desk, before: Order) -> None:
            self._rated_well(desk, before)
            for companion in self._companions(desk, before):
                if companion.status in RATEABLE:
                    self._rated_well(desk, companion)

        return self.step(origin, order, None, decide, with_companions=True)

    def _rated_well(self, desk: Desk, before: Order) -> None:
        self._settle_if_due(desk, self.keep(desk, before, before.rated_well()))

    def _companions(self, desk: Desk, lead: Order) -> list[Order]:
        refs = (order_ref(desk.origin.community, entry.order) for entry in lead.called)
        return [desk.get(ref, NotYourOrder()) for ref in refs]

    def _settle_if_due(self, desk: Desk, order: Order) -> None:
        if not order.can_settle:
            return
        after = order.settled()
        served_at = after.served_at or desk.at
        fact = facts.OrderSettled(**of_provider(after), category=after.category, served_at=served_at)
        self.keep(desk, order, after, fact)

    def leave_unrated(self, origin: Origin, order: str) -> Work[KeptOrder]:
        """End what is done and never rated (未评价); it earns nothing and speaks for and against nobody."""

        def decide(desk: Desk, before: Order) -> None:
            for one in (before, *self._companions(desk, before)):
                if one.status in RATEABLE:
                    after = self.keep(desk, one, one.left_unrated())
                    self.tell(desk, after, facts.OrderLeftUnrated(**of_provider(after)))

        return self.step(origin, order, None, decide, with_companions=True)

    def urge_order(self, origin: Origin, order: str, note: str) -> Work[KeptOrder]:
        """Remind whoever has it (催办)."""

        def decide(desk: Desk, before: Order) -> None:
            after = before.urged_again()
            provider = spoken.provider_ref(after.provider) if after.provider else None
            fact = facts.OrderUrged(**about(after), provider=provider, note=note, times=after.urged)
            self.keep(desk, before, after, fact)

        return self.step(origin, order, None, decide)

    def cancel_order(
        self, origin: Origin, order: str, reason: str, expected: int | None, *, by_demand: bool = False
    ) -> Work[KeptOrder]:
        """Give it up: nobody has to do it any more. `by_demand`: the demand itself ended it."""

        def decide(desk: Desk, before: Order) -> None:
            self._cancel(desk, before, reason, by_demand=by_demand)
            for companion in self._companions(desk, before):
                if companion.status not in OVER:
                    self._cancel(desk, companion, reason, by_demand=True)

        return self.step(origin, order, expected, decide, with_companions=True)

    def _cancel(self, desk: Desk, before: Order, reason: str, *, by_demand: bool) -> None:
        after = before.cancelled(reason)
        provider = spoken.provider_ref(before.provider) if before.provider else None
        fact = facts.OrderCancelled(**about(after), provider=provider, reason=reason, by_demand=by_demand)
        self.keep(desk, before, after, fact)
