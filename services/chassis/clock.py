"""The one place that asks for the time and for new ids, so that everything else can be given them.

For developing and showing only, the clock can run ahead: months pass at once, and all that follows from it.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from uuid_utils import uuid7

LOOKED_AT_SECONDS = 0.2
"""How often the file is read that says by how much the clock is ahead."""
AHEAD_MAX = timedelta(days=3_660)


@dataclass(slots=True)
class _Ahead:
    """By how much the clock is ahead of the time; it never goes back.

    Arguments:
        path: of the file that says so, in seconds; None: it is not.
    """

    path: Path | None = None
    by: timedelta = field(default_factory=timedelta)
    looked_at: float = 0.0

    def look(self) -> None:
        """Read the file again, if it is a while since."""
        if self.path is None or monotonic() - self.looked_at < LOOKED_AT_SECONDS:
            return
        self.looked_at = monotonic()
        try:
            said = timedelta(seconds=float(self.path.read_text(encoding="utf-8").strip() or 0))
        except (OSError, ValueError, OverflowError):
            return  # it is being written, or says nothing
        self.by = max(self.by, min(said, AHEAD_MAX))


_ahead = _Ahead()


def run_ahead(path: Path | None) -> None:
    """Let the clock of this process be ahead by as many seconds as a file says, now and whenever it changes.

    Arguments:
        path: the file; None: the clock is right again, for this process.
    """
    _ahead.path, _ahead.by, _ahead.looked_at = path, timedelta(), 0.0
    _ahead.look()


def now() -> datetime:
    """Return the time in UTC, cut to milliseconds as the database keeps it."""
    at = datetime.now(UTC)
    if _ahead.path is not None:
        _ahead.look()
        at += _ahead.by
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def new_id() -> str:
    """Return an id that sorts by the time it was made (UUIDv7)."""
    if _ahead.path is None:
        return uuid7().hex
    return uuid7(nanoseconds=int((datetime.now(UTC) + _ahead.by).timestamp() * 1e9)).hex


def first_id_of(at: datetime) -> str:
    """Return what every id made before a moment is less than, and every later one is not (RFC 9562, 5.7)."""
    return f"{int(at.timestamp() * 1000):012x}"
