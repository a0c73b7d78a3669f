"""How a provider did so far: how often and how soon it accepted, and how content people were."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.contracts.values import replace
from services.matching.domain.lifecycle import UNPLACED, OrderStatus
from services.matching.domain.orders import Order

BELIEVED_RATE = 0.75
"""What is believed of somebody of whom nothing is known."""
BELIEVED_ORDERS = 4
"""As if this many orders had gone that way: a first bad one does not ruin anybody."""
PROMPT_HOURS_HALF = 8.0


@dataclass(frozen=True, slots=True)
class Record:
    """Sums over all orders of one provider.

    Arguments:
        offered: orders it was sent.
        accepted, declined: its answers.
        accept_seconds: time to accept, summed.
        good, bad: how residents rated what it completed.
    """

    offered: int = 0
    accepted: int = 0
    declined: int = 0
    accept_seconds: float = 0.0
    good: int = 0
    bad: int = 0

    def was_offered(self) -> "Record":
        """Return the record with one order more sent to it."""
        return replace(self, offered=self.offered + 1)

    def did_accept(self, seconds: float) -> "Record":
        """Return the record with an order accepted `seconds` after it was sent."""
        return replace(
            self, accepted=self.accepted + 1, accept_seconds=self.accept_seconds + max(0.0, seconds)
        )

    def did_decline(self) -> "Record":
        """Return the record with an order declined, or not answered in time."""
        return replace(self, declined=self.declined + 1)

    def was_rated(self, *, good: bool) -> "Record":
        """Return the record with a resident's word on what it completed."""
        return replace(self, good=self.good + good, bad=self.bad + (not good))

    def plus(self, other: "Record", times: int = 1) -> "Record":
        """Return the sums of both; `times` -1 takes the other's away."""
        return Record(
            self.offered + times * other.offered,
            self.accepted + times * other.accepted,
            self.declined + times * other.declined,
            self.accept_seconds + times * other.accept_seconds,
            self.good + times * other.good,
            self.bad + times * other.bad,
        )

    @property
    def accept_rate(self) -> float:
        """Return the share of answered orders it accepted, starting from what is believed."""
        return _believed(self.accepted, self.accepted + self.declined)

    @property
    def satisfaction(self) -> float:
        """Return the share of good ratings, starting from what is believed."""
        return _believed(self.good, self.good + self.bad)

    @property
    def accept_hours(self) -> float:
        """Return the mean time to accept."""
        return self.accept_seconds / 3600 / self.accepted if self.accepted else 0.0

    @property
    def quality(self) -> float:
        """Return all three in one figure (0..1)."""
        prompt = 1 / (1 + self.accept_hours / PROMPT_HOURS_HALF)
        return (self.accept_rate + self.satisfaction + prompt) / 3

    @property
    def in_words(self) -> str:
        """Return it for staff."""
        answered = self.accepted + self.declined
        if not answered:
            return "还没有接单记录"
        return (
            f"接单 {self.accepted}/{answered}，平均 {self.accept_hours:.1f} 小时接单，"
            f"好评 {self.good}/{self.good + self.bad}"
        )


NO_RECORD = Record()


def _believed(good: int, of: int) -> float:
    return (good + BELIEVED_RATE * BELIEVED_ORDERS) / (of + BELIEVED_ORDERS)


def record_after(
    records: Mapping[str, Record], before: Order | None, after: Order
) -> Iterator[tuple[str, Record]]:
    """Yield the provider whose record a change of an order adds to, with the record after it."""
    if before is None:
        return
    was, now = before.provider, after.provider
    if now is not None and after.status is OrderStatus.DISPATCHED and before.status in UNPLACED:
        yield now.id, records.get(now.id, NO_RECORD).was_offered()
    elif before.status is OrderStatus.DISPATCHED and was is not None:
        if after.status is OrderStatus.ACCEPTED and after.accepted_at and before.dispatched_at:
            # Not below nothing: the clock may have been put back between the two.
            seconds = max(0.0, (after.accepted_at - before.dispatched_at).total_seconds())
            yield was.id, records.get(was.id, NO_RECORD).did_accept(seconds)
        elif after.status is OrderStatus.PROPOSED:
            yield was.id, records.get(was.id, NO_RECORD).did_decline()
    elif now is not None and after.well_rated and not before.well_rated:
        yield now.id, records.get(now.id, NO_RECORD).was_rated(good=True)
    elif now is not None and after.returned > before.returned:
        yield now.id, records.get(now.id, NO_RECORD).was_rated(good=False)
