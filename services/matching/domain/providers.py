"""Who can do what in one community: units and partners, what they offer, and whom they are paired with."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.worktime.hours import Opening

ProviderKind = Literal["unit", "partner"]


@dataclass(frozen=True, slots=True)
class Resource:
    """Something a provider offers; `quantity` 0 means it is all given away."""

    name: str
    quantity: int
    unit: str = "项"


@dataclass(frozen=True, slots=True)
class Location:
    """Degrees, WGS 84."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Provider:
    """A unit or a partner. `capacity` counts the orders it can carry at the same time."""

    id: str
    name: str
    kind: ProviderKind
    duties: tuple[str, ...]
    capacity: int
    aliases: tuple[str, ...] = ()
    resources: tuple[Resource, ...] = ()
    working: bool = True
    convention_signed_on: date | None = None
    hours: tuple[Opening, ...] = ()
    stars: int = 0
    location: Location | None = None
    trade: str = ""

    @property
    def takes_orders_since(self) -> date:
        """The first day it may take orders; date.max while it is not working or its convention unsigned."""
        if not self.working:
            return date.max
        return date.min if self.kind == "unit" else self.convention_signed_on or date.max


@dataclass(frozen=True, slots=True)
class Contract:
    """Pairs a unit with places (compounds or venues); no scope means all its duties."""

    id: str
    unit: str
    places: tuple[str, ...]
    scope: tuple[str, ...]
    starts_on: date
    ends_on: date

    def runs(self, on: date) -> bool:
        """Both ends of the term are included."""
        return self.starts_on <= on <= self.ends_on


@dataclass(frozen=True, slots=True)
class Place:
    """A compound or a venue that demands come from."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything the router knows of one community.

    Arguments:
        wanted_precision: share of right ones among what is dispatched without a person (0..1).
    """

    places: tuple[Place, ...]
    providers: tuple[Provider, ...]
    contracts: tuple[Contract, ...]
    wanted_precision: float = 0.98
