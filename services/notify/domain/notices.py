"""A notice: one sentence for one recipient, and who the recipients are."""

from dataclasses import dataclass
from datetime import datetime

from services.contracts.ids import DemandId, OrderId
from services.contracts.values import replace

STAFF = "staff"
"""The inbox that the community's staff share."""
_COMMUNITY_KIND = "community"


def person(subject: str) -> str:
    """Return the inbox of a resident or grid worker."""
    return f"person:{subject}"


def provider(provider_id: str, kind: str) -> str:
    """Return the inbox of a unit or partner; where the community takes the lead, that of its staff."""
    return STAFF if kind == _COMMUNITY_KIND else f"provider:{provider_id}"


@dataclass(frozen=True, slots=True)
class Notice:
    """What somebody is told, about which demand and order."""

    id: str
    recipient: str
    kind: str
    text: str
    demand: DemandId | None
    order: OrderId | None
    at: datetime
    read_at: datetime | None = None
    console: str = "off"

    def read(self, at: datetime) -> "Notice":
        """Return the notice as read; the first time counts."""
        return self if self.read_at else replace(self, read_at=at)
