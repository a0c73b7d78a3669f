"""What stars are reckoned from, read from the store; it is more than a decision loads."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

import structlog

from services.chassis.documents import Collection, Ref, Versioned
from services.points.domain.collusion import Findings, circles_of, odd_ones
from services.points.domain.ratings import RelatedPerson
from services.points.domain.standings import Facts, Standing, facts_since, standings
from services.points.domain.star_records import StarClock
from services.points.handlers.rules import Rules, file_of, first_book
from services.points.store.giving import PLEDGES
from services.points.store.rules import rule_ref
from services.points.store.stars import PROMISES, RATINGS, RELATED, star_clock_ref

T = TypeVar("T")
PORTION = 1_000
RECORDS_MAX = 500_000
"""Of one kind that are read for a community's stars: those of fifteen months of a large county."""
log = structlog.get_logger()


class StarBooks(Protocol):
    """Points' store."""

    async def load(self, refs: Iterable[Ref[Any]]) -> dict[Ref[Any], Versioned[Any]]: ...

    def plain(self, name: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class Known:
    """A community, and how its clock stands before anything else is read of it."""

    name: str
    rules: Rules
    clock: Versioned[StarClock]


@dataclass(frozen=True, slots=True)
class ReadFacts:
    """What was read of a community."""

    facts: Facts

    async def found(self) -> Findings:
        """Return what looks odd, reckoned apart from the loop."""
        return await asyncio.to_thread(odd_ones, self.facts.ratings, self.facts.circles)

    async def standings(self, month: str, found: Findings) -> Mapping[str, Standing]:
        """Return every partner's star of a month, reckoned apart from the loop."""
        return await asyncio.to_thread(standings, self.facts, month, found)


async def known(books: StarBooks, community: str) -> Known | None:
    """Return a community; None before its file was loaded."""
    record, clock = rule_ref(community), star_clock_ref(community)
    loaded = await books.load([record, clock])
    kept = loaded[record].value
    if kept is None:
        return None
    return Known(community, Rules(file_of(kept.text), first_book(kept)), loaded[clock])


async def read_facts(books: StarBooks, community: Known, month: str, until: datetime) -> ReadFacts:
    """Return what stars are reckoned from.

    Arguments:
        month: the first for which stars are wanted.
        until: what came later is left out.
    """
    name, rules = community.name, community.rules
    since = facts_since(month, rules.zone)
    ratings = await _between(books, RATINGS, name, since, until)
    promises = await _between(books, PROMISES, name, since, until)
    pledges = await _between(books, PLEDGES, name, since, until)
    rows = await books.plain(RELATED.name).find({"community": name}, limit=RECORDS_MAX)
    related: Sequence[RelatedPerson] = [RELATED.decode(row) for row in rows]
    partners = rules.file.partners
    people = {one.id: [(person.subject, person.household) for person in one.people] for one in partners}
    names = tuple(one.id for one in partners)
    return ReadFacts(Facts(names, ratings, promises, circles_of(people, related), rules.zone, pledges))


async def _between(
    books: StarBooks,
    collection: Collection[T],
    community: str,
    since: datetime,
    until: datetime,
) -> list[T]:
    found: list[T] = []
    async for row in _rows(books.plain(collection.name), community, since, until):
        found.append(collection.decode(row))
        if len(found) >= RECORDS_MAX:
            log.error("too_many_for_stars", community=community, collection=collection.name)
            break
    return found


async def _rows(rows: Any, community: str, since: datetime, until: datetime) -> AsyncIterator[dict[str, Any]]:
    """Yield documents in order of time, portion by portion."""
    at, key = since, ""
    while True:
        later = [{"at": {"$gt": at}}, {"at": at, "_id": {"$gt": key}}]
        query = {"community": community, "at": {"$gte": since, "$lt": until}, "$or": later}
        found = await rows.find(query, sort=("at", "_id"), limit=PORTION)
        for row in found:
            yield row
        if len(found) < PORTION:
            return
        at, key = found[-1]["at"], found[-1]["_id"]
