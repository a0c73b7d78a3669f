"""What of each provider's capacity is taken: one place per open order, never more than there are."""

from dataclasses import dataclass, field

from services.matching.domain.lifecycle import OPEN
from services.matching.domain.order import Order
from services.matching.domain.refusals import ProviderFull


@dataclass(frozen=True, slots=True)
class Load:
    """Open orders by provider, of one community."""

    open: dict[str, int] = field(default_factory=dict)

    def moved(self, before: Order | None, after: Order) -> "Load":
        """Return the load after an order changed: a place freed where it was, one taken where it is."""
        held = _holder(before) if before else None
        holds = _holder(after)
        if held == holds:
            return self
        count = dict(self.open)
        if held is not None:
            count[held] = max(0, count.get(held, 0) - 1)
        if holds is not None:
            count[holds] = count.get(holds, 0) + 1
        return Load({provider: n for provider, n in count.items() if n > 0})

    def must_have_room(self, provider: str, capacity: int) -> None:
        """Make sure that the provider can carry one more.

        Raises:
            ProviderFull: it cannot.
        """
        if self.open.get(provider, 0) >= capacity:
            raise ProviderFull(provider=provider, capacity=capacity)


def _holder(order: Order) -> str | None:
    return order.provider.id if order.provider is not None and order.status in OPEN else None
