"""Which replica works on which partitions: all living replicas are listed, and the partitions dealt out."""

import os
import socket
from collections.abc import Sequence

from services.chassis.clock import new_id
from services.chassis.mongo import RawCollection, Store

COLLECTION = "members"


def share_of(member: str, members: Sequence[str], partitions: int) -> frozenset[int]:
    """Return the partitions of a member: dealt out in turn over the sorted members, none twice, none left."""
    ordered = sorted(set(members) | {member})
    place = ordered.index(member)
    return frozenset(range(place, partitions, len(ordered)))


class Members:
    """The living replicas of one service, by a sign of life in its database.

    Arguments:
        store: of the service.
        silence_seconds: after which a replica counts as gone; judged by the database's clock alone.
    """

    def __init__(self, store: Store, silence_seconds: float) -> None:
        self._members: RawCollection = store.plain(COLLECTION)
        self._silence_ms = round(silence_seconds * 1000)
        self.living = 1
        """How many live, as far as this one knows."""
        self.me = f"{socket.gethostname()}-{os.getpid()}-{new_id()[-8:]}"

    async def sign(self) -> list[str]:
        """Give a sign of life; return all who live."""
        await self._members.update({"_id": self.me}, [{"$set": {"seen_at": "$$NOW"}}], upsert=True)
        since = {"$subtract": ["$$NOW", self._silence_ms]}
        rows = await self._members.find({"$expr": {"$gt": ["$seen_at", since]}})
        self.living = max(1, len(rows))
        return [row["_id"] for row in rows]

    async def leave(self) -> None:
        """Make room at once for the others, and forget those long gone."""
        await self._members.delete({"_id": self.me})
        long_ago = {"$subtract": ["$$NOW", 60 * self._silence_ms]}
        await self._members.delete({"$expr": {"$lt": ["$seen_at", long_ago]}})
