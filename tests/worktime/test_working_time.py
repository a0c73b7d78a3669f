"""Working time, held against the state's calendar of 2024 to 2026: holidays, and weekends that are worked."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.community_file import CommunityFile, Deadlines
from services.matching.routing.deadlines import limits_of
from services.worktime import state_calendar
from services.worktime.calendar import NoWorkingTime, RoundTheClock, Span, WorkingCalendar
from services.worktime.state_calendar import is_state_workday

CHINA = ZoneInfo("Asia/Shanghai")
MORNING, AFTERNOON = Span(time(8), time(12)), Span(time(14, 30), time(18))
OFFICE = WorkingCalendar((MORNING, AFTERNOON), CHINA, is_state_workday)
DAY = timedelta(hours=7, minutes=30)


def at(text: str) -> datetime:
    """Return a moment in China."""
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


FIRST, SECONDS = datetime(2024, 1, 1, tzinfo=UTC), 1_035 * 86_400
moments = st.integers(0, SECONDS).map(lambda seconds: FIRST + timedelta(seconds=seconds))
"""From 2024 to the end of October 2026, so that what begins then ends in a year that is known."""
spans = st.integers(1, 60 * 60).map(lambda minutes: timedelta(minutes=minutes))


def is_working(moment: datetime) -> bool:
    """Return whether people work at a moment, opening and closing times included: without our calendar."""
    local = moment.astimezone(CHINA)
    inside = any(span.opens <= local.time() <= span.closes for span in OFFICE.spans)
    return inside and chinese_calendar.is_workday(local.date())


class TestHours:
    @given(moments, spans)
    def test_never_end_outside_working_time(self, start: datetime, span: timedelta) -> None:
        assert is_working(OFFICE.later(start, span))

    @given(moments, spans)
    def test_that_have_passed_are_counted_as_they_were_given(self, start: datetime, span: timedelta) -> None:
        assert OFFICE.between(start, OFFICE.later(start, span)) == span

    @given(moments, spans, spans)
    def test_more_of_them_end_later_and_two_portions_end_like_one(
        self, start: datetime, first: timedelta, second: timedelta
    ) -> None:
        middle = OFFICE.later(start, first)
        assert start < middle < OFFICE.later(start, first + second)
        assert OFFICE.later(middle, second) == OFFICE.later(start, first + second)

    @given(moments, moments, spans)
    def test_who_begins_later_does_not_end_sooner(
        self, one: datetime, other: datetime, span: timedelta
    ) -> None:
        first, second = sorted((one, other))
        assert OFFICE.later(first, span) <= OFFICE.later(second, span)

    @given(moments, moments, moments)
    def test_between_moments_add_up(self, a: datetime, b: datetime, c: datetime) -> None:
        first, middle, last = sorted((a, b, c))
        whole = OFFICE.between(first, last)
        assert OFFICE.between(first, middle) + OFFICE.between(middle, last) == whole
        assert timedelta() <= whole <= last - first
        assert OFFICE.between(last, first) == timedelta()

    @given(moments, st.integers(0, 20))
    def test_a_whole_number_of_days_is_as_many_working_days(self, start: datetime, days: int) -> None:
        local = start.astimezone(CHINA)
        midnight = local.replace(hour=0, minute=0, second=0)
        counted = sum(
            chinese_calendar.is_workday(local.date() + timedelta(days=number)) for number in range(days)
        )
        assert OFFICE.between(midnight, midnight + timedelta(days=days)) == counted * DAY


class TestDays:
    @given(moments, st.integers(1, 30))
    def test_end_at_the_closing_of_just_as_many_working_days(self, start: datetime, days: int) -> None:
        closing = OFFICE.closing(start, days).astimezone(CHINA)
        assert closing.time() == AFTERNOON.closes
        assert chinese_calendar.is_workday(closing.date())
        first = start.astimezone(CHINA).date() + timedelta(days=1)
        assert len(chinese_calendar.get_workdays(first, closing.date())) == days

    @given(moments, st.integers(1, 30))
    def test_open_in_the_morning_of_the_day_on_which_they_close(self, start: datetime, days: int) -> None:
        opening = OFFICE.opening(start, days).astimezone(CHINA)
        assert opening.time() == MORNING.opens
        assert opening.date() == OFFICE.closing(start, days).astimezone(CHINA).date()

    def test_the_day_on_which_it_begins_does_not_count(self) -> None:
        for start in ("2026-03-02T00:00", "2026-03-02T09:00", "2026-03-02T23:59"):
            assert OFFICE.closing(at(start), 1) == at("2026-03-03T18:00")


class TestHolidays:
    def test_the_evening_before_national_day_goes_on_after_it(self) -> None:
        """2026-09-30 is the last working day; the state works again on Thursday, 8 October."""
        assert OFFICE.later(at("2026-09-30T17:00"), timedelta(hours=2)) == at("2026-10-08T09:00")
        assert OFFICE.closing(at("2026-09-30T17:00"), 1) == at("2026-10-08T18:00")

    def test_a_friday_at_five_before_national_day(self) -> None:
        """2025-10-01 is a Wednesday, and the Sunday before it is worked in exchange."""
        assert OFFICE.later(at("2025-09-26T17:00"), timedelta(hours=2)) == at("2025-09-28T09:00")

    def test_a_saturday_that_is_worked_is_a_working_day(self) -> None:
        assert is_state_workday(date(2026, 10, 10))
        assert OFFICE.later(at("2026-10-09T17:30"), timedelta(hours=1)) == at("2026-10-10T08:30")
        assert OFFICE.closing(at("2026-10-09T10:00"), 1) == at("2026-10-10T18:00")

    def test_noon_is_not_worked(self) -> None:
        assert OFFICE.later(at("2026-03-02T11:00"), timedelta(hours=2)) == at("2026-03-02T15:30")
        assert OFFICE.between(at("2026-03-02T12:00"), at("2026-03-02T14:30")) == timedelta()

    def test_exactly_the_rest_of_the_day_ends_at_its_closing(self) -> None:
        assert OFFICE.later(at("2026-03-02T14:30"), timedelta(hours=3.5)) == at("2026-03-02T18:00")

    def test_days_of_the_communitys_own_come_before_the_states(self, jiwang: CommunityFile) -> None:
        fair, worked = date(2026, 3, 3), date(2026, 3, 7)
        own = jiwang.model_copy(update={"deadlines": Deadlines(holidays=(fair,), workdays=(worked,))})
        working = limits_of(own).working
        assert working.closing(at("2026-03-02T09:00"), 1) == at("2026-03-04T18:00")
        assert working.closing(at("2026-03-06T09:00"), 1) == at("2026-03-07T18:00")

    def test_a_community_that_never_works_is_a_mistake_that_is_told(self) -> None:
        never = WorkingCalendar((MORNING,), CHINA, lambda _: False)
        for ask in (never.closing, never.opening):
            with pytest.raises(NoWorkingTime):
                ask(at("2026-03-02T09:00"), 1)
        with pytest.raises(NoWorkingTime):
            never.later(at("2026-03-02T09:00"), timedelta(hours=1))


class TestYearsBeyondTheCalendar:
    def test_are_worked_from_monday_to_friday(self) -> None:
        week = [date(2031, 3, 3) + timedelta(days=number) for number in range(7)]
        assert [is_state_workday(day) for day in week] == [True] * 5 + [False] * 2

    def test_are_told_of_once_a_year(self, monkeypatch: pytest.MonkeyPatch) -> None:
        log = structlog.testing.CapturingLogger()
        monkeypatch.setattr(state_calendar, "log", log)
        state_calendar.forget()
        for day in range(1, 20):
            is_state_workday(date(2041, 3, day))
            is_state_workday(date(2042, 3, day))
        told = [(call.method_name, call.args, call.kwargs["year"]) for call in log.calls]
        assert told == [("warning", ("calendar_ends",), 2041), ("warning", ("calendar_ends",), 2042)]


@given(moments, spans)
def test_round_the_clock_every_hour_counts(start: datetime, span: timedelta) -> None:
    clock = RoundTheClock()
    assert clock.later(start, span) == start + span
    assert clock.between(start, start + span) == span
    assert clock.between(start + span, start) == timedelta()


def test_where_clocks_change_an_hour_is_an_hour() -> None:
    """Berlin, 2026-03-29: the clock jumps from two to three."""
    night = WorkingCalendar((Span(time(1), time(5)),), ZoneInfo("Europe/Berlin"), lambda _: True)
    start = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert night.later(start, timedelta(hours=1)) - start == timedelta(hours=1)
    assert night.between(start, datetime(2026, 3, 29, 3, 0, tzinfo=UTC)) == timedelta(hours=2.5)
