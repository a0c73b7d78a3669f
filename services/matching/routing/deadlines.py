"""A community's deadlines, as its file says, over its own working days."""

from collections.abc import Callable
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from services.contracts.community_file import CommunityFile
from services.matching.domain.deadlines import Limits
from services.worktime.calendar import Span, WorkingCalendar
from services.worktime.state_calendar import is_state_workday


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
