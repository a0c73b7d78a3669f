"""The days that are holidays by law every year, known before the state publishes a year's plan.

全国年节及纪念日放假办法 (State Council, in force since 1 January 2025), article 2. The plan adds to them
days off in exchange for weekends that are worked (调休); those are known only from the plan.

The days of the lunar year are those of the Chinese calendar (GB/T 33661-2017), as the Purple Mountain
Observatory and the Hong Kong Observatory publish them; the tests hold them against sun and moon.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from types import MappingProxyType

FIXED: tuple[tuple[int, int], ...] = ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3))
"""Month and day of New Year, Labour Day and National Day."""
SPRING_FESTIVAL = range(-1, 3)
"""Days counted from the first of the lunar year: its eve, and its first three."""
_MOVING: Mapping[int, tuple[str, str, str, str]] = MappingProxyType(
    {
        2027: ("02-06", "04-05", "06-09", "09-15"),
        2028: ("01-26", "04-04", "05-28", "10-03"),
        2029: ("02-13", "04-04", "06-16", "09-22"),
        2030: ("02-03", "04-05", "06-05", "09-12"),
        2031: ("01-23", "04-05", "06-24", "10-01"),
        2032: ("02-11", "04-04", "06-12", "09-19"),
        2033: ("01-31", "04-04", "06-01", "09-08"),
        2034: ("02-19", "04-05", "06-20", "09-27"),
        2035: ("02-08", "04-05", "06-10", "09-16"),
        2036: ("01-28", "04-04", "05-30", "10-04"),
        2037: ("02-15", "04-04", "06-18", "09-24"),
        2038: ("02-04", "04-05", "06-07", "09-13"),
        2039: ("01-24", "04-05", "05-27", "10-02"),
        2040: ("02-12", "04-04", "06-14", "09-20"),
        2041: ("02-01", "04-04", "06-03", "09-10"),
        2042: ("01-22", "04-04", "06-22", "09-28"),
        2043: ("02-10", "04-05", "06-11", "09-17"),
        2044: ("01-30", "04-04", "05-31", "10-05"),
        2045: ("02-17", "04-04", "06-19", "09-25"),
        2046: ("02-06", "04-04", "06-08", "09-15"),
        2047: ("01-26", "04-05", "05-29", "10-04"),
        2048: ("02-14", "04-04", "06-15", "09-22"),
        2049: ("02-02", "04-04", "06-04", "09-11"),
        2050: ("01-23", "04-04", "06-23", "09-30"),
    }
)
"""Year → first day of the lunar year (春节), Qingming (清明), Dragon Boat (端午), Mid-Autumn (中秋)."""
FIRST_YEAR, LAST_YEAR = min(_MOVING), max(_MOVING)
"""Years whose moving holidays are known; in others only those with a fixed date are."""


def moving(year: int) -> tuple[date, date, date, date] | None:
    """Return the first day of the lunar year, Qingming, Dragon Boat and Mid-Autumn; None where unknown."""
    written = _MOVING.get(year)
    if written is None:
        return None
    spring, qingming, dragon, autumn = (date.fromisoformat(f"{year}-{day}") for day in written)
    return spring, qingming, dragon, autumn


def is_holiday_by_law(day: date) -> bool:
    """Return whether nobody works on a day, whatever the year's plan will say."""
    return (day.month, day.day) in FIXED or day in set(_moving_days(day.year))


def _moving_days(year: int) -> Iterator[date]:
    days = moving(year)
    if days is not None:
        spring, *others = days
        yield from (spring + timedelta(days=number) for number in SPRING_FESTIVAL)
        yield from others
