"""A bucket gives what it holds and what flows into it, never more, and says how long to wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.http.limits import (
    BAD_TOKEN_COST,
    Buckets,
    Limit,
    Limits,
    Rates,
    TooManyRequests,
    rates_of,
)
from services.composition import Settings
from services.contracts.words import Role

TEN = Limit(10 / 60, 10)


class Clock:
    """Seconds, as they are set."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def limits(clock: Clock, replicas: int = 1, **changes: object) -> Limits:
    return Limits(rates_of(Settings.model_validate(changes)), lambda: replicas, clock)


def taken(buckets: Buckets, key: object, limit: Limit, at: float) -> bool:
    if buckets.wait(key, limit, at) > 0:
        return False
    buckets.take(key, limit, at)
    return True


def wrote(limits: Limits, subject: str = "r", role: Role = Role.RESIDENT, community: str = "c") -> bool:
    try:
        limits.check_write(community, role, subject)
    except TooManyRequests:
        return False
    return True


class TestBuckets:
    def test_a_burst_is_let_through_and_then_one_whenever_there_is_room(self) -> None:
        buckets = Buckets()
        assert [taken(buckets, "k", TEN, 0.0) for _ in range(12)] == [True] * 10 + [False] * 2
        assert not taken(buckets, "k", TEN, 5.9)
        assert taken(buckets, "k", TEN, 6.01)
        assert not taken(buckets, "k", TEN, 6.1)

    @given(
        st.lists(st.floats(0, 30), max_size=60),
        st.floats(0.05, 20),
        st.integers(1, 20),
    )
    def test_in_no_window_more_than_the_burst_and_what_flowed_in(
        self, waits: list[float], per_second: float, burst: int
    ) -> None:
        buckets, limit, at = Buckets(), Limit(per_second, burst), 0.0
        through: list[float] = []
        for wait in waits:
            at += wait
            if taken(buckets, "k", limit, at):
                through.append(at)
        for first, begin in enumerate(through):
            for last in range(first, len(through)):
                window = through[last] - begin
                assert last - first + 1 <= burst + window * per_second + 1e-6

    @given(st.lists(st.floats(0, 5), max_size=40), st.floats(0.05, 20), st.integers(1, 20))
    def test_who_waits_as_long_as_was_said_is_let_through(
        self, waits: list[float], per_second: float, burst: int
    ) -> None:
        buckets, limit, at = Buckets(), Limit(per_second, burst), 0.0
        for wait in waits:
            at += wait
            told = buckets.wait("k", limit, at)
            if told > 0:
                at += told + 1e-9
            assert buckets.wait("k", limit, at) == pytest.approx(0.0, abs=1e-6)
            buckets.take("k", limit, at)

    def test_their_number_is_bounded_and_the_one_used_longest_ago_makes_room(self) -> None:
        buckets = Buckets(keys_max=3)
        for key in ("a", "b", "c", "a", "d"):
            buckets.take(key, Limit(1, 1), 0.0)
        assert len(buckets) == 3
        assert [buckets.wait(key, Limit(1, 1), 0.0) > 0 for key in "abcd"] == [True, False, True, True]

    def test_no_limit_keeps_nothing(self) -> None:
        buckets = Buckets()
        assert all(taken(buckets, "k", Limit(0, 1), 0.0) for _ in range(100))
        assert len(buckets) == 0


class TestLimits:
    def test_each_role_has_its_own(self) -> None:
        told = limits(Clock())
        for role, most in ((Role.RESIDENT, 10), (Role.GRID_WORKER, 120), (Role.STAFF, 300), (Role.UNIT, 300)):
            assert sum(wrote(told, role=role) for _ in range(400)) == most, role

    def test_another_person_role_or_community_is_another_bucket(self) -> None:
        told = limits(Clock())
        assert sum(wrote(told) for _ in range(20)) == 10
        assert wrote(told, subject="other")
        assert wrote(told, role=Role.STAFF)
        assert wrote(told, community="elsewhere")

    def test_the_wait_is_told_in_whole_seconds_and_is_enough(self) -> None:
        clock = Clock()
        told = limits(clock)
        assert sum(wrote(told) for _ in range(10)) == 10
        with pytest.raises(TooManyRequests) as refused:
            told.check_write("c", Role.RESIDENT, "r")
        assert refused.value.facts == {"limit": "person", "retry_after_seconds": 6}
        clock.now += 6
        assert wrote(told)
        assert not wrote(told)

    def test_a_community_has_its_own_for_all_its_people(self) -> None:
        clock = Clock()
        told = limits(clock, limit_community_per_second=2.0, limit_community_burst=5)
        assert [wrote(told, subject=f"r{n}") for n in range(7)] == [True] * 5 + [False] * 2
        with pytest.raises(TooManyRequests) as refused:
            told.check_write("c", Role.RESIDENT, "r9")
        assert refused.value.facts["limit"] == "community"
        clock.now += 1.01
        assert [wrote(told, subject=f"s{n}") for n in range(3)] == [True, True, False]

    def test_what_the_community_may_not_is_not_taken_from_the_person(self) -> None:
        clock = Clock()
        told = limits(
            clock, limit_resident_per_minute=2, limit_community_per_second=1.0, limit_community_burst=1
        )
        assert wrote(told, subject="other")
        assert [wrote(told) for _ in range(5)] == [False] * 5
        clock.now += 1.01
        assert wrote(told)
        clock.now += 1.01
        assert wrote(told)

    def test_an_address_pays_for_every_request_and_more_for_a_bad_token(self) -> None:
        clock = Clock()
        told = limits(clock, limit_address_per_minute=60)

        def tried() -> bool:
            try:
                told.check_address("10.0.0.1")
            except TooManyRequests:
                return False
            told.count_bad_token("10.0.0.1")
            return True

        assert sum(tried() for _ in range(60)) == 60 // BAD_TOKEN_COST
        clock.now += 59
        assert sum(tried() for _ in range(60)) == 59 // BAD_TOKEN_COST + 1

    def test_replicas_share_what_there_is(self) -> None:
        clock = Clock()
        three = [limits(clock, replicas=3) for _ in range(3)]
        # A gateway hands requests out in turn.
        assert sum(wrote(three[n % 3]) for n in range(60)) == 12, "a third of ten, rounded up, from each"
        through = 0
        for second in range(600):
            clock.now += 1
            through += wrote(three[second % 3])
        assert through == pytest.approx(100, abs=3), "ten a minute from all of them"

    def test_the_defaults_are_what_was_agreed(self) -> None:
        rates: Rates = rates_of(Settings())
        assert rates.address == Limit(10.0, 600)
        assert rates.community == Limit(100.0, 1_000)
        assert {role.value: limit.burst for role, limit in rates.person.items()} == {
            "resident": 10,
            "grid_worker": 120,
            "staff": 300,
            "unit": 300,
            "partner": 300,
            "operator": 6_000,
        }
