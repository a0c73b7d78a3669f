"""Where intake keeps things: one shelf per kind of document."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from services.chassis.shelf import Index, Ref, Shelf, Watched
from services.intake.domain.demand import Demand
from services.intake.domain.lifecycle import DemandStatus
from services.intake.domain.understanding import Home
from services.intake.domain.voices.issues import Issue, Thresholds
from services.intake.domain.voices.kin import Holders, Kin
from services.language.dangers import LINES, own_dangers

HOT = Thresholds()
HERE = Home()


@dataclass(frozen=True, slots=True)
class Places:
    """What of a community file is needed to take a demand, and to know who may see it.

    Arguments:
        compounds, venues: id → name.
        home: what is here and not elsewhere.
        lines: name of an emergency line → its number.
        duty: who is told of an emergency, in order.
        grid_workers: subject → ids of their compounds and venues.
        confidential_readers: subjects who may see whose word an accusation is.
        supervisor: who hears of accusations against the community; empty: nobody is named.
        duty_minutes: until an emergency goes to the next.
        rating_days: until what nobody rates is left unrated.
        public_numbers: telephone numbers that are meant to be called, digits alone.
    """

    name: str
    compounds: dict[str, str]
    venues: dict[str, str]
    hot: Thresholds = HOT
    timezone: str = "Asia/Shanghai"
    home: Home = HERE
    lines: dict[str, str] = field(default_factory=dict)
    duty: tuple[str, ...] = ()
    grid_workers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    confidential_readers: tuple[str, ...] = ()
    supervisor: str = ""
    duty_minutes: int = 5
    rating_days: int = 15
    public_numbers: tuple[str, ...] = ()

    def day_of(self, at: datetime) -> date:
        """Return on which day of the community's a moment lies."""
        return at.astimezone(ZoneInfo(self.timezone)).date()

    def grid_workers_of(self, place: str | None) -> tuple[str, ...]:
        """Return whose a compound or venue is."""
        return tuple(subject for subject, theirs in self.grid_workers.items() if place in theirs)

    def numbers_for(self, danger_kind: str) -> tuple[str, ...]:
        """Return whom to call: the country's numbers, then the community's own line with what it is."""
        danger = own_dangers()[danger_kind]
        own = self.lines.get(danger.line)
        return (*danger.call, f"{LINES[danger.line]} {own}") if own else danger.call

    def name_of(self, place: str | None) -> str | None:
        """Return the name of a compound or venue, or None when the community has no such place."""
        return self.compounds.get(place or "") or self.venues.get(place or "")


@dataclass(frozen=True, slots=True)
class FileOnRecord:
    """The community file as it was last loaded, as JSON."""

    text: str
    loaded_at: datetime
    loaded_by: str


@dataclass(frozen=True, slots=True)
class Contact:
    """A resident's name and phone, sealed."""

    sealed: bytes


@dataclass(frozen=True, slots=True)
class Recent:
    """What somebody has just submitted, so that the same once more is the same demand."""

    demand: str
    at: datetime
    expires_at: datetime


WITHOUT_ORDER: Mapping[str, object] = MappingProxyType({"status": DemandStatus.SUBMITTED.value})
"""What a demand looks like of which matching has said nothing yet."""

ALARM, RATING = "alarm_due_at", "rating_due_at"
DEMANDS = Shelf(
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
RECENT = Shelf("recent", Recent, Index(("expires_at",), expires=True))
PLACES = Shelf("places", Places)
FILES = Shelf("files", FileOnRecord)
CONTACTS = Shelf("contacts", Contact)
HOLDERS = Shelf("holders", Holders)
KIN = Shelf("kin", Kin)
ISSUES = Shelf("issues", Issue, Index(("hot_at", "-_id")), Index(("-heat", "-_id")))

SHELVES = (DEMANDS, RECENT, PLACES, FILES, CONTACTS, HOLDERS, KIN, ISSUES)
WATCHED = (Watched("demands_without_order", DEMANDS, "submitted_at", WITHOUT_ORDER),)


def demand_ref(community: str, demand: str) -> Ref[Demand]:
    """Return where a demand is kept."""
    return Ref(DEMANDS, community, demand)


def places_ref(community: str) -> Ref[Places]:
    """Return where a community's places are kept."""
    return Ref(PLACES, community, "places")


def file_ref(community: str) -> Ref[FileOnRecord]:
    """Return where a community's file is kept."""
    return Ref(FILES, community, "file")


def contact_ref(community: str, demand: str) -> Ref[Contact]:
    """Return where the contact that came with a demand is kept."""
    return Ref(CONTACTS, community, demand)


def recent_ref(community: str, digest: str) -> Ref[Recent]:
    """Return where it is kept what somebody has just submitted."""
    return Ref(RECENT, community, digest)


def holders_ref(community: str, pair: str) -> Ref[Holders]:
    """Return where it is kept which demands hold a pair of characters."""
    return Ref(HOLDERS, community, pair)


def kin_ref(community: str, demand: str) -> Ref[Kin]:
    """Return where it is kept what a demand is like."""
    return Ref(KIN, community, demand)


def issue_ref(community: str, issue: str) -> Ref[Issue]:
    """Return where an issue is kept."""
    return Ref(ISSUES, community, issue)
