"""The community file: who lives where, who can do what, and under which contract.

The models are the format: the published JSON Schema is generated from them, and the
`community.loaded` message carries the same shape to the services that need a part of it.
"""

import re
from datetime import date, time
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=400, strip_whitespace=True)]


def _clock_time(given: object) -> object:
    """A bare number is no time of day, and a community has one time zone, its own."""
    if isinstance(given, time) or (isinstance(given, str) and _CLOCK.fullmatch(given)):
        return given
    raise ValueError("应当是时间，如 08:00")


_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
ClockTime = Annotated[time, BeforeValidator(_clock_time)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

COMMUNITY_SELF = "community"
"""The provider id under which the community itself takes the lead of a matter."""
POINTS_BUDGET = "budget"
"""The account that points are issued from stands beside the partners' own, so none may be called so."""


class Entry(BaseModel):
    """A line of the file: frozen, and a field nobody knows is an error, not noise."""

    model_config = ConfigDict(frozen=True, extra="forbid")


SampleDetails = Annotated[
    bool, Field(description="true: the source names the entry, but its figures only complete it")
]


PhoneNumber = Annotated[str, StringConstraints(pattern=r"^[0-9][0-9 -]{1,18}[0-9]$")]


class Location(Entry):
    """Where something is, in degrees (WGS 84)."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class Community(Entry):
    """The community itself; its staff take the lead where nobody else can (`COMMUNITY_SELF`)."""

    id: Slug
    name: Name
    county: Annotated[str, StringConstraints(max_length=60, strip_whitespace=True)] = ""
    province: Annotated[str, StringConstraints(max_length=60, strip_whitespace=True)] = ""
    timezone: str = Field(default="Asia/Shanghai", description="IANA name of the time zone")
    service_phone: Annotated[str, StringConstraints(max_length=20)] = ""
    sample: bool = False


class Compound(Entry):
    """A residential compound (小区), lane or building with households of its own."""

    id: Slug
    name: Name
    aliases: tuple[Name, ...] = Field(default=(), max_length=10)
    kind: Literal["compound", "lane", "building"] = "compound"
    households: int = Field(ge=0, le=100_000, description="households (户)")
    residents: int = Field(ge=0, le=1_000_000, description="people (人)")
    council_corner: bool = Field(default=False, description="has a council corner (议事角)")
    location: Location | None = None
    sample: bool = Field(default=False, description="true: completes the list, not named by the source")
    sample_details: SampleDetails = False


class Venue(Entry):
    """A public place of the community that demands come from but nobody lives in (活动室, 课堂)."""

    id: Slug
    name: Name
    aliases: tuple[Name, ...] = Field(default=(), max_length=10)
    location: Location | None = None
    sample: bool = False


class Hours(Entry):
    """A span in which a provider works, in the community's local time; `closes` is after `opens`."""

    days: tuple[Weekday, ...] = Field(min_length=1, max_length=7)
    opens: ClockTime
    closes: ClockTime


class Resource(Entry):
    """Something a provider offers: what, how many, and when (资源清单)."""

    name: Name
    quantity: int = Field(ge=0, le=1_000_000)
    unit: Annotated[str, StringConstraints(min_length=1, max_length=8)] = Field(
        default="项", description="measure word, as 张, 盏, 次"
    )
    available: Sentence | None = Field(default=None, description="when it can be had, in plain words")
    sample: bool = False


class Provider(Entry):
    """What a unit and a partner have in common."""

    id: Slug
    name: Name
    aliases: tuple[Name, ...] = Field(default=(), max_length=10)
    duties: tuple[Sentence, ...] = Field(min_length=1, max_length=40)
    resources: tuple[Resource, ...] = Field(default=(), max_length=60)
    capacity: int = Field(
        default=20, ge=0, le=10_000, description="open orders it can carry at the same time"
    )
    hours: tuple[Hours, ...] = Field(default=(), max_length=14, description="empty: any time")
    location: Location | None = Field(
        default=None, description="with a place's own, distance counts a little"
    )
    phones: tuple[PhoneNumber, ...] = Field(
        default=(), max_length=10, description="of its desk; never masked, since they are meant to be called"
    )
    working: bool = Field(default=True, description="false: takes no new orders for now (停业, 撤并)")
    sample: bool = False
    sample_details: SampleDetails = False


class Unit(Provider):
    """A co-building unit (驻区共建单位). The same id in two files is the same county-level unit."""


Subject = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
"""Somebody, as their token names them."""


class OwnPerson(Entry):
    """Somebody who belongs to a partner; what they and their household say of it does not count."""

    subject: Subject
    household: Annotated[str, StringConstraints(max_length=60, strip_whitespace=True)] = Field(
        default="", description="any label that those who live together share; empty: nobody else's"
    )


class Partner(Provider):
    """A community partner (社区合伙人); without a signed convention it gets no orders."""

    trade: Name = Field(description="line of business, as 眼视光, 家政")
    stars: int = Field(
        default=0, ge=0, le=5, description="first star (星级), until one is reckoned; 0: not rated yet"
    )
    people: tuple[OwnPerson, ...] = Field(
        default=(), max_length=500, description="its own people; their ratings of it do not count"
    )
    convention_signed_on: date | None = Field(
        default=None, description="day the partner convention (合伙人服务公约) was signed; null: not signed"
    )


class Contract(Entry):
    """Pairs a unit with compounds or venues (契约化共建) for a scope and a term, both ends included."""

    id: Slug
    unit: Slug
    compounds: tuple[Slug, ...] = Field(
        min_length=1, max_length=200, description="ids of compounds or venues"
    )
    scope: tuple[Sentence, ...] = Field(default=(), max_length=40, description="empty: all its duties")
    starts_on: date
    ends_on: date
    sample: bool = False
    sample_details: SampleDetails = False


class PointsRule(Entry):
    """What a partner's settled order earns. Units earn none."""

    default_points: int = Field(ge=0, le=100_000)
    points_by_category: dict[
        Annotated[str, StringConstraints(max_length=40)], Annotated[int, Field(ge=0, le=100_000)]
    ] = Field(default_factory=dict, description="category of the demand → points; others get the default")
    off_hours_factor: int = Field(default=2, ge=1, le=10, description="outside the partner's business hours")
    room_points_per_hour: int = Field(
        default=10, ge=0, le=10_000, description="for an hour in which somebody uses a partner's room"
    )
    budget_points: int = Field(ge=0, le=1_000_000_000, description="issued at most, until approved anew")
    expire_after_months: int | None = Field(
        default=None,
        ge=1,
        le=120,
        description="points are good for so long, to the month's end; else for ever",
    )
    per_cause_max: int = Field(
        default=1_000_000, ge=1, le=1_000_000, description="points that one service earns at most"
    )
    per_day_max: int = Field(
        default=1_000_000,
        ge=1,
        le=1_000_000,
        description="points that one day's services earn a partner at most",
    )
    pays_unrated: bool = Field(
        default=True,
        description="what was found done earns, too, where nobody rated it within the term",
    )
    approved_by: Name
    approved_on: date


class WorkingSpan(Entry):
    """A piece of the community's working day, in its local time; `closes` is after `opens`."""

    opens: ClockTime
    closes: ClockTime


WorkingHours = Annotated[float, Field(gt=0, le=200)]
WorkingDays = Annotated[int, Field(ge=1, le=250)]


class DaysByKind(Entry):
    """Working days until a matter is done, by kind: 咨询, 求助, 建议, 投诉, 举报."""

    enquiry: WorkingDays = 1
    help: WorkingDays = 5
    suggestion: WorkingDays = 5
    complaint: WorkingDays = 10
    report: WorkingDays = 10


class UrgentDeadlines(Entry):
    """What is urgent runs round the clock, at night and on holidays, too."""

    sign_minutes: int = Field(default=30, ge=1, le=1_440, description="until a provider answers")
    finish_hours: int = Field(default=24, ge=1, le=720, description="until it is done")


class Deadlines(Entry):
    """How long each thing may take, on the community's working calendar (调休 counted)."""

    hours: tuple[WorkingSpan, ...] = Field(
        default=(
            WorkingSpan(opens=time(8), closes=time(12)),
            WorkingSpan(opens=time(14, 30), closes=time(18)),
        ),
        min_length=1,
        max_length=6,
        description="of every working day, in their order",
    )
    holidays: tuple[date, ...] = Field(
        default=(),
        max_length=400,
        description="days off besides the state's holidays",
    )
    workdays: tuple[date, ...] = Field(
        default=(), max_length=400, description="days on which it works although the state does not"
    )
    sign_hours: WorkingHours = Field(default=2, description="working hours until a provider answers")
    staff_hours: WorkingHours = Field(
        default=4,
        description="working hours that staff have for what nobody took, before it is supervised",
    )
    days: DaysByKind = DaysByKind()
    urgent: UrgentDeadlines = UrgentDeadlines()
    soon_days: WorkingDays = Field(
        default=2, description="working days at most for what becomes a danger, as an open manhole"
    )
    notice_days: WorkingDays = Field(
        default=1, description="working days after the deadline until everybody concerned is told"
    )
    supervise_days: WorkingDays = Field(
        default=5, description="working days after the deadline until the matter is supervised (督办)"
    )
    answer_days: WorkingDays = Field(default=5, description="working days that a resident is waited for")
    extension_days_max: WorkingDays = Field(default=10, description="working days of one extension")
    duty_minutes: int = Field(
        default=5, ge=1, le=120, description="until an emergency that nobody has goes to the next on duty"
    )
    rating_days: int = Field(
        default=15, ge=2, le=365, description="days until what is done and not rated is closed as 未评价"
    )
    returns_max: int = Field(default=3, ge=1, le=100, description="sent back as often: supervised")
    handovers_max: int = Field(default=3, ge=1, le=100, description="handed over as often: supervised")


class Routing(Entry):
    """How right what is dispatched without a person must be."""

    wanted_precision: float = Field(
        default=0.98, ge=0.0, le=1.0, description="share of right ones; 1 leaves everything to staff"
    )


class Voices(Entry):
    """When many voices about one matter make it a hot issue (热点).

    It is hot with so many demands, or with so many people from several compounds or over several days.
    """

    hot_demands: int = Field(default=3, ge=2, le=1_000, description="demands about one matter")
    hot_voices: int = Field(default=5, ge=2, le=100_000, description="people who asked or endorsed")
    hot_compounds: int = Field(default=2, ge=1, le=1_000, description="compounds those people come from")
    hot_days: int = Field(default=2, ge=1, le=365, description="days on which demands came in")


class GridWorker(Entry):
    """A grid worker (网格员) and the compounds that are theirs; they see what comes from there."""

    subject: Subject
    compounds: tuple[Slug, ...] = Field(
        min_length=1, max_length=200, description="ids of compounds or venues"
    )


class EmergencyLines(Entry):
    """Numbers that people in danger are to call besides 110, 119, 120 and 122, as they are here."""

    gas: PhoneNumber | None = Field(default=None, description="gas company, at night too (燃气抢修)")
    power: PhoneNumber | None = Field(default=None, description="power supply (供电抢修), as 95598")
    lift: PhoneNumber | None = Field(default=None, description="lift rescue (电梯救援), as 96333")
    poison: PhoneNumber | None = Field(default=None, description="advice on poison (中毒咨询)")


class CommunityFile(Entry):
    """A whole community: what `sandan community load` reads."""

    community: Community
    compounds: tuple[Compound, ...] = Field(default=(), max_length=2_000)
    venues: tuple[Venue, ...] = Field(default=(), max_length=500)
    units: tuple[Unit, ...] = Field(default=(), max_length=1_000)
    partners: tuple[Partner, ...] = Field(default=(), max_length=2_000)
    contracts: tuple[Contract, ...] = Field(default=(), max_length=5_000)
    points: PointsRule | None = None
    routing: Routing = Routing()
    deadlines: Deadlines = Deadlines()
    voices: Voices = Voices()
    lines: EmergencyLines = EmergencyLines()
    duty: tuple[Subject, ...] = Field(
        default=(),
        max_length=50,
        description="who is told of an emergency besides the staff, one after the other until one has it",
    )
    grid_workers: tuple[GridWorker, ...] = Field(default=(), max_length=500)
    confidential_readers: tuple[Subject, ...] = Field(
        default=(), max_length=50, description="who alone may see whose word an accusation (举报) is"
    )
    supervisor: Subject | None = Field(
        default=None, description="who hears of accusations against the community itself or its staff"
    )
