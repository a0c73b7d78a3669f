"""What a service earns, by which version of a rule, and how long its points are good for."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.refusal import NotFound
from services.contracts.values import replace
from services.points.domain.rules import (
    EVERY_OTHER,
    ROOM,
    RULES_MAX,
    EarningRule,
    Per,
    Rate,
    RuleBook,
    RuleDayTaken,
    RuleInForce,
    RuleNotAhead,
    RuleOver,
    Service,
    TooManyRules,
    expiry,
    tomorrow_of,
)

HERE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
START = datetime(2026, 3, 1, 16, tzinfo=UTC)
"""The second of March begins in Jiwang."""


def rule(**more: Any) -> EarningRule:
    usual = EarningRule(
        0,
        START,
        None,
        (
            Rate(EVERY_OTHER, 10),
            Rate("视力", 20),
            Rate("讲座", 30, "session"),
            Rate("助餐", 3, "person"),
            Rate("照料", 12, "hour"),
        ),
        2,
        500,
        900,
        10,
        True,
        None,
        "居委会决定",
        "staff-1",
        START,
    )
    return replace(usual, **more)


def earned(service: Service, that_day: int = 0, **more: Any) -> int:
    return rule(**more).earned(service, that_day).amount_points


class TestAService:
    @pytest.mark.parametrize(
        ("service", "points"),
        [
            (Service("视力"), 20),
            (Service("别的"), 10),
            (Service("讲座"), 30),
            (Service("讲座", sessions=3), 90),
            (Service("助餐", persons=20), 60),
            (Service("助餐"), 3),
            (Service("照料"), 12),
            (Service("照料", inside_minutes=90), 18),
            (Service("照料", inside_minutes=59), 11),  # rounded down, once
            (Service("照料", outside_minutes=59), 23),
            (Service("视力", inside_minutes=30, outside_minutes=30), 30),
            (Service("视力", outside_minutes=45), 40),
            (Service("助餐", inside_minutes=1, outside_minutes=2, persons=20), 100),
        ],
    )
    def test_earns_its_rate_by_quantity_and_more_outside_business_hours(
        self, service: Service, points: int
    ) -> None:
        assert earned(service) == points

    def test_that_nobody_timed_is_never_double(self) -> None:
        assert earned(Service("视力", persons=3), off_hours_factor=10) == 20

    def test_earns_no_more_than_the_cap_of_one_and_the_cap_of_a_day_leave(self) -> None:
        crowd = Service("助餐", persons=10_000)
        assert earned(crowd) == 500
        assert earned(crowd, 600) == 300
        assert earned(crowd, 900) == 0
        assert earned(crowd, 5_000) == 0
        assert "应得 30000 分，按上限计 300 分" in rule().earned(crowd, 600).because

    def test_says_how_it_was_reckoned(self) -> None:
        said = rule().earned(Service("助餐", 0, 60, persons=20)).because
        assert said == "完成“助餐”服务，20 人次，营业时间以外 60 分钟按 2 倍"

    @given(
        st.sampled_from(["service", "session", "person", "hour"]),
        st.integers(0, 100_000),
        st.integers(0, 1_440),
        st.integers(0, 1_440),
        st.integers(0, 10_000),
        st.integers(0, 100),
        st.integers(1, 10),
    )
    def test_earns_what_fractions_say_rounded_down_once(
        self, per: Per, points: int, inside: int, outside: int, persons: int, sessions: int, factor: int
    ) -> None:
        service = Service("x", inside, outside, persons, sessions)
        many = {
            "service": Fraction(1),
            "session": Fraction(sessions or 1),
            "person": Fraction(persons or 1),
            "hour": Fraction((inside + outside) or 60, 60),
        }[per]
        whole = inside + outside
        share = Fraction(inside + factor * outside, whole) if whole else Fraction(1)
        due = int(points * many * share)
        got = earned(
            service,
            rates=(Rate(EVERY_OTHER, points, per),),
            off_hours_factor=factor,
            per_cause_max=10**12,
            per_day_max=10**12,
        )
        assert got == due


class TestARuleBook:
    def test_reckons_by_the_rule_that_counted_when_it_was_done(self) -> None:
        book = RuleBook().with_file(rule(starts_at=START - 30 * DAY, decided_by="community_file"))
        book = book.with_decided(rule(starts_at=START + 5 * DAY), START)
        book = book.with_decided(rule(starts_at=START + 10 * DAY, ends_at=START + 12 * DAY), START)
        found = [book.at(START + days * DAY) for days in (-40, -30, 0, 5, 9.99, 10, 11.99, 12, 100)]
        assert [one.version if one else 0 for one in found] == [1, 1, 1, 2, 2, 3, 3, 2, 2]

    def test_without_any_rule_knows_none(self) -> None:
        assert RuleBook().at(START) is None

    def test_whose_only_rule_has_ended_knows_none_any_more(self) -> None:
        book = RuleBook().with_decided(rule(starts_at=START + DAY, ends_at=START + 2 * DAY), START)
        assert book.at(START + 3 * DAY) is None

    def test_takes_no_rule_from_a_day_that_has_begun(self) -> None:
        tomorrow = tomorrow_of(datetime(2026, 3, 2, 15, 59, tzinfo=UTC), HERE)
        assert tomorrow == START + DAY
        with pytest.raises(RuleNotAhead):
            RuleBook().with_decided(rule(starts_at=tomorrow - timedelta(seconds=1)), tomorrow)

    @pytest.mark.parametrize("days", [0, -1, -400])
    def test_takes_no_rule_that_ends_before_it_begins(self, days: int) -> None:
        with pytest.raises(RuleOver):
            RuleBook().with_decided(rule(ends_at=START + days * DAY), START)

    def test_takes_no_two_rules_from_one_day_unless_one_was_withdrawn(self) -> None:
        book = RuleBook().with_decided(rule(starts_at=START + DAY), START)
        with pytest.raises(RuleDayTaken):
            book.with_decided(rule(starts_at=START + DAY), START)
        again = book.without(1, START).with_decided(rule(starts_at=START + DAY), START)
        assert [one.version for one in again.standing] == [2]
        assert len(again.rules) == 2

    def test_keeps_what_has_begun(self) -> None:
        book = RuleBook().with_decided(rule(), START)
        with pytest.raises(RuleInForce):
            book.without(1, START)
        with pytest.raises(NotFound):
            book.without(2, START)
        gone = book.without(1, START - DAY)
        with pytest.raises(NotFound):
            gone.without(1, START - DAY)

    def test_is_bounded(self) -> None:
        book = RuleBook(tuple(rule(version=n) for n in range(RULES_MAX)), RULES_MAX)
        with pytest.raises(TooManyRules):
            book.with_decided(rule(starts_at=START + DAY), START)
        assert book.with_file(rule()).numbered == RULES_MAX + 1, "a file is never refused for it"

    def test_seals_everything_that_a_rule_says(self) -> None:
        one = rule(version=1)
        others = [
            rule(version=2),
            replace(one, starts_at=START + DAY),
            replace(one, ends_at=START + DAY),
            replace(one, rates=one.rates[1:]),
            replace(one, off_hours_factor=3),
            replace(one, per_cause_max=1),
            replace(one, per_day_max=1),
            replace(one, room_points_per_hour=1),
            replace(one, pays_unrated=False),
            replace(one, expire_after_months=1),
            replace(one, because="别的"),
            replace(one, decided_by="staff-2"),
            replace(one, decided_at=START + DAY),
        ]
        assert len({one.digest, *(other.digest for other in others)}) == len(others) + 1


def used(inside: int, outside: int, rate: int = 10, factor: int = 2) -> int:
    room = Service(ROOM, inside, outside, name="大厅")
    most = {"per_cause_max": 10**9, "per_day_max": 10**9}
    return earned(room, room_points_per_hour=rate, off_hours_factor=factor, **most)


class TestARoom:
    @given(st.integers(0, 1_440), st.integers(0, 1_440), st.integers(0, 10_000), st.integers(1, 10))
    def test_earns_in_proportion_rounded_down_once(
        self, inside: int, outside: int, rate: int, factor: int
    ) -> None:
        points = used(inside, outside, rate, factor)
        exact = Fraction((inside + outside * factor) * rate, 60)
        assert points <= exact < points + 1
        assert points <= used(inside + 1, outside, rate, factor)
        assert points <= used(0, inside + outside, rate, factor)

    @pytest.mark.parametrize(
        ("minutes", "points"),
        [((60, 0), 10), ((0, 60), 20), ((30, 30), 15), ((5, 0), 0), ((59, 0), 9), ((3, 2), 1), ((0, 0), 0)],
    )
    def test_earns_ten_points_an_hour_and_twenty_outside(self, minutes: tuple[int, int], points: int) -> None:
        assert used(*minutes) == points

    def test_says_whose_hours_were_used(self) -> None:
        said = rule().earned(Service(ROOM, 30, 30, name="大厅")).because
        assert said == "共享空间“大厅”使用 60 分钟，营业时间以外 30 分钟按 2 倍"


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
