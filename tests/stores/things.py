"""Things to keep: the smallest dataclass there is, its shelves, and works that count it up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.chassis.desk import Desk, Origin, Work
from services.chassis.failures import Away
from services.chassis.outbox import NotTaken, Pack, Parcel
from services.chassis.shelf import Index, Ref, Shelf
from services.contracts.demands import DemandWithdrawn
from services.contracts.words import Actor, Role


@dataclass(frozen=True, slots=True)
class Thing:
    """Something to keep."""

    id: str
    count: int = 0
    name: str | None = None
    notes: dict[str, str] = field(default_factory=dict)


THINGS = Shelf("things", Thing, Index(("name",), unique=True), Index(("count", "-_id")))
OTHERS = Shelf("others", Thing)
SHELVES = (THINGS, OTHERS)
ORIGIN = Origin("jiwang", Actor(subject="r1", role=Role.RESIDENT), "story")


def ref(thing: str, community: str = "jiwang", shelf: Shelf[Thing] = THINGS) -> Ref[Thing]:
    """Return where a thing is kept."""
    return Ref(shelf, community, thing)


def counted_up(thing: str, *, said: bool = False, notes: dict[str, str] | None = None) -> Work[int]:
    """Return the work that counts a thing up by one, and says so if it is wanted."""
    where = ref(thing)

    def decide(desk: Desk) -> int:
        before = desk.find(where) or Thing(thing, name=thing)
        after = Thing(thing, before.count + 1, before.name, notes or {})
        desk.put(where, after)
        if said:
            desk.announce(where, DemandWithdrawn(demand=thing))
        return after.count

    return Work(ORIGIN, (where,), decide)


@dataclass
class Publisher:
    """Takes parcels, except as often as it is told to be away, and on ways that it does not take.

    Arguments:
        away_times: how often it does not answer.
        refused: ways whose parcels it does not take.
    """

    away_times: int = 0
    refused: set[str] = field(default_factory=set)
    sent: list[Parcel] = field(default_factory=list)
    tries: int = 0
    tried: list[Parcel] = field(default_factory=list)

    async def publish(self, parcels: Sequence[Parcel]) -> list[Exception | None]:
        """Take parcels, or none of them."""
        self.tries += 1
        self.tried.extend(parcels)
        if self.away_times > 0:
            self.away_times -= 1
            return [Away("no broker today") for _ in parcels]
        self.sent.extend(parcel for parcel in parcels if parcel.way not in self.refused)
        return [NotTaken("full", "refused") if parcel.way in self.refused else None for parcel in parcels]


@dataclass
class Nobody:
    """A relay that dies before it has sent anything."""

    handed: list[Pack] = field(default_factory=list)

    def hand_over(self, packs: Sequence[Pack]) -> None:
        """Take packs and do nothing with them."""
        self.handed.extend(packs)


def of(outcomes: Sequence[Any]) -> list[str]:
    """Return outcomes as words: the answer, or the name of what went wrong."""
    return [type(o).__name__ if isinstance(o, Exception) else str(o) for o in outcomes]
