"""Recurrence rules, against dateutil's; what is endless, dear or no rule is refused at once."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from time import process_time
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given
from hypothesis import strategies as st

from services.contracts.refusal import Refused
from services.points.domain.recurrence import (
    DAYS_MAX,
    OCCURRENCES_MAX,
    EndlessRecurrence,
    InvalidRecurrence,
    RecurrenceTooLong,
    occurrences,
    read_recurrence,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 19, tzinfo=SHANGHAI)


def days(rule: str, first: datetime = MONDAY) -> list[str]:
    return [day.isoformat() for day in read_recurrence(rule).days(first)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=DAILY;COUNT=3", ["2026-03-02", "2026-03-03", "2026-03-04"]),
        ("RRULE:FREQ=WEEKLY;COUNT=3", ["2026-03-02", "2026-03-09", "2026-03-16"]),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=3;BYDAY=MO,WE", ["2026-03-02", "2026-03-04", "2026-03-16"]),
        ("freq=weekly;until=20260316T110000Z", ["2026-03-02", "2026-03-09", "2026-03-16"]),
        ("FREQ=WEEKLY;UNTIL=20260316T105959Z", ["2026-03-02", "2026-03-09"]),
        ("FREQ=WEEKLY;UNTIL=20260309", ["2026-03-02", "2026-03-09"]),
        ("FREQ=WEEKLY;UNTIL=20260309T185959", ["2026-03-02"]),
        ("FREQ=MONTHLY;COUNT=3", ["2026-03-02", "2026-04-02", "2026-05-02"]),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=1MO", ["2026-03-02", "2026-04-06", "2026-05-04"]),
        ("FREQ=MONTHLY;COUNT=2;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1", None),
        ("FREQ=DAILY;INTERVAL=7;COUNT=2;WKST=SU", ["2026-03-02", "2026-03-09"]),
        ("FREQ=DAILY;COUNT=1;BYMONTH=3", ["2026-03-02"]),
    ],
)
def test_the_usual_ones_are_followed(rule: str, expected: list[str] | None) -> None:
    found = days(rule)
    assert found == (expected or ["2026-03-02", "2026-04-01"])


def test_the_last_day_of_months_and_the_turn_of_the_year() -> None:
    last = datetime(2026, 10, 31, 22, tzinfo=SHANGHAI)
    assert days("FREQ=MONTHLY;COUNT=4;BYMONTHDAY=-1", last) == [
        "2026-10-31",
        "2026-11-30",
        "2026-12-31",
        "2027-01-31",
    ]
    assert days("FREQ=MONTHLY;COUNT=3", last) == ["2026-10-31", "2026-12-31", "2027-01-31"]


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "nonsense",
        "FREQ=SECONDLY;COUNT=3",
        "FREQ=MINUTELY;COUNT=3",
        "FREQ=HOURLY;COUNT=3",
        "FREQ=YEARLY;COUNT=3",
        "FREQ=DAILY;COUNT=3;BYSECOND=0,1,2",
        "FREQ=DAILY;COUNT=3;BYHOUR=9",
        "FREQ=DAILY;COUNT=3;BYEASTER=1",
        "FREQ=WEEKLY;COUNT=3;BYWEEKNO=20",
        "FREQ=DAILY;COUNT=3;BYYEARDAY=" + ",".join(map(str, range(1, 367))),
        "FREQ=WEEKLY;COUNT=3;BYDAY=" + ",".join(["MO"] * 1_000),
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;COUNT=3;COUNT=4",
        "FREQ=DAILY;COUNT=3;UNTIL=20260401",
        "FREQ=DAILY;COUNT=3;INTERVAL=0",
        "FREQ=DAILY;COUNT=3;INTERVAL=100000000",
        "FREQ=DAILY;COUNT=1,2",
        "FREQ=DAILY;UNTIL=20261301",
        "FREQ=DAILY;UNTIL=soon",
        "FREQ=DAILY;UNTIL=20260301T250000",
        "FREQ=WEEKLY;COUNT=3;BYDAY=2MO",
        "FREQ=WEEKLY;COUNT=3;BYDAY=XX",
        "FREQ=WEEKLY;COUNT=3;BYMONTHDAY=2",
        "FREQ=MONTHLY;COUNT=3;BYSETPOS=1",
        "FREQ=MONTHLY;COUNT=3;BYMONTHDAY=32",
        "FREQ=WEEKLY;COUNT=3;WKST=XX",
        "FREQ=WEEKLY;COUNT=3;BYDAY=TU",  # the first is a Monday
        "FREQ=WEEKLY;UNTIL=20200101",
        "FREQ=DAILY;COUNT=3\nDTSTART:20200101",
        "FREQ=MONTHLY;COUNT=3;BYMONTHDAY=30;BYMONTH=2",  # never comes true
        "FREQ=DAILY;COUNT=3;BYMONTHDAY=31;BYMONTH=2,4,6",
        "FREQ=MONTHLY;COUNT=2;BYMONTHDAY=2;BYSETPOS=3",
        "FREQ=DAILY;COUNT=٣",
    ],
)
def test_what_is_no_rule_or_never_comes_true_is_refused(rule: str) -> None:
    with pytest.raises((InvalidRecurrence, RecurrenceTooLong)):
        days(rule)


@pytest.mark.parametrize("rule", ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO", "FREQ=MONTHLY;INTERVAL=1"])
def test_what_is_endless_is_refused(rule: str) -> None:
    with pytest.raises(EndlessRecurrence):
        days(rule)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;COUNT=61",
        "FREQ=DAILY;COUNT=999999999",
        "FREQ=DAILY;UNTIL=99991231",
        "FREQ=WEEKLY;UNTIL=20270601",
        "FREQ=WEEKLY;COUNT=60",
        "FREQ=MONTHLY;INTERVAL=300;COUNT=2",
        "FREQ=DAILY;INTERVAL=366;COUNT=3",
    ],
)
def test_more_than_sixty_or_a_year_is_refused(rule: str) -> None:
    with pytest.raises(RecurrenceTooLong):
        days(rule)


def test_sixty_and_a_year_are_not_too_much() -> None:
    assert len(days("FREQ=DAILY;COUNT=60")) == OCCURRENCES_MAX
    assert days("FREQ=DAILY;INTERVAL=366;COUNT=2")[-1] == "2027-03-03"


def test_nothing_hostile_takes_long() -> None:
    parts = ["FREQ=DAILY;", "FREQ=MONTHLY;", "FREQ=WEEKLY;", "FREQ=SECONDLY;"]
    bounds = ["COUNT=60", "UNTIL=99991231", "COUNT=999999999", ""]
    more = ["", ";BYMONTH=2;BYMONTHDAY=30", ";BYDAY=" + "5SU,-5SU," * 20 + "MO", ";BYSECOND=" + "1," * 10**6]
    began = process_time()
    for rule in (f"{one}{two}{three}" for one in parts for two in bounds for three in more):
        with suppress(Refused):
            assert len(days(rule)) == 60, rule
    assert process_time() - began < 0.5


numbers = st.lists(st.integers(-31, 31).filter(bool), min_size=1, max_size=4, unique=True)
rules = st.fixed_dictionaries(
    {"FREQ": st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"])},
    optional={
        "INTERVAL": st.integers(1, 5).map(str),
        "BYDAY": st.lists(
            st.sampled_from(["MO", "TU", "WE", "SA", "SU", "1MO", "-1FR", "5SU"]), min_size=1, max_size=4
        ),
        "BYMONTHDAY": numbers,
        "BYMONTH": st.lists(st.integers(1, 12), min_size=1, max_size=6, unique=True),
        "BYSETPOS": st.lists(st.integers(-4, 4).filter(bool), min_size=1, max_size=2, unique=True),
        "WKST": st.sampled_from(["MO", "SU", "WE"]),
    },
)


@given(rules, st.dates(date(2026, 1, 1), date(2028, 3, 1)), st.integers(1, 60) | st.dates())
def test_it_comes_to_what_dateutil_makes_of_it(
    parts: dict[str, str | list[object]], first: date, bound: int | date
) -> None:
    words = {
        name: given if isinstance(given, str) else ",".join(map(str, given)) for name, given in parts.items()
    }
    begin = datetime.combine(first, datetime.min.time()).replace(hour=19)
    end = f"COUNT={bound}" if isinstance(bound, int) else f"UNTIL={bound:%Y%m%d}T190000"
    assume(isinstance(bound, int) or bound.year > 1900)
    rule = ";".join([*(f"{name}={value}" for name, value in words.items()), end])
    try:
        found = days(rule, begin.replace(tzinfo=SHANGHAI))
    except InvalidRecurrence:
        return  # what dateutil makes of those does not matter
    except RecurrenceTooLong:
        # Only the first of them are asked for: dateutil would look for them till the year 9999.
        last = begin + timedelta(days=DAYS_MAX)
        theirs = list(rrulestr(rule, dtstart=begin).between(begin, last, inc=True)) if "UNTIL" in rule else []
        assert "COUNT" in rule or len(theirs) > OCCURRENCES_MAX or bound > last.date()  # type: ignore[operator]
        return
    assert found == [one.date().isoformat() for one in rrulestr(rule, dtstart=begin)]


def test_each_begins_at_the_same_time_of_day_and_has_the_same_length() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    begin = datetime(2026, 3, 28, 19, tzinfo=berlin)
    times = occurrences(
        read_recurrence("FREQ=DAILY;COUNT=2"), begin.astimezone(UTC), begin + timedelta(hours=2), berlin
    )
    assert [one.astimezone(berlin).hour for one, _ in times] == [19, 19]
    assert times[1][0] - times[0][0] == timedelta(hours=23)  # clocks go forward between them
    assert {end - begin for begin, end in times} == {timedelta(hours=2)}
    assert occurrences(None, begin, begin + timedelta(hours=2), berlin) == (
        (begin, begin + timedelta(hours=2)),
    )
