"""What time did to an order, told shortly."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.contracts import orders as facts
from services.contracts.envelope import Envelope, open_parcel, read_envelope
from services.intake.domain.demands import Demand
from tests.support.town import Town

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
CHAIN = (
    facts.OrderUnsigned.kind,
    facts.OrderEscalated.kind,
    facts.OrderSupervised.kind,
    facts.OrderOverdue.kind,
)


def china(hours: float, day: int = 2) -> datetime:
    """Return a moment of March 2026 by the clock in Jiwang."""
    return datetime(2026, 3, day, tzinfo=UTC) + timedelta(hours=hours - 8)


def said(town: Town, *kinds: str) -> list[Envelope]:
    """Return what was said of these kinds, in its order."""
    letters = [read_envelope(raw) for parcel in town.post.sent for raw in open_parcel(parcel.body)]
    return [letter for letter in letters if letter.kind in kinds]


def told(town: Town) -> list[str]:
    """Return what time did by itself, in short."""
    return [f"{letter.kind.split('.')[1]} {_whom(letter.body)}".strip() for letter in said(town, *CHAIN)]


def _whom(body: Any) -> str:
    if isinstance(body, facts.OrderUnsigned):
        return body.provider.id
    return body.level if isinstance(body, facts.OrderEscalated) else ""


def lines(demand: Demand) -> str:
    """Return the whole timeline as one text."""
    return "\n".join(line.text for line in demand.timeline)
