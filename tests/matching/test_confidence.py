"""Confidence is a probability that can be checked: lines through knots, scales from outcomes, bins."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.domain.confidence import (
    BY_AFFAIRS,
    BY_CONCEPTS,
    CONTRADICTION,
    DISAGREEMENT_MAX,
    SCALE_BEFORE,
    SURE_FROM,
    Knots,
    Scale,
    along,
    day_one,
    fit_scale,
    lowest_sure,
    reliability,
    sure_from,
)

LINE: Knots = ((0.0, 1.0), (1.0, 3.0), (3.0, 4.0))
TABLES = [BY_CONCEPTS, BY_AFFAIRS, SURE_FROM]
unit = st.floats(0, 1)
leads = st.floats(-2, 2)
judged = st.lists(st.tuples(unit, st.booleans()), max_size=60)


@pytest.mark.parametrize(
    ("at", "value"), [(0.0, 1.0), (1.0, 3.0), (3.0, 4.0), (0.5, 2.0), (2.0, 3.5), (-9.0, 1.0), (9.0, 4.0)]
)
def test_a_line_runs_through_its_knots_and_goes_on_level(at: float, value: float) -> None:
    assert along(LINE, at) == pytest.approx(value)


@pytest.mark.parametrize("knots", TABLES)
def test_the_measured_tables_rise_within_bounds(knots: Knots) -> None:
    for (x0, y0), (x1, y1) in pairwise(knots):
        assert x0 < x1
        assert 0 <= y0 < y1 <= 1
    for x, y in knots:
        assert along(knots, x) == pytest.approx(y)


@given(
    st.lists(st.tuples(leads, leads), min_size=1, max_size=8, unique_by=lambda knot: round(knot[0], 3)),
    leads,
    leads,
)
def test_a_line_through_rising_knots_never_falls(raw: list[tuple[float, float]], a: float, b: float) -> None:
    rising = tuple(zip(sorted(x for x, _ in raw), sorted(y for _, y in raw), strict=True))
    low, high = sorted((a, b))
    assert along(rising, low) <= along(rising, high) + 1e-9
    assert rising[0][1] - 1e-9 <= along(rising, a) <= rising[-1][1] + 1e-9


@given(unit, st.floats(-1, 1))
def test_the_first_day_is_a_probability(by_concepts: float, by_affairs: float) -> None:
    assert 0.0 <= day_one(by_concepts, by_affairs) <= 1.0


@given(unit, unit, st.floats(-1, 1))
def test_plainer_words_never_make_less_sure(a: float, b: float, by_affairs: float) -> None:
    low, high = sorted((a, b))
    assert day_one(low, by_affairs) <= day_one(high, by_affairs) + 1e-12


@given(unit, st.floats(-1, 1), st.floats(-1, 1))
def test_a_greater_lead_in_the_affairs_never_makes_less_sure(by_concepts: float, a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert day_one(by_concepts, low) <= day_one(by_concepts, high) + 1e-12


def test_where_nothing_speaks_for_anybody_nobody_is_sure() -> None:
    assert day_one(0.0, 0.0) == 0.0


def test_affairs_that_speak_for_another_hold_back_even_the_plainest_words() -> None:
    assert day_one(1.0, CONTRADICTION - 0.01) == DISAGREEMENT_MAX < day_one(1.0, CONTRADICTION)


def test_the_affairs_alone_do_not_reach_what_a_community_usually_wants() -> None:
    assert day_one(0.0, 1.0) < sure_from(0.99) < day_one(1.0, 0.0)


@given(unit, unit)
def test_who_wants_more_has_to_be_surer(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert 0.0 <= sure_from(low) <= sure_from(high) <= 1.0


def test_who_wants_everything_right_or_nothing() -> None:
    assert (sure_from(0.0), sure_from(1.0)) == (0.0, 1.0)
    assert sure_from(0.9) < sure_from(0.98) < 0.98


def test_without_outcomes_the_scale_stays_as_it_was() -> None:
    empty = fit_scale((), ())
    assert empty.offset == pytest.approx(SCALE_BEFORE.offset)
    assert empty.slope == pytest.approx(SCALE_BEFORE.slope)


def test_the_more_a_lead_tells_right_from_wrong_the_steeper_the_scale() -> None:
    at = [number / 40 for number in range(40)]
    told = fit_scale(at, [lead > 0.5 for lead in at])
    untold = fit_scale(at, [number % 2 == 0 for number in range(40)])
    turned = fit_scale(at, [lead < 0.5 for lead in at])
    assert told.slope > untold.slope > turned.slope >= 0.5
    assert told.of(0.9) > untold.of(0.9)


def test_many_right_ones_make_surer_than_few() -> None:
    at = [0.2] * 50
    assert fit_scale(at, [True] * 50).of(0.2) > fit_scale(at[:3], [True] * 3).of(0.2) > SCALE_BEFORE.of(0.2)
    assert fit_scale(at, [False] * 50).of(0.2) < SCALE_BEFORE.of(0.2)


@given(st.lists(st.tuples(leads, st.booleans()), max_size=60))
def test_the_scale_never_turns_round(outcomes: list[tuple[float, bool]]) -> None:
    scale = fit_scale([lead for lead, _ in outcomes], [right for _, right in outcomes])
    assert scale.slope >= 0.5
    assert 0 <= scale.of(-1) < scale.of(1) <= 1


@given(st.lists(st.tuples(leads, st.booleans()), min_size=1, max_size=30), st.randoms())
def test_the_same_outcomes_in_any_order_make_the_same_scale(
    outcomes: list[tuple[float, bool]], chance: Random
) -> None:
    turned = list(outcomes)
    chance.shuffle(turned)
    one, other = (fit_scale(*map(list, zip(*each, strict=True))) for each in (outcomes, turned))
    assert one.offset == pytest.approx(other.offset, abs=1e-6)
    assert one.slope == pytest.approx(other.slope, abs=1e-6)


@pytest.mark.parametrize("lead", [-1e9, 1e9])
def test_a_lead_out_of_all_proportion_is_still_a_probability(lead: float) -> None:
    assert 0.0 <= Scale(0.0, 7.0).of(lead) <= 1.0


@given(judged, st.floats(0.5, 1.0))
def test_from_the_lowest_sure_on_the_wanted_share_is_right(
    outcomes: list[tuple[float, bool]], wanted: float
) -> None:
    confidences, right = [c for c, _ in outcomes], [r for _, r in outcomes]
    lowest = lowest_sure(confidences, right, wanted)
    above = [r for c, r in outcomes if c >= lowest]
    if lowest > 1:
        assert above == []
    else:
        assert sum(above) / len(above) >= wanted


@given(judged, st.floats(0.5, 1.0), st.floats(0.5, 1.0))
def test_who_wants_more_draws_the_line_no_lower(
    outcomes: list[tuple[float, bool]], a: float, b: float
) -> None:
    low, high = sorted((a, b))
    confidences, right = [c for c, _ in outcomes], [r for _, r in outcomes]
    assert lowest_sure(confidences, right, low) <= lowest_sure(confidences, right, high)


def test_luck_with_a_few_is_no_certainty() -> None:
    assert lowest_sure([0.9] * 5, [True] * 5, 0.98) > 1
    assert lowest_sure([0.9] * 50, [True] * 50, 0.98) == 0.9


def test_equals_are_sent_together_or_not_at_all() -> None:
    confidences = [0.9] * 30 + [0.5] * 20
    assert lowest_sure(confidences, [True] * 40 + [False] * 10, 0.9) == 0.9


@pytest.mark.parametrize("right", [[], [False] * 20])
def test_where_nothing_was_right_nothing_is_sure_enough(right: list[bool]) -> None:
    assert lowest_sure([0.99] * len(right), right, 0.9) > 1


@given(judged)
def test_the_curve_counts_every_outcome_once(outcomes: list[tuple[float, bool]]) -> None:
    bins = reliability([c for c, _ in outcomes], [r for _, r in outcomes])
    assert sum(one.count for one in bins) == len(outcomes)
    assert sum(one.count * one.right for one in bins) == pytest.approx(sum(r for _, r in outcomes))
    assert sum(one.count * one.confidence for one in bins) == pytest.approx(sum(c for c, _ in outcomes))
    for one in bins:
        assert one.count > 0
        assert one.low - 1e-9 <= one.confidence <= one.high + 1e-9


def test_a_bin_ends_where_the_next_begins() -> None:
    bins = reliability([0.1, 0.0, 1.0, 0.95], [True, False, True, False])
    assert [(one.low, one.high, one.count, one.right) for one in bins] == [
        (0.0, 0.1, 1, 0.0),
        (0.1, 0.2, 1, 1.0),
        (0.9, 1.0, 2, 0.5),
    ]


def test_a_level_line_is_lawful_too() -> None:
    assert along(((0.5, 0.7),), 0.1) == along(((0.5, 0.7),), 0.9) == 0.7
