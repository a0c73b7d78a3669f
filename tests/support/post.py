"""Where what the services say goes in a town without a broker: by hand to the others, aside, or for later."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.chassis.outbox import OutboxRow, Parcel
from services.chassis.parking import Parked
from services.contracts.envelope import Envelope, open_parcel, read_envelope


@dataclass
class Post:
    """Takes what the services announce, and keeps a copy of all of it."""

    waiting: deque[Parcel] = field(default_factory=deque)
    sent: list[Parcel] = field(default_factory=list)

    def hand_over(self, outbox_rows: Sequence[OutboxRow]) -> None:
        """Take outbox rows that have been committed."""
        for outbox_row in outbox_rows:
            self.waiting.extend(outbox_row.parcels)
            self.sent.extend(outbox_row.parcels)

    def said(self, kind: str) -> list[Envelope]:
        """Return every envelope of a kind, in the order it was said."""
        letters = [read_envelope(raw) for parcel in self.sent for raw in open_parcel(parcel.body)]
        return [letter for letter in letters if letter.kind == kind]


@dataclass
class Parking:
    """Where messages go that need a person."""

    parked: list[Parked] = field(default_factory=list)

    async def park(self, messages: Sequence[Parked]) -> None:
        """Put some aside."""
        self.parked.extend(messages)


@dataclass
class Tiers:
    """Where messages go that are to be tried again."""

    later: list[tuple[str, float, bytes, Mapping[str, Any]]] = field(default_factory=list)

    async def publish_later(
        self, queue: str, seconds: float, body: bytes, headers: Mapping[str, Any]
    ) -> None:
        """Keep one for later."""
        self.later.append((queue, seconds, body, headers))
