"""Minutes of a room's use, against one that counts minute by minute; and what they earn."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.points.domain.room_time import Premises, spoken, used_minutes
from services.worktime.hours import WEEKDAYS, Opening, is_open
from services.worktime.state_calendar import is_state_holiday

SHANGHAI = ZoneInfo("Asia/Shanghai")
SHOP = (Opening(WEEKDAYS, time(9), time(21)),)
WEEKDAYS_ONLY = (Opening(WEEKDAYS[:5], time(9), time(12)), Opening(WEEKDAYS[:5], time(14), time(18)))
ZONES = (SHANGHAI, ZoneInfo("Asia/Kathmandu"), ZoneInfo("Europe/Berlin"), UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def used(
    begin: str, end: str, hours: Sequence[Opening] = SHOP, holiday: Callable[[date], bool] = is_state_holiday
) -> tuple[int, int]:
    return used_minutes(Premises(hours, SHANGHAI, holiday), at(begin), at(end))


def naive(
    hours: Sequence[Opening], zone: tzinfo, holidays: set[date], begin: datetime, end: datetime
) -> tuple[int, int]:
    """Count minute by minute."""
    inside = total = 0
    minute = begin.astimezone(UTC).replace(second=0, microsecond=0)
    last = end.astimezone(UTC).replace(second=0, microsecond=0)
    while minute < last:
        local = minute.astimezone(zone)
        is_business = not hours or (is_open(hours, local) and local.date() not in holidays)
        inside, total = inside + is_business, total + 1
        minute += timedelta(minutes=1)
    return inside, total - inside


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        ("2026-03-02 10:00", "2026-03-02 12:00", (120, 0)),
        ("2026-03-02 20:30", "2026-03-02 22:00", (30, 60)),
        ("2026-03-02 08:59:59", "2026-03-02 09:01:59", (1, 1)),
        ("2026-03-02 20:00", "2026-03-03 10:00", (120, 720)),
        ("2025-12-31 20:00", "2026-01-01 10:00", (60, 780)),  # New Year is a holiday
        ("2026-02-28 23:00", "2026-03-01 01:00", (0, 120)),
        ("2024-02-28 23:30", "2024-02-29 09:30", (30, 570)),
        ("2026-03-02 10:00", "2026-03-02 10:00", (0, 0)),
        ("2026-03-02 12:00", "2026-03-02 10:00", (0, 0)),
        ("2026-03-02 10:00:00", "2026-03-02 10:00:59", (0, 0)),
    ],
)
def test_time_is_divided_where_business_begins_and_ends(
    begin: str, end: str, expected: tuple[int, int]
) -> None:
    assert used(begin, end) == expected


def test_on_a_state_holiday_no_hour_is_business() -> None:
    assert used("2026-10-01 10:00", "2026-10-01 12:00") == (0, 120)
    assert used("2026-10-03 10:00", "2026-10-03 12:00") == (0, 120)  # a Saturday in it, too


def test_a_weekend_that_is_worked_has_the_hours_of_its_weekday() -> None:
    assert not is_state_holiday(date(2026, 10, 10))  # a Saturday, worked for the National Day
    assert used("2026-10-10 10:00", "2026-10-10 12:00") == (120, 0)
    assert used("2026-10-10 10:00", "2026-10-10 12:00", WEEKDAYS_ONLY) == (0, 120)


def test_an_ordinary_weekend_is_no_holiday() -> None:
    assert not is_state_holiday(date(2026, 3, 7))
    assert used("2026-03-07 10:00", "2026-03-07 12:00") == (120, 0)


def test_beyond_what_the_state_has_published_the_law_says_what_a_holiday_is() -> None:
    assert is_state_holiday(date(2040, 10, 1))
    assert is_state_holiday(date(2040, 2, 12))
    assert not is_state_holiday(date(2040, 10, 4))


def test_who_has_no_hours_is_always_in_business() -> None:
    assert used("2026-09-30 22:00", "2026-10-01 02:00", ()) == (240, 0)


hours = st.lists(
    st.builds(
        lambda days, edges: Opening(tuple(days), *sorted(edges)),
        st.sets(st.sampled_from(WEEKDAYS), min_size=1).map(sorted),
        st.sets(st.times().map(lambda one: one.replace(microsecond=0)), min_size=2, max_size=2),
    ),
    max_size=4,
)
moments = st.integers(0, 70 * 24 * 3_600).map(
    lambda seconds: datetime(2025, 12, 25, tzinfo=UTC) + timedelta(seconds=seconds)
)


@given(
    hours,
    st.sampled_from(ZONES),
    st.sets(st.dates(date(2025, 12, 24), date(2026, 3, 6)), max_size=20),
    moments,
    st.timedeltas(timedelta(hours=-1), timedelta(hours=26)),
)
def test_it_comes_to_what_counting_minute_by_minute_does(
    hours: list[Opening], zone: tzinfo, holidays: set[date], begin: datetime, length: timedelta
) -> None:
    premises = Premises(hours, zone, holidays.__contains__)
    assert used_minutes(premises, begin, begin + length) == naive(
        hours, zone, holidays, begin, begin + length
    )


@given(hours, moments, st.integers(0, 1_500), st.integers(0, 1_500))
def test_two_halves_come_to_the_whole(hours: list[Opening], begin: datetime, one: int, two: int) -> None:
    premises = Premises(hours, SHANGHAI, is_state_holiday)
    middle, end = begin + timedelta(minutes=one), begin + timedelta(minutes=one + two)
    halves = zip(used_minutes(premises, begin, middle), used_minutes(premises, middle, end), strict=True)
    assert tuple(map(sum, halves)) == used_minutes(premises, begin, end)


def test_a_time_is_said_as_people_say_it_where_it_is() -> None:
    begin = datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert spoken(begin, begin + timedelta(hours=2), SHANGHAI) == "2026-03-02（周一）19:00–21:00"
    assert spoken(begin, begin + timedelta(hours=6), SHANGHAI) == "2026-03-02（周一）19:00–2026-03-03 01:00"
