"""A telling: one fact that many are to hear of, and how far it has come."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from services.contracts.ids import DemandId, OrderId
from services.contracts.values import replace
from services.notify.domain.following import Portion
from services.notify.domain.notices import Notice, person

KEPT_DAYS = 7
"""So long a telling that is over can still be looked at."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What is told: the envelope's id, kind and moment, and what it is about."""

    id: str
    kind: str
    demand: DemandId | None
    order: OrderId | None
    at: datetime
    console: str

    def notice(self, key: str, recipient: str, text: str) -> Notice:
        """Return the notice that tells somebody of it; the same key is the same notice, for ever."""
        return Notice(
            id=f"{self.id}.{key}",
            recipient=recipient,
            kind=self.kind,
            text=text,
            demand=self.demand,
            order=self.order,
            at=self.at,
            console=self.console,
        )


@dataclass(frozen=True, slots=True)
class Telling:
    """Who is still to be told of a fact.

    Arguments:
        text: what they are told.
        due_at: since when it waits; None once everybody has been told.
        people: subjects who are to be told, at most a portion of them; none: those who follow the demand.
        joins: those who followed the demand with the joinings so far.
        told: inboxes that heard of it otherwise.
        position: the smallest subject not told yet.
        over_at: when it can be forgotten.
    """

    fact: Fact
    text: str
    due_at: datetime | None
    people: tuple[str, ...] = ()
    joins: int = 0
    told: tuple[str, ...] = ()
    position: str = ""
    over_at: datetime | None = None

    def next_of(self, portion: Portion) -> tuple[str, ...]:
        """Return who of a portion is told next; the position stands in it."""
        those = portion.those(self.joins, self.position)
        return tuple(subject for subject in those if person(subject) not in self.told)

    def past(self, portion: Portion, at: datetime) -> "Telling":
        """Return the telling after a portion; it is over after the last."""
        if portion.until is not None:
            return replace(self, position=portion.until)
        return replace(self, due_at=None, over_at=at + timedelta(days=KEPT_DAYS))

    def notices(self, subjects: tuple[str, ...]) -> tuple[Notice, ...]:
        """Return what some of them are told; telling somebody again is the same notice."""
        return tuple(self.fact.notice(_key(one), person(one), self.text) for one in subjects)


def _key(subject: str) -> str:
    """Return a short key for somebody: notices' ids stand in addresses, and subjects may hold anything."""
    return sha256(subject.encode()).hexdigest()[:20]
