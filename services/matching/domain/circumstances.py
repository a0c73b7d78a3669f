"""What else counts between those who can do it: hours, distance, record, stars, and who had little so far.

Each is small beside what the words and the contract say: they choose among the able, not who is able.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from math import asin, cos, radians, sin, sqrt

from services.matching.domain.providers import Location, Place, Provider
from services.matching.domain.record import NO_RECORD, Record
from services.matching.domain.weighing import PartName
from services.worktime.hours import is_open

HOURS_SHARE = 0.02
DISTANCE_SHARE = 0.04
RECORD_SHARE = 0.06
STAR_SHARE = 0.03
FAIRNESS_SHARE = 0.03
STARS_MAX = 5
EARTH_RADIUS_KM = 6371.0

Spoken = tuple[PartName, float, str]
"""A summand with its reason."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How things stand when a matter is ranked.

    Arguments:
        on: the day, in the community's time zone, on which contracts and conventions must run.
        open_orders: how many orders each provider (by id) has in hand; absent means none.
        at: the moment in local time; None leaves opening hours out.
        records: by provider, how it did so far; absent means nothing is known.
        stars: by partner, what was reckoned since its star in the catalogue was written.
    """

    on: date
    open_orders: Mapping[str, int] = field(default_factory=dict)
    at: datetime | None = None
    records: Mapping[str, Record] = field(default_factory=dict)
    stars: Mapping[str, int] = field(default_factory=dict)

    @property
    def mean_offered(self) -> float:
        """Return how many orders a provider was offered so far, on the average."""
        return sum(record.offered for record in self.records.values()) / max(1, len(self.records))

    def parts(self, provider: Provider, place: Place | None, mean_offered: float) -> list[Spoken]:
        """Return what speaks for a provider besides what it can do, each with its reason.

        Arguments:
            mean_offered: as the property says, which is asked once for all providers.
        """
        spoken: list[Spoken] = []
        if self.at is not None and provider.hours and is_open(provider.hours, self.at):
            spoken.append((PartName.HOURS, HOURS_SHARE, "现在是其工作时间"))
        if place is not None and place.location is not None and provider.location is not None:
            km = distance_km(place.location, provider.location)
            spoken.append((PartName.DISTANCE, DISTANCE_SHARE / (1 + km), f"离{place.name}约 {km:.1f} 公里"))
        if stars := self.stars.get(provider.id, provider.stars):
            value = STAR_SHARE * stars / STARS_MAX
            spoken.append((PartName.STAR, value, f"合伙人星级 {stars} 星"))
        if self.records:
            spoken.extend(self._by_record(provider, mean_offered))
        return spoken

    def _by_record(self, provider: Provider, mean_offered: float) -> list[Spoken]:
        record = self.records.get(provider.id, NO_RECORD)
        fair = 1 / (1 + record.offered / max(1.0, mean_offered))
        return [
            (PartName.RECORD, RECORD_SHARE * record.quality, record.in_words),
            (PartName.FAIRNESS, FAIRNESS_SHARE * fair, f"此前派给它 {record.offered} 件"),
        ]


def distance_km(a: Location, b: Location) -> float:
    """Return the distance as the crow flies (haversine), in kilometres."""
    lat_a, lat_b = radians(a.lat), radians(b.lat)
    half = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin(radians(b.lon - a.lon) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(half))
