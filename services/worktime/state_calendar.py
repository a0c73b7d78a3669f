"""The working days of the state, with weekends that are worked in exchange (调休)."""

from datetime import date
from functools import lru_cache

import chinese_calendar
import structlog

from services.worktime.holidays_by_law import is_holiday_by_law

log = structlog.get_logger()
SATURDAY = 5


@lru_cache(maxsize=16_384)
def is_state_workday(day: date) -> bool:
    """Return whether the state works on a day: as it published, else on weekdays that are no such holiday."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        _warn_of(day.year)
        return day.weekday() < SATURDAY and not is_holiday_by_law(day)


@lru_cache(maxsize=16_384)
def is_state_holiday(day: date) -> bool:
    """Return whether a day belongs to a holiday: as published, its weekends included, else by law.

    A weekend is none, and one that is worked in exchange is a working day.
    """
    try:
        is_off, holiday = chinese_calendar.get_holiday_detail(day)
        return bool(is_off and holiday)
    except NotImplementedError:
        _warn_of(day.year)
        return is_holiday_by_law(day)


@lru_cache(maxsize=64)
def _warn_of(year: int) -> None:
    """Say once a year that its plan is not known: days off in exchange (调休) may be counted as worked."""
    known = "Monday to Friday without holidays by law"
    log.warning("calendar_ends", year=year, instead=known, mend="update chinesecalendar")


def forget() -> None:
    """Forget what was looked up and told, as a new process has."""
    is_state_workday.cache_clear()
    is_state_holiday.cache_clear()
    _warn_of.cache_clear()
