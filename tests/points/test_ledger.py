"""The ledger: points are moved, never made, never owed, and every transfer is sealed."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.ids import OrderId
from services.points.domain.accounts import BUDGET, Account, InsufficientPoints, Transfer, seal, transfer_id
from services.points.domain.rules import Rule
from services.worktime.hours import Opening
from tests.builders import AT
from tests.support.moves import Moves


class TestLedger:
    @given(st.integers(0, 3_000), Moves)
    def test_points_are_moved_never_made_and_never_owed(
        self, budget_points: int, moves: list[tuple[str, int]]
    ) -> None:
        budget = Account(BUDGET).funded_to(budget_points)
        accounts = {name: Account(name) for name in "abc"}
        refused = 0
        for name, amount in moves:
            try:
                budget = budget.debited(amount)
            except InsufficientPoints:
                refused += 1
                assert amount > budget.balance_points
                continue
            accounts[name] = accounts[name].credited(amount, "h")
            assert budget.balance_points >= 0
        given_out = sum(account.credited_points for account in accounts.values())
        assert given_out == budget.debited_points == budget_points - budget.balance_points
        assert sum(account.transfers for account in accounts.values()) == len(moves) - refused

    @given(st.lists(st.integers(0, 1_000), max_size=10), st.integers(0, 500))
    def test_a_budget_is_never_below_what_was_spent(self, approved: list[int], spent: int) -> None:
        budget = Account(BUDGET).funded_to(500).debited(spent)
        for points in approved:
            budget = budget.funded_to(points)
            assert budget.balance_points == max(points, spent) - spent

    def test_the_same_cause_is_the_same_transfer_and_another_is_not(self) -> None:
        causes = [
            ("jiwang", OrderId("d1-1"), "r"),
            ("fenwan", OrderId("d1-1"), "r"),
            ("jiwang", OrderId("d2-1"), "r"),
            ("jiwang", OrderId("d1-1"), "s"),
        ]
        ids = [transfer_id(*cause) for cause in causes]
        assert len(set(ids)) == 4
        assert ids == [transfer_id(*cause) for cause in causes]

    @pytest.mark.parametrize(
        "changed",
        [
            {"id": "t2"},
            {"debit": "x"},
            {"credit": "x"},
            {"amount_points": 21},
            {"at": AT + timedelta(seconds=1)},
        ],
        ids=lambda changed: next(iter(changed)),
    )
    def test_a_seal_breaks_when_anything_in_it_is_changed(self, changed: dict[str, Any]) -> None:
        transfer = Transfer("t1", OrderId("d1-1"), BUDGET, "a", 20, "", AT, posted=True)
        assert seal("h", replace(transfer, **changed)) != seal("h", transfer)
        assert seal("x", transfer) != seal("h", transfer)

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
    def test_what_is_done_outside_business_hours_counts_double(self, when: str, factor: int) -> None:
        weekdays = Opening(("mon", "tue", "wed", "thu", "fri"), time(9), time(18))
        rule = Rule({"视力": 20}, 10, 2, {"a": (weekdays,)})
        local = datetime.fromisoformat(when)
        assert rule.earned("a", "视力", local).amount_points == 20 * factor
        assert rule.earned("a", "别的", local).amount_points == 10 * factor
        assert rule.earned("nobody has hours", "视力", local).amount_points == 20
