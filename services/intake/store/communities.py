"""Where intake keeps community files, and what of them is needed to take a demand."""

from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.chassis.documents import Collection, Ref
from services.intake.domain.issues import Thresholds
from services.intake.domain.readings import Home
from services.language.dangers import LINES, own_dangers

HOT = Thresholds()
HERE = Home()


@dataclass(frozen=True, slots=True)
class CommunityProfile:
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


PROFILES = Collection("places", CommunityProfile, seldom_changes=True)
NO_PROFILE = CommunityProfile("", {}, {})
"""Of a community whose file nobody has loaded."""
FILES = Collection("files", FileOnRecord)


def profile_ref(community: str) -> Ref[CommunityProfile]:
    """Return where a community's profile is kept."""
    return Ref(PROFILES, community, "places")


def file_ref(community: str) -> Ref[FileOnRecord]:
    """Return where a community's file is kept."""
    return Ref(FILES, community, "file")
