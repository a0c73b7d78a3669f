"""What a community's orders add up to: places taken by provider, how each did so far, lessons taught."""

from dataclasses import dataclass, field, replace

from services.matching.domain.lifecycle import OPEN
from services.matching.domain.order import Order
from services.matching.domain.record import Record, record_after
from services.matching.domain.refusals import ProviderFull


@dataclass(frozen=True, slots=True)
class Load:
    """Sums over the orders of one community.

    Arguments:
        open: open orders by provider, one place each, never more than there are.
        records: by provider, how it did so far.
        lessons: how many lessons were taught or taken back; the version of its experience.
    """

    open: dict[str, int] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    lessons: int = 0

    def moved(self, before: Order | None, after: Order) -> "Load":
        """Return the load after an order changed: a place freed where it was, one taken where it is."""
        held = _holder(before) if before else None
        holds = _holder(after)
        load = self._recorded(before, after)
        if held == holds:
            return load
        count = dict(self.open)
        if held is not None:
            count[held] = max(0, count.get(held, 0) - 1)
        if holds is not None:
            count[holds] = count.get(holds, 0) + 1
        return replace(load, open={provider: n for provider, n in count.items() if n > 0})

    def _recorded(self, before: Order | None, after: Order) -> "Load":
        records = dict(self.records)
        for provider, record in record_after(self.records, before, after):
            records[provider] = record
        return replace(self, records=records) if records != self.records else self

    def taught(self) -> "Load":
        """Return the load with one lesson more."""
        return replace(self, lessons=self.lessons + 1)

    def must_have_room(self, provider: str, capacity: int) -> None:
        """Make sure that the provider can carry one more.

        Raises:
            ProviderFull: it cannot.
        """
        if self.open.get(provider, 0) >= capacity:
            raise ProviderFull(provider=provider, capacity=capacity)


def _holder(order: Order) -> str | None:
    return order.provider.id if order.provider is not None and order.status in OPEN else None
