"""Things to keep: the smallest dataclass there is, its collections, and works that count it up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.chassis.documents import Collection, Index, Ref
from services.chassis.failures import Away
from services.chassis.outbox import NotTaken, OutboxRow, Parcel
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.demands import DemandWithdrawn
from services.contracts.words import Actor, Role


@dataclass(frozen=True, slots=True)
class Thing:
    """Something to keep."""

    id: str
    count: int = 0
    name: str | None = None
    notes: dict[str, str] = field(default_factory=dict)


THINGS = Collection("things", Thing, Index(("name",), unique=True), Index(("count", "-_id")))
OTHERS = Collection("others", Thing)
COLLECTIONS = (THINGS, OTHERS)
ORIGIN = Origin("jiwang", Actor(subject="r1", role=Role.RESIDENT), "story")


def ref(thing: str, community: str = "jiwang", collection: Collection[Thing] = THINGS) -> Ref[Thing]:
    """Return where a thing is kept."""
    return Ref(collection, community, thing)


def counted_up(thing: str, *, said: bool = False, notes: dict[str, str] | None = None) -> Work[int]:
    """Return the work that counts a thing up by one, and says so if it is wanted."""
    where = ref(thing)

    def decide(uow: UnitOfWork) -> int:
        before = uow.find(where) or Thing(thing, name=thing)
        after = Thing(thing, before.count + 1, before.name, notes or {})
        uow.put(where, after)
        if said:
            uow.announce(where, DemandWithdrawn(demand=thing))
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

    handed: list[OutboxRow] = field(default_factory=list)

    def hand_over(self, outbox_rows: Sequence[OutboxRow]) -> None:
        """Take outbox rows and do nothing with them."""
        self.handed.extend(outbox_rows)


def of(outcomes: Sequence[Any]) -> list[str]:
    """Return outcomes as words: the answer, or the name of what went wrong."""
    return [type(o).__name__ if isinstance(o, Exception) else str(o) for o in outcomes]
