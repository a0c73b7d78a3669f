"""All that was made up is found, and nobody honest is touched: fifty years, each drawn with its own seed."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from services.points.domain.collusion import REPEATED_MIN, SWAPPED_WITHIN, odd_ones
from services.points.domain.ratings import Decision
from services.points.domain.standings import standings
from tests.support.raters import (
    BADLY,
    BEGIN,
    DAILY,
    DAY,
    FLOODED,
    HONEST,
    LAST,
    MINUTE,
    PARTNERS,
    RESIDENTS,
    RING,
    SELF_RATED,
    SWAPPED,
    WELL,
    Year,
)

SEEDS = range(50)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_made_up_is_found_and_nobody_honest_is_touched(seed: int) -> None:
    year = Year(seed)
    found = odd_ones(year.ratings, year.circles)
    assert year.made_up - set(found) == set()
    touched = {one.partner for one in year.ratings if one.id in found and one.id not in year.made_up}
    assert touched & set(HONEST) == set()
    # As if nothing had been made up: the same stars, parts and sums, to the last thousandth.
    honest_words = [one for one in year.ratings if one.id not in year.made_up and one.id not in found]
    expected = standings(year.facts(honest_words), LAST, {})
    reckoned = standings(year.facts(), LAST, found)
    for partner in PARTNERS:
        assert reckoned[partner].star == expected[partner].star
    assert all(not reckoned[partner].kept_out for partner in HONEST)


def test_each_way_of_making_up_is_told_by_its_name() -> None:
    year = Year(1)
    found = odd_ones(year.ratings, year.circles)
    by_partner = {one.id: one.partner for one in year.ratings}
    kinds = Counter((by_partner[own], finding.kind) for own, finding in found.items())
    assert {kind for partner, kind in kinds if partner == SELF_RATED} == {"own", "household", "related"}
    assert {kind for partner, kind in kinds if partner == FLOODED} == {"burst"}
    assert {kind for partner, kind in kinds if partner == DAILY} == {"repeat"}
    for partner in (*SWAPPED, *RING):
        assert {kind for its, kind in kinds if its == partner} == {"mutual"}


def test_the_order_in_which_ratings_are_read_makes_no_difference() -> None:
    year = Year(2)
    shuffled = list(year.ratings)
    Random(3).shuffle(shuffled)
    assert odd_ones(shuffled, year.circles) == odd_ones(year.ratings, year.circles)


def quiet() -> Year:
    """Return a year in which nobody has said anything yet."""
    year = Year(0)
    year.ratings.clear()
    year.made_up.clear()
    return year


class TestFavours:
    def swapped(self, days: float, *, back_is_good: bool = True) -> int:
        year, (one, other) = quiet(), SWAPPED
        year.say(one, f"{other}-boss", BEGIN + 100 * DAY, WELL)
        how = WELL if back_is_good else BADLY
        year.say(other, f"{one}-clerk", BEGIN + 100 * DAY + timedelta(days=days), how)
        return len(odd_ones(year.ratings, year.circles))

    def test_are_swapped_within_ninety_days(self) -> None:
        assert timedelta(days=90) == SWAPPED_WITHIN
        assert [self.swapped(days) for days in (-90, -1, 0, 90, 90.01)] == [2, 2, 2, 2, 0]

    def test_are_none_where_somebody_was_not_content(self) -> None:
        assert self.swapped(3, back_is_good=False) == 0

    def test_that_nobody_returns_are_no_ring(self) -> None:
        year = quiet()
        for giver, receiver in ((RING[0], RING[1]), (RING[1], RING[2]), (RING[0], RING[2])):
            year.say(receiver, f"{giver}-boss", BEGIN + DAY, WELL)
        assert not odd_ones(year.ratings, year.circles)

    def test_around_three_have_to_come_within_the_time_as_a_whole(self) -> None:
        for last, odd in ((90, 3), (91, 0)):
            year = quiet()
            for number, day in enumerate((0, 45, last)):
                giver, receiver = RING[number], RING[(number + 1) % 3]
                year.say(receiver, f"{giver}-boss", BEGIN + day * DAY, WELL)
            assert len(odd_ones(year.ratings, year.circles)) == odd

    def test_that_an_outsider_happens_to_do_at_the_same_time_are_left_alone(self) -> None:
        year = quiet()
        honest = year.say(SWAPPED[0], RESIDENTS[3], BEGIN + DAY, WELL)
        year.say(SWAPPED[0], f"{SWAPPED[1]}-boss", BEGIN + DAY, WELL)
        year.say(SWAPPED[1], f"{SWAPPED[0]}-boss", BEGIN + DAY, WELL)
        found = odd_ones(year.ratings, year.circles)
        assert len(found) == 2
        assert honest not in found


class TestBursts:
    def at_once(self, count: int, minutes: float, others: int = 0, *, called: bool = False) -> int:
        year = quiet()
        for number in range(count):
            year.say(HONEST[0], RESIDENTS[number], BEGIN + DAY + number * minutes / count * MINUTE, WELL)
        for number in range(others):
            year.say(HONEST[0], RESIDENTS[100 + number], BEGIN + DAY + (60 + 11 * number) * MINUTE, WELL)
        heard = [replace(one, by_community=called) for one in year.ratings]
        return len(odd_ones(heard, year.circles))

    def test_are_many_within_a_minute_or_ten(self) -> None:
        assert [self.at_once(count, 1) for count in (5, 6, 10)] == [0, 6, 10]
        assert [self.at_once(count, 10) for count in (7, 8, 20)] == [0, 8, 20]

    def test_are_fewer_than_half_of_a_busy_day_only_where_they_come_all_at_once(self) -> None:
        assert self.at_once(8, 10, others=8) == 8
        assert self.at_once(8, 10, others=9) == 0
        assert self.at_once(10, 1, others=50) == 10

    def test_are_none_where_the_community_called_people_back(self) -> None:
        assert self.at_once(30, 1, called=True) == 0


def test_who_comes_twice_a_week_is_a_customer_and_who_rates_daily_is_odd() -> None:
    for days, odd in ((3.5, 0), (1.0, REPEATED_MIN * 3)):
        year = quiet()
        for number in range(REPEATED_MIN * 3):
            year.say(HONEST[0], RESIDENTS[0], BEGIN + days * number * DAY, WELL)
        assert len(odd_ones(year.ratings, year.circles)) == odd
        spoken_for = [replace(one, by_community=True) for one in year.ratings]
        assert not odd_ones(spoken_for, year.circles)


@pytest.mark.parametrize("counts", [True, False])
def test_what_staff_decided_goes_before_what_looks_odd(*, counts: bool) -> None:
    year = Year(4)
    found = odd_ones(year.ratings, year.circles)
    decision = Decision(counts, "核实过", "staff-1", BEGIN)
    decided = [replace(one, decision=decision) if one.partner == FLOODED else one for one in year.ratings]
    kept_out = standings(year.facts(decided), LAST, found)[FLOODED].kept_out
    own = sum(one.partner == FLOODED for one in decided)
    assert [(one.why, one.ratings) for one in kept_out] == ([] if counts else [("excluded", own)])
