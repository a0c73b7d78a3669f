"""Months as people of a community call them: `2026-03`, beginning at midnight of their own time zone."""

from datetime import UTC, datetime, time, timedelta, tzinfo


def month_of(at: datetime, zone: tzinfo) -> str:
    """Return the month of a moment."""
    return f"{at.astimezone(zone):%Y-%m}"


def moved(month: str, by: int) -> str:
    """Return the month so many months later, or earlier where `by` is below zero."""
    years, number = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 + by, 12)
    return f"{years:04}-{number + 1:02}"


def begin_of(month: str, zone: tzinfo) -> datetime:
    """Return when a month begins."""
    first = datetime(int(month[:4]), int(month[5:]), 1, tzinfo=zone)
    return first.astimezone(UTC)


def last_finished(at: datetime, zone: tzinfo) -> str:
    """Return the last month that is over."""
    return moved(month_of(at, zone), -1)


def next_time_of_day(at: datetime, clock: time, zone: tzinfo) -> datetime:
    """Return when it is a time of day again, after a moment."""
    local = at.astimezone(zone)
    today = datetime.combine(local.date(), clock, zone)
    following = today if today > local else datetime.combine(local.date() + timedelta(days=1), clock, zone)
    return following.astimezone(UTC)
