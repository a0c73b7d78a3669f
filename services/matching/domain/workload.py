"""What a community's orders add up to: places taken by provider, how each did so far, lessons taught."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zlib import crc32

from services.contracts.ids import OrderId
from services.contracts.values import replace
from services.matching.domain.lifecycle import OPEN
from services.matching.domain.orders import Order
from services.matching.domain.record import Record, record_after
from services.matching.domain.refusals import ProviderFull


@dataclass(frozen=True, slots=True)
class Workload:
    """How things stand among the orders of one community.

    Arguments:
        open: open orders by provider, one place each, never more than there are.
        records: by provider, how it did so far.
        lessons: how many lessons were taught or taken back; the version of its experience.
        seats: by provider, which of its places are taken, as bits of a number: the first place is bit 0.
        seatless: by provider, open orders without a numbered place, as earlier releases kept them.
        freed: by provider, places freed by decisions that are not written yet. Nobody takes them before: of
            two orders with one place the database would refuse the one it is given first.
    """

    open: dict[str, int] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    lessons: int = 0
    seats: dict[str, int] = field(default_factory=dict)
    seatless: dict[str, int] = field(default_factory=dict)
    freed: dict[str, int] = field(default_factory=dict)

    @property
    def taken(self) -> Mapping[str, int]:
        """Return by provider how many places cannot be given away now."""
        if not self.freed:
            return self.open
        return {name: self.open.get(name, 0) + self.freed.get(name, 0) for name in {*self.open, *self.freed}}

    def moved(self, before: Order | None, after: Order) -> "Workload":
        """Return the load after an order changed: a place freed where it was, one taken where it is."""
        held, holds = holder_of(before), holder_of(after)
        if held == holds:
            return self
        count, seats, freed = dict(self.open), self.seats, self.freed
        if held is not None:
            count[held] = max(0, count.get(held, 0) - 1)
            freed = {**freed, held: freed.get(held, 0) + 1}
        if holds is not None:
            count[holds] = count.get(holds, 0) + 1
            if after.seat is not None:
                seats = {**seats, holds: seats.get(holds, 0) | 1 << after.seat}
        taken = {provider: n for provider, n in count.items() if n > 0}
        return replace(self, open=taken, seats=seats, freed=freed)

    def seated(self, before: Order | None, after: Order, capacity: int | None) -> Order:
        """Return the order with the number of the place it takes, or with none when it takes none.

        No two open orders of a provider have the same number, by an index of the database: that, and not
        this count, is what keeps two writers from giving the same place away.

        Arguments:
            capacity: of the one who has the order now; None where places are not counted.
        """
        holds = holder_of(after)
        if holds is None or capacity is None:
            return replace(after, seat=None) if after.seat is not None else after
        if holder_of(before) == holds:
            return after
        return replace(after, seat=self._free_seat(holds, capacity, after.id))

    def _free_seat(self, provider: str, capacity: int, order: OrderId) -> int:
        """Return the number of a free place; writers who do not know of each other rarely mean the same.

        As many of the first numbers as there are orders without one stay empty, so that both together are
        never more than the capacity. An order that comes back to its provider when all is full has a number
        beyond.
        """
        taken, kept_empty = self.seats.get(provider, 0), self.seatless.get(provider, 0)
        free = ~taken & (1 << capacity) - 1 & ~((1 << kept_empty) - 1)
        if not free:
            beyond = ~taken >> capacity
            return capacity + _lowest(beyond)
        start = crc32(order.encode()) % capacity
        return start + _lowest(free >> start) if free >> start else _lowest(free)

    def must_have_room(self, provider: str, capacity: int) -> None:
        """Make sure that the provider can carry one more.

        Raises:
            ProviderFull: it cannot.
        """
        if self.taken.get(provider, 0) >= capacity:
            raise ProviderFull(provider=provider, capacity=capacity)


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over steps of orders; those of a community are kept in several parts that are added up.

    Arguments:
        open: open orders by provider as an earlier release counted them; not used.
        records: by provider, what the steps add to its record.
        lessons: how many lessons were taught or taken back.
    """

    open: dict[str, int] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    lessons: int = 0

    def recorded(self, before: Order | None, after: Order) -> "Tally":
        """Return the sums with what a change of an order adds to a provider's record."""
        added = dict(record_after(self.records, before, after))
        return replace(self, records={**self.records, **added}) if added else self

    def taught(self) -> "Tally":
        """Return the sums with one lesson more."""
        return replace(self, lessons=self.lessons + 1)


def holder_of(order: Order | None) -> str | None:
    """Return the provider whose place an order takes, if it takes one."""
    if order is None or order.provider is None or order.status not in OPEN:
        return None
    return order.provider.id


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1
