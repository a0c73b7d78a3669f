"""The parking lot: messages that need a person, and a record of what the person did."""

import builtins
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from services.chassis.clock import new_id, now
from services.chassis.mongo import RawCollection, Store

PARKED = "parked"
ACTIONS = "parked_actions"


@dataclass(frozen=True, slots=True)
class Parked:
    """A message as it was put aside."""

    id: str
    service: str
    queue: str
    reason: str
    detail: str
    attempts: int
    at: datetime
    body: bytes


def parked_id(queue: str, body: bytes) -> str:
    """Return an id that is the same whenever the same message is parked again."""
    return sha256(queue.encode() + b"\0" + body).hexdigest()[:24]


class ParkingLot:
    """The parked messages of one service."""

    def __init__(self, store: Store) -> None:
        self._parked: RawCollection = store.plain(PARKED)
        self._actions: RawCollection = store.plain(ACTIONS)

    async def park(self, messages: Sequence[Parked]) -> None:
        """Put messages aside, all in one write; one that is there already is only refreshed."""
        await self._parked.put_many(list({message.id: _row(message) for message in messages}.values()))

    async def list(self, limit: int = 100) -> list[Parked]:
        """Return parked messages, oldest first."""
        return [_parked(row) for row in await self._parked.find({}, sort="at", limit=limit)]

    async def find(self, beginning: str) -> Parked | None:
        """Return one parked message by its id or its beginning, if that names just one."""
        pattern = {"$regex": f"^{re.escape(beginning)}"}
        rows = await self._parked.find({"_id": pattern}, limit=2)
        return _parked(rows[0]) if len(rows) == 1 else None

    async def take_off(self, message: Parked, action: str, by: str) -> None:
        """Record what a person did with a message, then take it off the lot.

        What was parked again meanwhile, because a replay failed at once, stays.
        """
        record = {"_id": new_id(), "parked": message.id, "action": action, "by": by, "at": now()}
        await self._actions.put({**record, "reason": message.reason, "queue": message.queue})
        await self._parked.delete({"_id": message.id, "at": message.at})

    async def actions(self) -> builtins.list[dict[str, Any]]:
        """Return what was done with parked messages, oldest first."""
        return await self._actions.find({}, sort="at")


def _row(message: Parked) -> dict[str, Any]:
    fields = {name: getattr(message, name) for name in Parked.__dataclass_fields__ if name != "id"}
    return {"_id": message.id, **fields}


def _parked(row: dict[str, Any]) -> Parked:
    return Parked(row["_id"], *(row[name] for name in Parked.__dataclass_fields__ if name != "id"))
