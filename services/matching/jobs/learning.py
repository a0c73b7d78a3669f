"""Background job: fits the experience of the communities in use again when lessons changed.

Lessons are kept with the orders' other books, in the transaction of what taught them. Experience is made of
the lessons alone, so that every replica, and the same one after a restart, comes to the same. Learning is
done anew from all of them and takes the longer the more there are, so where there are many it waits for some.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol

import structlog

from services.chassis.documents import Collection, Versioned
from services.matching.domain.lessons import LESSONS_MAX, Lesson, retained
from services.matching.routing.experience import Learning
from services.matching.routing.models import CommunityModel, CommunityModels
from services.matching.store.lessons import LESSON_NUMBER, LESSONS
from services.matching.store.tallies import TALLIES

log = structlog.get_logger()
COMMUNITIES_A_LOOK = 200
FEW_LESSONS = 100
"""Up to here each lesson is learnt at once: all of them together take less than a tenth of a second."""
REST_SHARE = 19
"""After learning many the job rests so many times as long: at most a twentieth of a core."""
FIRST_REST_SHARE = 3
"""After a community that was cold, so long: when many are, the work has three quarters of the core."""


class Books(Protocol):
    """Where lessons are kept."""

    def plain(self, name: str) -> Any: ...

    async def page(
        self,
        collection: Collection[Any],
        community: str,
        where: Any,
        *,
        limit: int,
        after: str | None = None,
        by: str = "_id",
    ) -> list[Versioned[Any]]: ...


@dataclass(frozen=True, slots=True)
class RefitInterval:
    """How often many lessons are learnt.

    Arguments:
        lessons: so many new ones are learnt without waiting.
        seconds: after which fewer are learnt as well.
    """

    lessons: int = 1
    seconds: float = 0.0


@dataclass(slots=True)
class Retrain:
    """Learns what was taught.

    Arguments:
        books: matching's store.
        models: what is known of the communities.
        pace: where there are many lessons.
        clock: seconds.
    """

    books: Books
    models: CommunityModels
    pace: RefitInterval = field(default_factory=RefitInterval)
    clock: Callable[[], float] = monotonic
    _behind: dict[str, float] = field(default_factory=dict)
    _rests_until: float = 0.0

    async def look(self) -> int:
        """Learn for every community that was taught enough since; return how many there were."""
        communities = self.models.to_learn(COMMUNITIES_A_LOOK)
        taught = await self._taught(communities) if communities else {}
        self._behind = {name: since for name, since in self._behind.items() if name in communities}
        learnt = 0
        for community in sorted(communities, key=lambda name: self._behind.get(name, float("inf"))):
            model, version = self.models.kept(community), taught.get(community, 0)
            if model is None or version == _version(model):
                self._behind.pop(community, None)
            elif self._is_time(community, model, version):
                self._behind.pop(community, None)
                await self._learn(community, model, version)
                learnt += 1
        return learnt

    async def _taught(self, communities: Sequence[str]) -> dict[str, int]:
        """Return by community how many lessons were taught or taken back, added up over the shards."""
        query = {"community": {"$in": list(communities)}}
        rows = await self.books.plain(TALLIES.name).find(query, fields=("community", "lessons"))
        taught: dict[str, int] = {}
        for row in rows:
            taught[row["community"]] = taught.get(row["community"], 0) + row.get("lessons", 0)
        return taught

    def _is_time(self, community: str, model: CommunityModel, version: int) -> bool:
        """Return whether to learn now: what is not known at all, or what has waited long enough.

        What made room for others, and is used again, is learnt in the time that is left.
        """
        now = self.clock()
        if version <= FEW_LESSONS and not self.models.made_room(community):
            return True
        if model.experience is None:
            return now >= self._rests_until
        since = self._behind.setdefault(community, now)
        enough = version - _version(model) >= self.pace.lessons or now - since >= self.pace.seconds
        return enough and now >= self._rests_until

    async def _learn(self, community: str, model: CommunityModel, version: int) -> None:
        kept = await self.books.page(
            LESSONS, community, {"undone": False}, limit=LESSONS_MAX, by=LESSON_NUMBER
        )
        lessons: list[Lesson] = retained([one.value for one in kept if one.value is not None])
        began, again = self.clock(), self.models.made_room(community)
        # Apart from the loop: hundreds of lessons take a good part of a second.
        learning = await asyncio.to_thread(learn, model, lessons, version)
        self.models.learn(community, model, learning)
        if version > FEW_LESSONS or again:
            ended = self.clock()
            share = FIRST_REST_SHARE if model.experience is None and not again else REST_SHARE
            self._rests_until = ended + share * (ended - began)
        log.info("lessons_learnt", community=community, lessons=len(lessons), version=version)


def learn(model: CommunityModel, lessons: list[Lesson], version: int) -> Learning:
    """Return the experience that lessons make under a model's catalogue."""
    return Learning(model.ranker, lessons, model.wanted_precision, version, model.zone)


def _version(model: CommunityModel) -> int:
    return model.experience.version if model.experience is not None else 0
