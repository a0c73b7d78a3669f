"""Where intake keeps demands, their contacts, and what was submitted just now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from services.chassis.documents import Collection, Index, Ref, Versioned
from services.contracts.ids import DemandId
from services.intake.domain.crowds import Portion
from services.intake.domain.demands import Demand
from services.intake.domain.lifecycle import DemandStatus


@dataclass(frozen=True, slots=True)
class Contact:
    """A resident's name and phone, sealed."""

    sealed: bytes


@dataclass(frozen=True, slots=True)
class Recent:
    """What somebody has just submitted, so that the same once more is the same demand."""

    demand: DemandId
    at: datetime
    expires_at: datetime


WITHOUT_ORDER: Mapping[str, object] = MappingProxyType({"status": DemandStatus.SUBMITTED.value})
"""What a demand looks like of which matching has said nothing yet."""
ALARM, RATING = "alarm_due_at", "rating_due_at"
DEMANDS = Collection(
    "demands",
    Demand,
    Index(("status", "-_id")),
    Index(("asked_by", "-_id")),
    Index(("handler.id", "-_id")),
    Index(("submitted_at",), due=True, only=WITHOUT_ORDER),
    Index(("-pressing", "-_id")),
    Index((ALARM,), due=True),
    Index((RATING,), due=True),
)
NOT_IN_LISTS: Mapping[str, object] = MappingProxyType({"timeline": (), "found_by": None, "contact_reads": ()})
"""What a row of a list does not show, and may be long."""
RECENT = Collection("recent", Recent, Index(("expires_at",), expires=True))
CONTACTS = Collection("contacts", Contact)
SUPPORTERS = Collection("supporters", Portion)
VersionedDemand = Versioned[Demand]


def demand_ref(community: str, demand: DemandId) -> Ref[Demand]:
    """Return where a demand is kept."""
    return Ref(DEMANDS, community, demand)


def contact_ref(community: str, demand: DemandId) -> Ref[Contact]:
    """Return where the contact that came with a demand is kept."""
    return Ref(CONTACTS, community, demand)


def portion_ref(community: str, demand: DemandId, number: int) -> Ref[Portion]:
    """Return where a portion of a demand's supporters is kept, where they are many."""
    return Ref(SUPPORTERS, community, f"{demand}/{number}")


def portion_refs(community: str, demand: Demand, subject: str | None = None) -> tuple[Ref[Portion], ...]:
    """Return where the supporters of a demand are kept beside it.

    Arguments:
        subject: the portion in which this person stands or would stand is enough.
    """
    crowd = demand.crowd
    if crowd is None:
        return ()
    numbers = (span.number for span in crowd.spans) if subject is None else (crowd.number_of(subject),)
    return tuple(portion_ref(community, demand.id, number) for number in numbers)


def recent_ref(community: str, digest: str) -> Ref[Recent]:
    """Return where it is kept what somebody has just submitted."""
    return Ref(RECENT, community, digest)
