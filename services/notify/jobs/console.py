"""Channels carry notices out of the inbox; each notice keeps what became of it there."""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime

from services.chassis.mongo import Store
from services.notify.store.notices import NOTICES, UNPRINTED

PORTION = 200
EVERY_SECONDS = 0.5
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Asked for, so that the index of what is to be printed is used."""


@dataclass(frozen=True, slots=True)
class ConsoleChannel:
    """Prints notices to standard output, for trying things out.

    A notice is marked after it was printed: a crash in between prints it again, and loses none.
    """

    store: Store

    async def look(self) -> int:
        """Print what is pending; return how much it was."""
        printed = portion = await self._print_portion()
        while portion == PORTION:
            portion = await self._print_portion()
            printed += portion
        return printed

    async def _print_portion(self) -> int:
        notices = self.store.plain(NOTICES.name)
        rows = await notices.find({**UNPRINTED, "at": {"$gt": NEVER}}, sort="at", limit=PORTION)
        for row in rows:
            sys.stdout.write(f"[{row['community']}] {row['recipient']}: {row['text']}\n")
        sys.stdout.flush()
        if rows:
            ids = [row["_id"] for row in rows]
            await notices.update({"_id": {"$in": ids}}, {"$set": {"console": "printed"}})
        return len(rows)
