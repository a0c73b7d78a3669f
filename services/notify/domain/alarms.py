"""An alarm on its way out of the house: what is told, which way, and how often it was tried."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.contracts.values import replace

WAITS_SECONDS = (5, 10, 20, 40, 60)
"""Between tries; the last again and again until it is too old."""
TRIED_FOR = timedelta(hours=1)
KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What one way is told of one alarm.

    Arguments:
        delivery: id of it, the same for every try.
        way: number of the way among those of the community.
        alarm: what is told, as plain values; `words` is the sentence for people.
        since: when it was raised.
        due_at: when it is tried next; None once it has arrived or is too old.
        tries: how often it was tried.
        outcome: what became of the last try.
        over_at: when it can be forgotten.
    """

    delivery: str
    way: int
    alarm: dict[str, object]
    since: datetime
    due_at: datetime | None
    tries: int = 0
    outcome: str = ""
    over_at: datetime | None = field(default=None)

    def tried(self, at: datetime) -> "Outgoing":
        """Return it with one try more, and when the next is due unless this one arrives."""
        wait = timedelta(seconds=WAITS_SECONDS[min(self.tries, len(WAITS_SECONDS) - 1)])
        if at + wait > self.since + TRIED_FOR:
            return replace(self.over(at), tries=self.tries + 1)
        return replace(self, tries=self.tries + 1, due_at=at + wait)

    def over(self, at: datetime) -> "Outgoing":
        """Return it as arrived, or given up."""
        return replace(self, due_at=None, over_at=at + KEPT)
