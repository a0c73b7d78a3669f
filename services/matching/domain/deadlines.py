"""Deadlines: how long each thing may take, and what an order remembers of its clocks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from services.contracts.literals import DemandKind
from services.worktime.calendar import Clock, RoundTheClock, WorkingCalendar

QUESTIONS_MAX = 10
EXTENSIONS_MAX = 5


class Level(StrEnum):
    """How far an order that nobody takes has come; it only ever goes up."""

    CANDIDATE = "candidate"
    STAFF = "staff"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which the resident is waited for (待诉求人补充); `until` it ends by itself."""

    asked_at: datetime
    question: str
    until: datetime
    ended_at: datetime | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Extension:
    """More working days, asked for with a reason; `granted` is None until staff decide."""

    days: int
    reason: str
    asked_at: datetime
    granted: bool | None = None
    decided_at: datetime | None = None
    because: str = ""


@dataclass(frozen=True, slots=True)
class Supervision:
    """The community watches over it (督办): why, since when, and whether staff or a rule said so."""

    reason: str
    since: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Limits:
    """A community's deadlines.

    Arguments:
        working: its working calendar.
        sign: working time in which a provider answers, or staff look at a proposed order.
        staff: working time that staff have once nobody took it in time.
        days: kind of demand → working days until it is done.
        soon_days: working days at most for what becomes a danger.
        urgent_sign: instead of `sign` and `staff`, round the clock.
        urgent_finish: instead of `days`, round the clock.
        notice_days: working days after the deadline until staff and provider are told.
        supervise_days: working days after the deadline until it is supervised.
        answer_days: working days that a resident is waited for.
        extension_days: working days that one extension has at most.
        returns: an order that was sent back as often is supervised.
        handovers: an order that was handed over as often is supervised.
    """

    working: WorkingCalendar
    sign: timedelta
    staff: timedelta
    days: Mapping[str, int]
    soon_days: int
    urgent_sign: timedelta
    urgent_finish: timedelta
    notice_days: int
    supervise_days: int
    answer_days: int
    extension_days: int
    returns: int
    handovers: int

    def clock(self, *, urgent: bool) -> Clock:
        """Return what counts an order's time."""
        return RoundTheClock() if urgent else self.working

    def sign_due(self, at: datetime, *, urgent: bool) -> datetime:
        """Return until when somebody who is asked at `at` has to answer."""
        return self.clock(urgent=urgent).later(at, self.urgent_sign if urgent else self.sign)

    def staff_due(self, at: datetime, *, urgent: bool) -> datetime:
        """Return until when staff have to find somebody, once it came to them at `at`."""
        return self.clock(urgent=urgent).later(at, self.urgent_sign if urgent else self.staff)

    def finish_due(
        self, about: DemandKind, asked_at: datetime, *, urgent: bool, soon: bool = False
    ) -> datetime:
        """Return until when a matter that a resident asked for at `asked_at` is to be done.

        Arguments:
            urgent: somebody is in danger.
            soon: somebody will be, if nothing is done.
        """
        if urgent:
            return self.clock(urgent=True).later(asked_at, self.urgent_finish)
        days = min(self.days[about], self.soon_days) if soon else self.days[about]
        return self.working.closing(asked_at, days)

    def moved(self, due: datetime, since: datetime, until: datetime, *, urgent: bool) -> datetime:
        """Return a deadline moved by the time, as the order's clock counts it, between two moments."""
        clock = self.clock(urgent=urgent)
        standing = clock.between(since, until)
        return clock.later(due, standing) if standing else due

    def answer_due(self, at: datetime) -> datetime:
        """Return how long a resident who is asked at `at` is waited for."""
        return self.working.closing(at, self.answer_days)

    def extended(self, due: datetime, days: int) -> datetime:
        """Return a deadline with working days more."""
        return self.working.closing(due, days)

    def notice_at(self, due: datetime) -> datetime:
        """Return when staff and provider are told that a deadline has passed."""
        return self.working.opening(due, self.notice_days)

    def supervision_at(self, due: datetime) -> datetime:
        """Return when a matter that is still not done after its deadline is supervised."""
        return self.working.opening(due, self.supervise_days)

    def day_of(self, at: datetime) -> date:
        """Return the day of a moment, as people in the community call it."""
        return self.working.day_of(at)
