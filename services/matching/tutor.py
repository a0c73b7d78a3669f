"""The tutor: keeps the experience of the communities in use up with what was taught, in the background.

Lessons are kept with the orders' other books, in the transaction of what taught them. Experience is made of
the lessons alone, so that every replica, and the same one after a restart, comes to the same.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from services.chassis.shelf import Kept, Ref, Shelf
from services.matching.domain.lessons import LESSONS_MAX, Lesson, retained
from services.matching.domain.load import Load
from services.matching.experience import Learning
from services.matching.guides import Guide, Guides
from services.matching.store import LESSON_NUMBER, LESSONS, load_ref

log = structlog.get_logger()

COMMUNITIES_A_LOOK = 200


class Books(Protocol):
    """Where lessons are kept."""

    async def load(self, refs: Any) -> dict[Ref[Any], Kept[Any]]: ...

    async def page(
        self,
        shelf: Shelf[Any],
        community: str,
        where: Any,
        *,
        limit: int,
        after: str | None = None,
        by: str = "_id",
    ) -> list[Kept[Any]]: ...


@dataclass(frozen=True, slots=True)
class Tutor:
    """Learns what was taught.

    Arguments:
        books: matching's store.
        guides: what is known of the communities.
    """

    books: Books
    guides: Guides

    async def look(self) -> int:
        """Learn for every community that was taught something since; return how many there were."""
        communities = self.guides.in_use()[-COMMUNITIES_A_LOOK:]
        loads = await self.books.load([load_ref(community) for community in communities])
        learnt = 0
        for community in communities:
            load: Load = loads[load_ref(community)].value or Load()
            guide = self.guides.kept(community)
            if guide is not None and load.lessons != _version(guide):
                await self._learn(community, guide, load.lessons)
                learnt += 1
        return learnt

    async def _learn(self, community: str, guide: Guide, version: int) -> None:
        kept = await self.books.page(
            LESSONS, community, {"undone": False}, limit=LESSONS_MAX, by=LESSON_NUMBER
        )
        lessons: list[Lesson] = retained([one.value for one in kept if one.value is not None])
        # Apart from the loop: hundreds of lessons take a good part of a second.
        learning = await asyncio.to_thread(learn, guide, lessons, version)
        self.guides.learn(community, guide, learning)
        log.info("lessons_learnt", community=community, lessons=len(lessons), version=version)


def learn(guide: Guide, lessons: list[Lesson], version: int) -> Learning:
    """Return the experience that lessons make under a guide's catalogue."""
    return Learning(guide.ranker, lessons, guide.wanted_precision, version, guide.zone)


def _version(guide: Guide) -> int:
    return guide.experience.version if guide.experience is not None else 0
