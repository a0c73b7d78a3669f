"""The Chinese working calendar (调休 counted) with a community's own days, and its deadlines made of it."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import chinese_calendar
import structlog

from services.contracts.community_file import CommunityFile
from services.matching.domain.deadlines import Limits
from services.matching.domain.holidays_by_law import is_holiday_by_law
from services.matching.domain.working_time import Span, WorkingCalendar

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


@lru_cache(maxsize=64)
def _warn_of(year: int) -> None:
    """Say once a year that its plan is not known: days off in exchange (调休) may be counted as worked."""
    known = "Monday to Friday without holidays by law"
    log.warning("calendar_ends", year=year, instead=known, mend="update chinesecalendar")


def forget() -> None:
    """Forget what was looked up and told, as a new process has."""
    is_state_workday.cache_clear()
    _warn_of.cache_clear()


def limits_of(file: CommunityFile) -> Limits:
    """Return a community's deadlines as the rules need them."""
    written = file.deadlines
    spans = tuple(Span(span.opens, span.closes) for span in written.hours)
    zone = ZoneInfo(file.community.timezone)
    return Limits(
        working=WorkingCalendar(spans, zone, _workdays_of(file)),
        sign=timedelta(hours=written.sign_hours),
        staff=timedelta(hours=written.staff_hours),
        days=written.days.model_dump(),
        soon_days=written.soon_days,
        urgent_sign=timedelta(minutes=written.urgent.sign_minutes),
        urgent_finish=timedelta(hours=written.urgent.finish_hours),
        notice_days=written.notice_days,
        supervise_days=written.supervise_days,
        answer_days=written.answer_days,
        extension_days=written.extension_days_max,
        returns=written.returns_max,
        handovers=written.handovers_max,
    )


def _workdays_of(file: CommunityFile) -> Callable[[date], bool]:
    free, worked = frozenset(file.deadlines.holidays), frozenset(file.deadlines.workdays)

    def is_workday(day: date) -> bool:
        return day in worked or (day not in free and is_state_workday(day))

    return is_workday
