"""The one place that asks for the time and for new ids, so that everything else can be given them."""

from datetime import UTC, datetime

from uuid_utils import uuid7


def now() -> datetime:
    """Return the time in UTC, cut to milliseconds as the database keeps it."""
    at = datetime.now(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def new_id() -> str:
    """Return an id that sorts by the time it was made (UUIDv7)."""
    return uuid7().hex


def first_id_of(at: datetime) -> str:
    """Return what every id made before a moment is less than, and every later one is not (RFC 9562, 5.7)."""
    return f"{int(at.timestamp() * 1000):012x}"
