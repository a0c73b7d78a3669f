"""Who gets scarce places: the solver that runs, against every assignment there could be."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.contracts.ids import OrderId
from services.matching.domain.assignment import (
    SERVED_VALUE,
    URGENT_VALUE,
    WAITING_VALUE,
    Bid,
    Edge,
    assign,
    is_scarce,
    speaks_for,
    will_do,
)
from services.matching.domain.parts import Reason
from services.matching.routing.solver import solve

MORNING = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
PROVIDERS = ("bakery", "clinic", "school", "works")
ALIKE = 1e-6
scores = some.dictionaries(some.sampled_from(PROVIDERS), some.floats(0, 2), max_size=len(PROVIDERS))
slots = some.dictionaries(some.sampled_from(PROVIDERS), some.integers(0, 3))


@some.composite
def _bids(draw: some.DrawFn, most: int = 12) -> list[Bid]:
    count = draw(some.integers(0, most))
    return [
        Bid(
            OrderId(f"o{number}"),
            draw(scores),
            draw(some.booleans()),
            MORNING + timedelta(minutes=draw(some.integers(0, 5))),
        )
        for number in range(count)
    ]


def bid(order: str, minute: int = 0, *, urgent: bool = False, **wanted: float) -> Bid:
    """Return a bid of the morning."""
    return Bid(OrderId(order), wanted, urgent, MORNING + timedelta(minutes=minute))


def worth(bids: Sequence[Bid], given: Mapping[OrderId, str]) -> float:
    """Return what an assignment is worth in all."""
    ranked = sorted(bids, key=lambda one: (one.since, one.order))
    return sum(
        SERVED_VALUE
        + URGENT_VALUE * one.urgent
        + WAITING_VALUE * (1 - rank / len(ranked))
        + one.scores[given[one.order]]
        for rank, one in enumerate(ranked)
        if one.order in given
    )


def every_assignment(bids: Sequence[Bid], slots: Mapping[str, int]) -> Iterator[dict[OrderId, str]]:
    """Return each assignment that capacity allows."""
    for choice in product(*([None, *one.scores] for one in bids)):
        taken = Counter(provider for provider in choice if provider is not None)
        if all(count <= slots.get(provider, 0) for provider, count in taken.items()):
            yield {one.order: its for one, its in zip(bids, choice, strict=True) if its is not None}


@given(_bids(), slots)
def test_nobody_is_given_more_than_it_has_places_for(bids: list[Bid], slots: dict[str, int]) -> None:
    taken = Counter(assign(bids, slots, solve).values())
    assert all(count <= slots.get(provider, 0) for provider, count in taken.items())


@given(_bids(), slots)
def test_nobody_is_given_to_a_provider_that_will_not_do(bids: list[Bid], slots: dict[str, int]) -> None:
    wanted = {one.order: one.scores for one in bids}
    assert all(provider in wanted[order] for order, provider in assign(bids, slots, solve).items())


@given(_bids(), slots)
def test_no_place_stays_empty_while_somebody_who_would_take_it_waits(
    bids: list[Bid], slots: dict[str, int]
) -> None:
    given = assign(bids, slots, solve)
    taken = Counter(given.values())
    left = {provider for provider, count in slots.items() if count > taken[provider]}
    waiting = [one for one in bids if one.order not in given]
    assert not [(one.order, provider) for one in waiting for provider in left & set(one.scores)]


@given(_bids(), slots, some.randoms(use_true_random=False))
def test_the_order_of_bids_scores_and_providers_changes_nothing(
    bids: list[Bid], slots: dict[str, int], chance: Random
) -> None:
    shuffled = [
        Bid(one.order, dict(reversed(list(one.scores.items()))), one.urgent, one.since)
        for one in reversed(bids)
    ]
    chance.shuffle(shuffled)
    assert assign(shuffled, dict(reversed(list(slots.items()))), solve) == assign(bids, slots, solve)


@given(_bids(most=5), slots)
def test_no_other_assignment_is_worth_more(bids: list[Bid], slots: dict[str, int]) -> None:
    best = max(worth(bids, other) for other in every_assignment(bids, slots))
    assert worth(bids, assign(bids, slots, solve)) == pytest.approx(best, abs=ALIKE)


@given(_bids(), slots)
def test_nobody_in_danger_waits_for_a_place_that_another_took(bids: list[Bid], slots: dict[str, int]) -> None:
    given = assign(bids, slots, solve)
    comfortable = {given[one.order] for one in bids if one.order in given and not one.urgent}
    endangered = [one for one in bids if one.urgent and one.order not in given]
    assert not [one.order for one in endangered if comfortable & set(one.scores)]


@given(some.lists(some.booleans(), min_size=1, max_size=10), some.integers(0, 10))
def test_of_those_who_want_the_same_whoever_waited_longest_comes_first(urgent: list[bool], free: int) -> None:
    bids = [bid(f"o{n:02}", n, urgent=its, clinic=1.0) for n, its in enumerate(urgent)]
    fair = sorted(bids, key=lambda one: (not one.urgent, one.since))
    assert set(assign(bids, {"clinic": free}, solve)) == {one.order for one in fair[:free]}


def test_of_two_that_came_at_once_the_smaller_id_comes_first() -> None:
    bids = [bid("b", clinic=1.0), bid("a", clinic=1.0)]
    assert assign(bids, {"clinic": 1}, solve) == {"a": "clinic"}


def test_a_better_match_does_not_overtake_one_that_waited_much_longer() -> None:
    assert assign([bid("old", 0, clinic=0.5), bid("new", 9, clinic=2.0)], {"clinic": 1}, solve) == {
        "old": "clinic"
    }


def test_one_that_can_go_elsewhere_makes_room_for_one_that_cannot() -> None:
    bids = [bid("free", 0, clinic=2.0, works=0.1), bid("bound", 1, clinic=0.1)]
    given = assign(bids, {"clinic": 1, "works": 1}, solve)
    assert given == {"free": "works", "bound": "clinic"}


def test_with_room_for_all_everybody_gets_the_best_match() -> None:
    bids = [bid("a", clinic=1.0, works=0.9), bid("b", clinic=0.8, works=1.2)]
    assert assign(bids, {"clinic": 2, "works": 2}, solve) == {"a": "clinic", "b": "works"}


@pytest.mark.parametrize("slots", [{}, {"clinic": 0}, {"clinic": -1}, {"works": 5}])
def test_without_a_place_that_will_do_everybody_waits(slots: dict[str, int]) -> None:
    assert assign([bid("a", clinic=1.0), bid("b", clinic=1.0)], slots, solve) == {}


def test_where_nobody_waits_nothing_is_given() -> None:
    assert assign([], {"clinic": 3}, solve) == {}


def test_one_for_whom_nobody_will_do_waits_and_hinders_nobody() -> None:
    assert assign([bid("a"), bid("b", 1, clinic=1.0)], {"clinic": 1}, solve) == {"b": "clinic"}


@pytest.mark.slow
def test_a_thousand_who_wait_are_given_all_there_is() -> None:
    bids = [bid(f"o{n:04}", n, clinic=1.0, works=1.0) for n in range(1_000)]
    given = assign(bids, {"clinic": 300, "works": 200}, solve)
    assert set(given) == {f"o{n:04}" for n in range(500)}
    assert Counter(given.values()) == {"clinic": 300, "works": 200}


def test_of_equal_edges_the_solver_takes_the_lower_column() -> None:
    edges = [Edge(0, 1, 1.0), Edge(0, 0, 1.0), Edge(1, 2, 0.0), Edge(0, 2, 0.0), Edge(1, 3, 0.0)]
    assert solve(2, 4, edges) == {0: 0, 1: 2}


@given(some.dictionaries(some.text(max_size=3), some.floats(0, 5), min_size=1))
def test_the_best_will_do_and_so_does_everybody_near(scores: dict[str, float]) -> None:
    able, best = will_do(scores), max(scores.values())
    assert best in able.values()
    assert all(scores[provider] == score for provider, score in able.items())
    assert {p for p, score in scores.items() if score >= 0.8 * best} == set(able)


def test_nobody_will_do_where_nobody_is_known() -> None:
    assert will_do({}) == {}


def test_somebody_much_worse_will_not_do() -> None:
    assert will_do({"clinic": 1.0, "works": 0.8, "bakery": 0.79}) == {"clinic": 1.0, "works": 0.8}


@pytest.mark.parametrize(
    ("capacity", "taken", "scarce"),
    [
        (1, 0, True),
        (2, 0, False),
        (2, 1, True),
        (2, 2, True),
        (9, 7, False),
        (9, 8, True),
        (10, 7, False),
        (10, 8, True),
        (20, 15, False),
        (20, 16, True),
        (3, 5, True),
        (0, 0, True),
    ],
)
def test_the_last_fifth_of_the_places_and_at_least_the_last_one_is_scarce(
    capacity: int, taken: int, scarce: bool
) -> None:
    assert is_scarce(capacity, taken) is scarce


@pytest.mark.parametrize(
    ("parts", "speaks"),
    [
        ([("职责", 0.4)], True),
        ([("资源", 0.1), ("余力", 0.05)], True),
        ([("事项", 0.3)], True),
        ([("事项", 0.25)], False),  # a hint
        ([("意思", 0.2), ("经验", 0.2)], False),
        ([("余力", 0.05)], False),  # free hands alone
        ([("契约", 0.9)], False),  # a contract alone
        ([], False),
    ],
)
def test_words_or_experience_speak_for_somebody_not_its_contract_or_free_hands_alone(
    parts: list[tuple[str, float]], speaks: bool
) -> None:
    assert speaks_for(Reason(name, value, "") for name, value in parts) is speaks
