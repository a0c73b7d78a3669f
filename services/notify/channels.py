"""Channels carry notices out of the inbox; each notice keeps what became of it there."""

import asyncio
import sys
from dataclasses import dataclass

import structlog

from services.chassis.failures import Away
from services.chassis.mongo import Store
from services.notify.store import NOTICES

log = structlog.get_logger()

PORTION = 200
PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class ConsoleChannel:
    """Prints notices to standard output, for trying things out.

    A notice is marked after it was printed: a crash in between prints it again, and loses none.
    """

    store: Store

    async def run(self) -> None:
        """Print what is pending, until cancelled."""
        while True:
            try:
                printed = await self._print_portion()
            except Away as away:
                log.warning("console_waits", because=str(away))
                printed = 0
            if printed < PORTION:
                await asyncio.sleep(PAUSE_SECONDS)

    async def _print_portion(self) -> int:
        notices = self.store.plain(NOTICES.name)
        rows = await notices.find({"console": "pending"}, limit=PORTION)
        for row in rows:
            sys.stdout.write(f"[{row['community']}] {row['recipient']}: {row['text']}\n")
        sys.stdout.flush()
        if rows:
            ids = [row["_id"] for row in rows]
            await notices.update({"_id": {"$in": ids}}, {"$set": {"console": "printed"}})
        return len(rows)
