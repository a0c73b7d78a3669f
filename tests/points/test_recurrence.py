"""Recurrence rules, against dateutil's; what is endless, dear or no rule is refused at once."""

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from time import process_time
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
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


def some(*words: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(words), min_size=1, max_size=4).map(",".join)


# Weekdays with numbers and without are not mixed: dateutil wants both to come true, RFC 5545 either.
rules = st.fixed_dictionaries(
    {"FREQ": st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"])},
    optional={
        "INTERVAL": st.integers(1, 5).map(str),
        "BYDAY": some("MO", "TU", "WE", "SA", "SU") | some("1MO", "-1FR", "5SU", "2TU", "-3WE"),
        "BYMONTHDAY": some(*map(str, range(1, 32)), "-1", "-2", "-31"),
        "BYMONTH": some(*map(str, range(1, 13))),
        "BYSETPOS": some("1", "2", "4", "-1", "-3"),
        "WKST": st.sampled_from(["MO", "SU", "WE"]),
    },
)


@given(rules, st.dates(date(2026, 1, 1), date(2028, 3, 1)), st.integers(1, 60) | st.integers(0, 500))
def test_it_comes_to_what_dateutil_makes_of_it(parts: dict[str, str], first: date, bound: int) -> None:
    """The first of the days from then on with which the rule can begin is its beginning."""
    until = first + timedelta(days=bound)
    end = f"COUNT={bound}" if 0 < bound <= OCCURRENCES_MAX else f"UNTIL={until:%Y%m%d}T190000"
    rule = ";".join([*(f"{name}={value}" for name, value in parts.items()), end])
    for later in range(40):
        begin = datetime.combine(first + timedelta(days=later), time(19))
        last = begin + timedelta(days=DAYS_MAX)
        try:
            found = days(rule, begin.replace(tzinfo=SHANGHAI))
        except InvalidRecurrence:
            continue
        except RecurrenceTooLong:
            if "COUNT" in rule or until <= last.date():
                theirs = list(islice(rrulestr(rule, dtstart=begin), OCCURRENCES_MAX + 1))
                assert len(theirs) > OCCURRENCES_MAX or theirs[-1] > last
            return
        assert found == [one.date().isoformat() for one in rrulestr(rule, dtstart=begin)]
        return


def test_weekdays_with_numbers_and_without_are_either() -> None:
    begin = datetime(2026, 3, 2, 19, tzinfo=SHANGHAI)
    assert days("FREQ=MONTHLY;COUNT=3;BYDAY=SA,1MO", begin) == ["2026-03-02", "2026-03-07", "2026-03-14"]


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
