"""What a service earns, and how long its points are good for."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from services.points.domain.rules import Rule, expiry
from services.worktime.hours import Opening

HERE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("when", "factor"),
    [
        ("2026-03-02T08:59", 2),  # a Monday
        ("2026-03-02T09:00", 1),
        ("2026-03-02T17:59", 1),
        ("2026-03-02T18:00", 2),  # the closing minute is over
        ("2026-03-06T12:00", 1),
        ("2026-03-07T12:00", 2),  # a Saturday
        ("2026-03-08T12:00", 2),
    ],
)
def test_what_is_done_outside_business_hours_counts_double(when: str, factor: int) -> None:
    weekdays = Opening(("mon", "tue", "wed", "thu", "fri"), time(9), time(18))
    rule = Rule({"视力": 20}, 10, 2, {"a": (weekdays,)})
    local = datetime.fromisoformat(when)
    assert rule.earned("a", "视力", local).amount_points == 20 * factor
    assert rule.earned("a", "别的", local).amount_points == 10 * factor
    assert rule.earned("nobody has hours", "视力", local).amount_points == 20


@pytest.mark.parametrize(
    ("earned_at", "months", "expected"),
    [
        ("2026-03-02T02:00", 12, "2027-04-01"),
        ("2026-03-31T15:59", 12, "2027-04-01"),  # 23:59 in Jiwang
        ("2026-03-31T16:00", 12, "2027-05-01"),  # the first of April there
        ("2026-12-31T12:00", 1, "2027-02-01"),
        ("2026-11-30T12:00", 1, "2027-01-01"),
        ("2026-01-15T12:00", 120, "2036-02-01"),
    ],
)
def test_points_are_good_to_the_end_of_the_month_in_which_their_term_is_over(
    earned_at: str, months: int, expected: str
) -> None:
    at = expiry(datetime.fromisoformat(earned_at).replace(tzinfo=UTC), months, HERE)
    assert at == datetime.fromisoformat(expected).replace(tzinfo=HERE)


def test_points_of_a_community_without_a_term_are_good_for_ever() -> None:
    assert expiry(datetime(2026, 3, 2, tzinfo=UTC), None, HERE) is None
