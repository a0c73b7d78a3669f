"""The table of holidays by law, held against sun and moon; no deadline falls on any of them."""

from datetime import UTC, date, datetime, time, timedelta
from math import cos, floor, radians, sin
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.community_file import CommunityFile
from services.matching.routing.deadlines import limits_of
from services.worktime.calendar import Span, WorkingCalendar
from services.worktime.holidays_by_law import FIRST_YEAR, LAST_YEAR, is_holiday_by_law, moving
from services.worktime.state_calendar import is_state_workday

CHINA = ZoneInfo("Asia/Shanghai")
OFFICE = WorkingCalendar((Span(time(8), time(18)),), CHINA, is_state_workday)
YEARS = range(FIRST_YEAR, LAST_YEAR + 1)
AROUND_THE_WINTER_OF_2033 = {(2033, 180), (2034, 330)}
"""Months without such a day that are no leap months: the rule gives that place to the eleventh of 2033."""
MINUTES_WRONG_MAX = timedelta(minutes=5)
"""How far off the formulae below may be, in the years in question."""
SECONDS_AHEAD = 75
"""Of dynamical time before universal time, in the middle of those years."""


def at(text: str) -> datetime:
    """Return a moment in China."""
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def moment(julian: float) -> datetime:
    """Return a moment in China of a julian ephemeris day."""
    since_2000 = timedelta(days=julian - 2_451_545.0, seconds=-SECONDS_AHEAD)
    return (datetime(2000, 1, 1, 12, tzinfo=UTC) + since_2000).astimezone(CHINA)


def new_moon(number: int) -> datetime:
    """Return the new moon of a number, counted from January 2000 (Meeus, Astronomical Algorithms, 49)."""
    t = number / 1236.85
    e = 1 - 0.002516 * t
    sun = radians(2.5534 + 29.10535670 * number)
    moon = radians(201.5643 + 385.81693528 * number + 0.0107582 * t * t)
    arg = radians(160.7108 + 390.67050284 * number - 0.0016118 * t * t)
    node = radians(124.7746 - 1.56375588 * number)
    day = 2_451_550.09766 + 29.530588861 * number + 0.00015437 * t * t
    day += -0.40720 * sin(moon) + 0.17241 * e * sin(sun) + 0.01608 * sin(2 * moon) + 0.01039 * sin(2 * arg)
    day += 0.00739 * e * sin(moon - sun) - 0.00514 * e * sin(moon + sun) + 0.00208 * e * e * sin(2 * sun)
    day += -0.00111 * sin(moon - 2 * arg) - 0.00057 * sin(moon + 2 * arg) + 0.00056 * e * sin(2 * moon + sun)
    day += -0.00042 * sin(3 * moon) + 0.00042 * e * sin(sun + 2 * arg) + 0.00038 * e * sin(sun - 2 * arg)
    day += -0.00024 * e * sin(2 * moon - sun) - 0.00017 * sin(node)
    day += 0.000325 * sin(radians(299.77 + 0.107408 * number - 0.009173 * t * t))
    return moment(day)


def new_moon_of(day: date) -> datetime:
    """Return the new moon nearest to the noon of a day."""
    noon = datetime.combine(day, datetime.min.time(), CHINA) + timedelta(hours=12)
    guess = floor((noon - datetime(2000, 1, 6, 18, 14, tzinfo=UTC)).total_seconds() / 86_400 / 29.530588861)
    return min((new_moon(guess + n) for n in (-1, 0, 1, 2)), key=lambda found: abs(found - noon))


def sun_longitude(when: datetime) -> float:
    """Return where the sun stands, in degrees of its apparent longitude (Meeus, 25, to 0.01 degrees)."""
    t = ((when - datetime(2000, 1, 1, 12, tzinfo=UTC)).total_seconds() + SECONDS_AHEAD) / 86_400 / 36_525
    anomaly = radians(357.52911 + 35_999.05029 * t - 0.0001537 * t * t)
    centre = (
        (1.914602 - 0.004817 * t) * sin(anomaly) + 0.019993 * sin(2 * anomaly) + 0.000289 * sin(3 * anomaly)
    )
    node = radians(125.04 - 1_934.136 * t)
    return (280.46646 + 36_000.76983 * t + 0.0003032 * t * t + centre - 0.00569 - 0.00478 * sin(node)) % 360


def midnight(day: date) -> datetime:
    """Return when a day begins in China."""
    return datetime.combine(day, datetime.min.time(), CHINA)


def test_the_formulae_find_what_everybody_saw() -> None:
    """New moon on 2026-02-17 at 20:01 and 2024-02-10 at 06:59, Qingming on 2026-04-05 at 02:40."""
    for seen in ("2026-02-17T20:01", "2024-02-10T06:59"):
        assert abs(new_moon_of(at(seen).date()) - at(seen)) < MINUTES_WRONG_MAX
    assert cos(radians(sun_longitude(at("2026-04-05T02:40")) - 15)) > cos(radians(0.02))


@pytest.mark.parametrize("year", YEARS)
def test_months_begin_with_the_new_moon(year: int) -> None:
    found = moving(year)
    assert found is not None
    spring, _, dragon, autumn = found
    for first in (spring, dragon - timedelta(days=4), autumn - timedelta(days=14)):
        moon = new_moon_of(first)
        assert midnight(first) - MINUTES_WRONG_MAX <= moon < midnight(first) + timedelta(days=1, minutes=5)


@pytest.mark.parametrize("year", YEARS)
def test_the_months_are_the_right_ones(year: int) -> None:
    """In the first month the sun passes 330 degrees, in the fifth 90, in the eighth 180."""
    found = moving(year)
    assert found is not None
    spring, _, dragon, autumn = found
    for first, degrees in (
        (spring, 330),
        (dragon - timedelta(days=4), 90),
        (autumn - timedelta(days=14), 180),
    ):
        if (year, degrees) in AROUND_THE_WINTER_OF_2033:
            continue
        after = new_moon_of(first + timedelta(days=30)).date()
        begins, ends = sun_longitude(midnight(first)), sun_longitude(midnight(after))
        assert (degrees - begins) % 360 < (ends - begins) % 360, f"{first} is taken for another month"


@pytest.mark.parametrize("year", YEARS)
def test_qingming_is_the_day_on_which_the_sun_passes_fifteen_degrees(year: int) -> None:
    found = moving(year)
    assert found is not None
    qingming = found[1]
    slack = 0.012  # of a degree: a quarter of an hour
    assert (sun_longitude(midnight(qingming)) - 15 - slack) % 360 > 180
    assert (sun_longitude(midnight(qingming + timedelta(days=1))) - 15 + slack) % 360 < 180


@pytest.mark.parametrize("year", YEARS)
def test_there_are_thirteen_days_a_year_less_those_that_meet(year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    free = [day for day in days if day.year == year and is_holiday_by_law(day)]
    found = moving(year)
    assert found is not None
    meets = found[3] in {date(year, 10, 1), date(year, 10, 2), date(year, 10, 3)}
    assert len(free) == 13 - meets
    assert not any(is_state_workday(day) for day in free)


def test_beyond_the_table_those_with_a_fixed_date_are_known() -> None:
    assert moving(LAST_YEAR + 1) is None
    assert is_holiday_by_law(date(LAST_YEAR + 1, 10, 3))
    assert not is_holiday_by_law(date(LAST_YEAR + 1, 2, 11))


def test_the_fixed_ones_are_those_that_the_state_keeps() -> None:
    for year in (2025, 2026):
        for day in (date(year, 1, 1), date(year, 5, 2), date(year, 10, 3)):
            assert is_holiday_by_law(day)
            assert chinese_calendar.is_holiday(day)


def test_what_is_due_in_five_weeks_is_not_due_on_new_years_day(jiwang: CommunityFile) -> None:
    """Asked on 2026-11-26, 26 working days: the 26th would be Friday, 1 January 2027."""
    working = limits_of(jiwang).working
    due = working.closing(at("2026-11-26T10:00"), 26).astimezone(CHINA)
    assert due == at("2027-01-04T18:00")


def test_what_was_asked_on_new_years_eve_is_answered_after_new_year(jiwang: CommunityFile) -> None:
    working = limits_of(jiwang).working
    assert working.later(at("2026-12-31T17:00"), timedelta(hours=2)) == at("2027-01-04T09:00")


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        (
            "2027-02-04T10:00",
            "2027-02-09T18:00",
        ),  # eve on Friday the 5th, first day Saturday; back on Tuesday
        ("2027-04-02T10:00", "2027-04-06T18:00"),
        ("2027-04-30T10:00", "2027-05-03T18:00"),
        ("2027-06-08T10:00", "2027-06-10T18:00"),
        ("2027-09-14T10:00", "2027-09-16T18:00"),
        ("2027-09-30T10:00", "2027-10-04T18:00"),
    ],
)
def test_the_next_working_day_is_never_a_holiday_by_law(jiwang: CommunityFile, asked: str, due: str) -> None:
    assert limits_of(jiwang).working.closing(at(asked), 1) == at(due)


@given(st.integers(0, 24 * 365), st.integers(1, 30))
def test_no_deadline_ever_ends_on_one(days_later: int, days: int) -> None:
    start = at("2026-11-01T10:00") + timedelta(days=days_later)
    due = OFFICE.closing(start, days).astimezone(CHINA).date()
    assert not is_holiday_by_law(due)
