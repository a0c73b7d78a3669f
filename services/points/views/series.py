"""How things stood from day to day: a community's ledger, and what an account held."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from pydantic import Field

from services.chassis.http.bodies import View
from services.points.domain.days import Day

VELOCITY_DAYS = 30
FIGURES = (
    "transfers",
    "approved_points",
    "budget_points",
    "issued_points",
    "outstanding_points",
    "given_points",
    "held_points",
    "redeemed_points",
    "expired_points",
    "expiring_points",
    "passbooks",
    "waiting_awards",
    "waiting_points",
)


class DayView(View):
    """How a community's ledger stood when a day ended; as the day before where nothing moved."""

    day: date
    closed_at: datetime = Field(description="when these figures were taken")
    anchor: str = Field(description="seal over the heads of all accounts")
    transfers: int
    approved_points: int = Field(description="核定")
    budget_points: int = Field(description="可发放")
    issued_points: int = Field(description="已发放, ever")
    outstanding_points: int = Field(description="在存折上")
    given_points: int = Field(description="在公益账户上")
    held_points: int = Field(description="冻结")
    redeemed_points: int = Field(description="已兑换, ever")
    expired_points: int = Field(description="已到期, ever")
    expiring_points: int = Field(description="of those on passbooks, within a month")
    passbooks: int = Field(description="that hold something")
    waiting_awards: int
    waiting_points: int
    velocity: float | None = Field(
        description="流通速度: redeemed within 30 days, by what was outstanding; null: nothing was"
    )


class DayList(View):
    """A community's ledger from day to day."""

    items: list[DayView]


class BalanceView(View):
    """What an account held when a day ended."""

    day: date
    balance_points: int
    earned_points: int = Field(description="that came in on the day")
    spent_points: int = Field(description="that went out on the day")


class BalanceList(View):
    """What an account held, from day to day; days on which nothing moved are left out."""

    items: list[BalanceView]
    complete: bool = Field(description="false: it has more lines in these days than are looked at")


def day_list(kept: Sequence[Day], first: date, until: date) -> DayList:
    """Return each day of a span; one that was not closed, since nothing moved, is as the one before it.

    Arguments:
        kept: days that were closed, in their order, the last before the span and those of the month before
            among them.
        until: the first day that is not shown.
    """
    items, closed, at = [], None, 0
    shown = []
    for day in (first + timedelta(days=n) for n in range((until - first).days)):
        while at < len(kept) and kept[at].id <= day.isoformat():
            closed, at = kept[at], at + 1
        if closed is not None:
            shown.append((day, closed))
    for day, one in shown:
        figures = {name: getattr(one, name) for name in FIGURES}
        velocity = _velocity(kept, day, one)
        items.append(DayView(day=day, closed_at=one.at, anchor=one.anchor, **figures, velocity=velocity))
    return DayList(items=items)


def _velocity(kept: Iterable[Day], day: date, now: Day) -> float | None:
    since = (day - timedelta(days=VELOCITY_DAYS)).isoformat()
    before = [one for one in kept if one.id <= since]
    month = [one for one in kept if since < one.id <= now.id]
    redeemed = now.redeemed_points - (before[-1].redeemed_points if before else 0)
    stood = [one.outstanding_points for one in (*before[-1:], *month)]
    average = sum(stood) / len(stood) if stood else 0
    return round(redeemed / average, 3) if average else None
