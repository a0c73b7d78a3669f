"""Background job: ratings are looked over every night, and stars set once a month is over.

When that is due stands on a document for each community; whoever winds it decides, and a decision of staff
that came meanwhile goes before.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Protocol

import structlog

from services.chassis.documents import Collection, Due
from services.chassis.due import Failing, Runs
from services.chassis.work import Origin, Work
from services.points.domain.collusion import Findings
from services.points.domain.months import last_finished, next_time_of_day
from services.points.domain.ratings import RatingOnRecord
from services.points.handlers.ratings import note_findings
from services.points.handlers.star_facts import ReadFacts, StarBooks, known, read_facts
from services.points.handlers.stars import set_star, wind_clock
from services.points.jobs.timers import BY_ITSELF
from services.points.store.stars import STAR_CLOCKS, STARS_DUE

log = structlog.get_logger()
PORTION = 20
AT_NIGHT = time(3)
RATINGS_AT_ONCE = 50
WORKS_AT_ONCE = 100


class Books(StarBooks, Protocol):
    """Points' store."""

    async def due(
        self,
        collection: Collection[Any],
        field: str,
        until: datetime,
        *,
        limit: int,
        after: Due | None = None,
    ) -> list[Due]: ...


@dataclass(slots=True)
class SetStars:
    """Looks ratings over and sets stars.

    Arguments:
        books: points' store.
        batches: run the works.
        clock: what time it is.
    """

    books: Books
    batches: Runs
    clock: Callable[[], datetime]
    _failing: Failing = field(default_factory=Failing)

    async def look(self) -> int:
        """Do what is due; return how many stars and ratings changed."""
        until, done, last = self.clock(), 0, None
        seen = set[str]()
        while found := await self.books.due(STAR_CLOCKS, STARS_DUE, until, limit=PORTION, after=last):
            for due in found:
                done += await self._of(due.community)
            seen.update(due.community for due in found)
            last = found[-1]
        self._failing.forget_all_but(seen)
        return done

    async def _of(self, community: str) -> int:
        """Do what is due in a community; where something fails its clock stays, and the next look goes on."""
        its = await known(self.books, community)
        if its is None or its.clock.value is None:
            return 0
        now, kept, zone = self.clock(), its.clock, its.rules.zone
        last = last_finished(now, zone)
        months = its.clock.value.months_due(last)
        read = await read_facts(self.books, its, months[0] if months else last, now)
        found = await read.found()
        origin = Origin(community, BY_ITSELF, "stars")
        done, is_whole = await self._run(community, list(_findings(origin, read, found, kept.revision)))
        for month in months:
            works = [
                set_star(origin, partner, month, standing, kept.revision)
                for partner, standing in (await read.standings(month, found)).items()
            ]
            changed, is_done = await self._run(community, works)
            done, is_whole = done + changed, is_whole and is_done
        if is_whole:
            after = its.clock.value.done(last, next_time_of_day(now, AT_NIGHT, zone))
            await self._run(community, [wind_clock(origin, after, kept.revision)])
        return done

    async def _run(self, community: str, works: list[Work[bool]]) -> tuple[int, bool]:
        """Run works in portions; return how many changed something, and whether none failed."""
        changed, is_whole = 0, True
        for begin in range(0, len(works), WORKS_AT_ONCE):
            for outcome in await self.batches.run(works[begin : begin + WORKS_AT_ONCE]):
                if isinstance(outcome, Exception):
                    is_whole = False
                    if self._failing.is_news(community, outcome):
                        log.error("stars_not_set", community=community, exc_info=outcome)
                else:
                    changed += outcome
        return changed, is_whole


def _findings(origin: Origin, read: ReadFacts, found: Findings, clock_revision: int) -> Iterator[Work[bool]]:
    """Yield the works that keep what looks odd now where it did not before, or does no more."""
    changed: dict[str, list[RatingOnRecord]] = defaultdict(list)
    for one in read.facts.ratings:
        if one.held != found.get(one.id):
            changed[one.partner].append(one)
    for several in changed.values():
        for begin in range(0, len(several), RATINGS_AT_ONCE):
            portion = several[begin : begin + RATINGS_AT_ONCE]
            yield note_findings(origin, {one.id: found.get(one.id) for one in portion}, clock_revision)
