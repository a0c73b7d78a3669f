"""What is kept for so many days and no longer: old documents go, a portion at a time, whoever's they are.

Ids begin with the community, if they name one, and go on with the moment at which they were made (UUIDv7), so
the oldest of each community are found without an index of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.chassis.clock import first_id_of
from services.chassis.mongo import Store

AT_ONCE_MAX = 2_000
"""Deleted in one look, so that nothing waits for it."""
COMMUNITIES_AT_ONCE_MAX = 1_000
"""Looked at in one look; the next goes on behind them."""


@dataclass
class Retention:
    """Deletes what a collection has kept long enough.

    Arguments:
        store: of the service.
        name: of the collection.
        days: how long its documents are kept; 0: for ever.
        clock: says what time it is.
    """

    store: Store
    name: str
    days: int
    clock: Callable[[], datetime]
    _behind: str = ""

    async def look(self) -> int:
        """Delete a portion of what is too old; return how many there were. Several replicas may look at once.

        Raises:
            Away: the database does not answer.
        """
        if not self.days:
            return 0
        oldest, deleted = first_id_of(self.clock() - timedelta(days=self.days)), 0
        for _ in range(COMMUNITIES_AT_ONCE_MAX):
            community = await self._next_community()
            if community is None:
                self._behind = ""
                break
            deleted += await self._delete(community, oldest, AT_ONCE_MAX - deleted)
            # Who has more than a portion has its next turn after the others.
            self._behind = f"{community}0" if community else "0"
            if deleted >= AT_ONCE_MAX:
                break
        return deleted

    async def _next_community(self) -> str | None:
        """Return whose documents come next; empty where ids name no community, None behind the last."""
        rows = await self.store.plain(self.name).find({"_id": {"$gt": self._behind}}, limit=1, fields=["_id"])
        if not rows or not isinstance(rows[0]["_id"], str):
            return None
        community, slash, _ = rows[0]["_id"].partition("/")
        return community if slash else None if self._behind else ""

    async def _delete(self, community: str, oldest: str, most: int) -> int:
        collection, own = self.store.plain(self.name), f"{community}/" if community else ""
        old = {"_id": {"$gt": own, "$lt": own + oldest}}
        ids = [row["_id"] for row in await collection.find(old, limit=most, fields=["_id"])]
        return await collection.delete({"_id": {"$in": ids}}) if ids else 0
