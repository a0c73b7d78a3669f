"""When a demand that is done is to be rated, asked for again, left unrated, and over (评单, 未评价)."""

from datetime import datetime, timedelta

from services.contracts.literals import Satisfaction, Solved
from services.contracts.values import replace
from services.intake.domain.demands import Demand, Line, Rating
from services.intake.domain.lifecycle import DemandStatus, DemandStep

ASKED_AGAIN_AFTER_SHARE = 3
"""After this part of the term it is asked for again."""
SOLVED: dict[Solved, str] = {"solved": "已解决", "partly": "部分解决", "unsolved": "未解决"}
_SATISFACTION: dict[Satisfaction, str] = {
    "satisfied": "满意",
    "mostly": "基本满意",
    "dissatisfied": "不满意",
}


def rated(before: Demand, rating: Rating, by: str) -> Demand:
    """Return a demand with its rating: a bad one reopens it at once.

    Arguments:
        by: role of whoever says it.
    """
    how = "社区回访" if rating.by_call_back else "居民评单"
    comment = f"：{rating.comment}" if rating.comment else ""
    words = f"{how}：{SOLVED[rating.solved]}，{_SATISFACTION[rating.satisfaction]}{comment}"
    line = Line(rating.at, by, "rated", words)
    step = DemandStep.RATE_WELL if rating.good else DemandStep.RATE_BADLY
    after = replace(before.after(step, line), rating=rating)
    if not rating.good:
        after = replace(after, reopened=before.reopened + 1)
    return clock_of_rating(before, after, 0, rating.at)


def asked_again(before: Demand, days: int, at: datetime) -> tuple[Demand, int]:
    """Return a demand that is asked about again and to be called about, and how many days are left.

    Arguments:
        days: the whole term.
    """
    line = Line(at, "clock", "asked_again", "办结后还没有评单，已再次提醒，并请社区回访")
    due = at + timedelta(days=days) - _first_part(days)
    after = replace(before.noted(line), call_back=True, rating_due_at=due)
    return after, days - days // ASKED_AGAIN_AFTER_SHARE


def left_unrated(before: Demand, days: int, at: datetime) -> Demand:
    """Return a demand that is left unrated (未评价): neither good nor bad, and for a term it may be reopened.

    Arguments:
        days: the whole term.
    """
    line = Line(at, "clock", "left_unrated", f"{days} 天内没有评单，按“未评价”处理；不满意仍可要求重办")
    after = before.after(DemandStep.LEAVE_UNRATED, line)
    return replace(after, call_back=False, rating_due_at=at + timedelta(days=days))


def lapsed(before: Demand, at: datetime) -> Demand:
    """Return a demand that is over without a rating."""
    line = Line(at, "clock", "lapsed", "已归档（未评价）")
    return replace(before.after(DemandStep.LAPSE, line), rating_due_at=None)


def clock_of_rating(before: Demand, after: Demand, days: int, at: datetime) -> Demand:
    """Return a demand with the clock of its rating wound when it is done, and stopped when it is not.

    Arguments:
        days: that it waits to be rated.
    """
    if after.status is DemandStatus.COMPLETED and before.status is not DemandStatus.COMPLETED:
        return replace(after, rating_due_at=at + _first_part(days), call_back=False)
    if after.status not in (DemandStatus.COMPLETED, DemandStatus.UNRATED):
        return replace(after, rating_due_at=None, call_back=False)
    return after


def _first_part(days: int) -> timedelta:
    return timedelta(days=days) / ASKED_AGAIN_AFTER_SHARE
