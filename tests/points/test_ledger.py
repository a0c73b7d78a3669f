"""The ledger: points are moved, never made, never owed; every transfer is sealed, and nothing is edited."""

from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import bson
import pytest
from bson.codec_options import CodecOptions

from services.chassis.documents import Versioned, to_document
from services.chassis.work import UnitOfWork
from services.contracts.ids import OrderId
from services.contracts.refusal import NotFound
from services.points.domain.accounts import BUDGET, EQUITY, ESCROW, EXPIRED, REDEEMED, InsufficientPoints
from services.points.domain.approvals import Approval
from services.points.domain.holds import HoldExpired, HoldResolved
from services.points.domain.posting import NotAnAmount, Posting, post
from services.points.domain.transfers import (
    AlreadyReversed,
    Cause,
    NotReversible,
    Transfer,
    digest_of,
    id_of,
    seal,
)
from services.points.handlers.awards import pay, pay_or_wait, pay_waiting
from services.points.handlers.corrections import reverse_transfer
from services.points.handlers.expiring import announce_expiry, expire_lots
from services.points.handlers.funding import approve
from services.points.handlers.holds import HoldRequest, capture_hold, expire_hold, place_hold, release_hold
from services.points.store.accounts import TRANSFERS, account_ref, transfer_ref
from tests.builders import AT
from tests.support.bank import COMMUNITY, DAY, Bank, an_award

CHANGES: tuple[dict[str, Any], ...] = (
    {"id": "t2"},
    {"number": 9},
    {"kind": "approval"},
    {"order": OrderId("x")},
    {"debit": "x"},
    {"credit": "x"},
    {"amount_points": 21},
    {"because": "x"},
    {"at": AT + timedelta(seconds=1)},
    {"cause": Cause("fair", "x")},
    {"rule": "x"},
    {"rule_version": 2},
    {"actor": "x"},
    {"lots": ()},
    {"until": AT},
)
"""Whatever a transfer says, changed."""


@pytest.fixture
def bank() -> Bank:
    """A bank with a thousand points approved, of which the optician has a hundred."""
    bank = Bank()
    bank.do(approve(bank.origin, Approval("a", 1_000, "居委会核定")))
    bank.do(pay_or_wait(bank.origin, an_award(0, "optician", 100)))
    return bank


class TestPosting:
    @pytest.mark.parametrize("points", [0, -5, 1_000_000_001, 2**63])
    def test_what_is_no_amount_is_refused(self, bank: Bank, points: int) -> None:
        before = dict(bank.kept)
        setting = HoldRequest("h", "optician", points, "", Cause("shop", "h"), bank.now + DAY)
        with pytest.raises(NotAnAmount):
            bank.do(place_hold(bank.origin, setting))
        assert bank.kept == before

    def test_nobody_spends_what_they_do_not_have(self, bank: Bank) -> None:
        setting = HoldRequest("h", "optician", 101, "", Cause("shop", "h"), bank.now + DAY)
        with pytest.raises(InsufficientPoints) as refused:
            bank.do(place_hold(bank.origin, setting))
        assert refused.value.facts == {"balance_points": 100, "amount_points": 101}

    def test_a_transfer_says_what_both_accounts_hold_after_it(self, bank: Bank) -> None:
        last = bank.transfers[-1]
        assert (last.debit_balance_points, last.credit_balance_points) == (900, 100)
        assert (last.debit_line, last.credit_line, last.number) == (2, 1, 2)

    def test_points_do_not_go_round_in_one_account(self, bank: Bank) -> None:
        posting = Posting("x", "award", BUDGET, BUDGET, 1, "", Cause("order", "o"))
        with pytest.raises(AssertionError):
            post(posting, bank.accounts, bank.now)

    def test_the_same_cause_is_the_same_transfer_and_another_is_not(self) -> None:
        causes = [
            ("jiwang", "d1-1", "r"),
            ("fenwan", "d1-1", "r"),
            ("jiwang", "d2-1", "r"),
            ("jiwang", "d1-1", "s"),
        ]
        ids = [id_of(*cause) for cause in causes]
        assert len(set(ids)) == 4
        assert ids == [id_of(*cause) for cause in causes]


class TestSeals:
    @pytest.mark.parametrize(
        "changed",
        CHANGES,
        ids=lambda changed: next(iter(changed)),
    )
    def test_break_when_anything_is_changed(self, bank: Bank, changed: dict[str, Any]) -> None:
        transfer = bank.transfers[-1]
        assert digest_of(replace(transfer, **changed)) != digest_of(transfer)

    def test_cover_all_that_a_transfer_says(self) -> None:
        covered = {name for changed in CHANGES for name in changed}
        of_one_side = {"debit_line", "credit_line", "debit_balance_points", "credit_balance_points"}
        outside = {"posted", "chained", "debit_seal", "sealed", *of_one_side}
        assert covered | outside == set(Transfer.__dataclass_fields__)

    @pytest.mark.parametrize("changed", range(5))
    def test_of_a_line_break_when_its_number_its_balance_or_the_line_before_is_changed(
        self, changed: int
    ) -> None:
        given: list[Any] = ["before", "optician", 3, 40, "digest"]
        other = [*given]
        other[changed] = other[changed] * 2
        assert seal(*other) != seal(*given)

    def test_hang_together_from_line_to_line(self, bank: Bank) -> None:
        for number in range(1, 4):
            bank.do(pay_or_wait(bank.origin, an_award(number, "optician", 5)))
        head = ""
        for transfer in bank.transfers[1:]:
            balance = transfer.credit_balance_points
            head = seal(head, "optician", transfer.credit_line, balance, digest_of(transfer))
            assert transfer.chained == head
        assert bank.account("optician").head == head


class TestWhatIsSealed:
    def test_is_what_the_database_gives_back(self, bank: Bank) -> None:
        here = timezone(timedelta(hours=8))
        until = (bank.now + DAY).astimezone(here) + timedelta(microseconds=123_456)
        bank.do(approve(bank.origin, Approval("q", 10, "一季度", until)))
        setting = HoldRequest("h", "optician", 5, "联系13812345678", Cause("shop", "h"), until)
        bank.do(place_hold(bank.origin, setting))
        for transfer in bank.transfers:
            kept = to_document(transfer_ref(COMMUNITY, transfer.id), Versioned(transfer, 1))
            again = TRANSFERS.decode(bson.decode(bson.encode(kept), CodecOptions(tz_aware=True)))
            assert digest_of(again) == digest_of(transfer)
        assert bank.verified() == []
        assert "13812345678" not in str(bank.kept)


class TestHolds:
    @pytest.mark.parametrize("account", [BUDGET, EQUITY, ESCROW])
    def test_are_for_passbooks_alone(self, bank: Bank, account: str) -> None:
        setting = HoldRequest("h", account, 5, "", Cause("shop", "h"), bank.now + DAY)
        with pytest.raises(NotFound):
            bank.do(place_hold(bank.origin, setting))

    def place(self, bank: Bank, points: int = 60) -> None:
        setting = HoldRequest("h", "optician", points, "金牌推广位", Cause("shop", "h"), bank.now + DAY)
        bank.do(place_hold(bank.origin, setting))

    def test_are_resolved_once(self, bank: Bank) -> None:
        self.place(bank)
        bank.do(capture_hold(bank.origin, "h"))
        for step in (capture_hold, release_hold):
            with pytest.raises(HoldResolved):
                bank.do(step(bank.origin, "h"))
        assert not bank.do(expire_hold(bank.origin, "h"))
        assert (bank.balance("optician"), bank.balance(REDEEMED)) == (40, 60)

    def test_that_have_ended_can_only_go_back(self, bank: Bank) -> None:
        self.place(bank)
        assert not bank.do(expire_hold(bank.origin, "h")), "it is not over yet"
        bank.now += DAY
        with pytest.raises(HoldExpired):
            bank.do(capture_hold(bank.origin, "h"))
        assert bank.do(expire_hold(bank.origin, "h"))
        assert (bank.balance("optician"), bank.balance(ESCROW)) == (100, 0)

    def test_give_back_the_very_lots_that_were_taken(self, bank: Bank) -> None:
        soon, late = bank.now + 5 * DAY, bank.now + 50 * DAY
        for number, (points, at) in enumerate(((30, soon), (40, late)), start=1):
            bank.do(pay_or_wait(bank.origin, an_award(number, "barber", points, at)))
        setting = HoldRequest("b", "barber", 50, "", Cause("shop", "b"), bank.now + DAY)
        before = bank.account("barber").lots
        bank.do(place_hold(bank.origin, setting))
        assert [(lot.points, lot.expires_at) for lot in bank.account("barber").lots] == [(20, late)]
        bank.do(release_hold(bank.origin, "b"))
        assert bank.account("barber").lots == before


class TestExpiry:
    def test_takes_the_oldest_points_first_and_tells_a_month_before(self, bank: Bank) -> None:
        first, second = bank.now + 40 * DAY, bank.now + 80 * DAY
        for number, at in enumerate((first, second), start=1):
            bank.do(pay_or_wait(bank.origin, an_award(number, "barber", 30, at)))
        assert not bank.do(announce_expiry(bank.origin, "barber"))
        bank.now += 15 * DAY
        assert bank.do(announce_expiry(bank.origin, "barber"))
        assert not bank.do(announce_expiry(bank.origin, "barber")), "once"
        told = bank.said[-1].body
        assert (told.partner, told.amount_points, told.at) == ("barber", 30, first)
        bank.now = first
        assert bank.do(expire_lots(bank.origin, "barber"))
        assert not bank.do(expire_lots(bank.origin, "barber"))
        assert (bank.balance("barber"), bank.balance(EXPIRED)) == (30, 30)
        assert bank.account("barber").announce_at == second - 30 * DAY

    def test_of_an_approval_gives_back_what_was_not_issued_in_its_period(self, bank: Bank) -> None:
        until = bank.now + 90 * DAY
        bank.do(approve(bank.origin, Approval("q1", 500, "一季度", until)))
        bank.do(pay_or_wait(bank.origin, an_award(1, "barber", 120)))
        bank.now = until
        assert bank.do(expire_lots(bank.origin, BUDGET))
        assert bank.balance(BUDGET) == 900, "what was issued came from the period that ends first"
        assert bank.balance(EQUITY) == -(1_500 - 380)

    def test_can_be_taken_back_with_its_lots(self, bank: Bank) -> None:
        at = bank.now + DAY
        bank.do(pay_or_wait(bank.origin, an_award(1, "barber", 30, at)))
        bank.now = at
        bank.do(expire_lots(bank.origin, "barber"))
        bank.do(reverse_transfer(bank.origin, bank.transfers[-1].id, "系统误扣"))
        assert (bank.balance("barber"), bank.balance(EXPIRED)) == (30, 0)
        assert bank.verified() == []

    def test_that_was_wrong_is_not_repeated_at_once(self, bank: Bank) -> None:
        at = bank.now + DAY
        bank.do(pay_or_wait(bank.origin, an_award(1, "barber", 30, at)))
        bank.now = at
        bank.do(expire_lots(bank.origin, "barber"))
        bank.do(reverse_transfer(bank.origin, bank.transfers[-1].id, "系统误扣"))
        assert not bank.do(expire_lots(bank.origin, "barber"))
        assert bank.balance("barber") == 30


class TestCorrections:
    def test_are_transfers_of_their_own_and_happen_once(self, bank: Bank) -> None:
        wrong = bank.transfers[-1]
        bank.do(reverse_transfer(bank.origin, wrong.id, "录错了"))
        assert bank.transfers[1] == wrong, "nothing is edited"
        assert (bank.balance("optician"), bank.balance(BUDGET)) == (0, 1_000)
        with pytest.raises(AlreadyReversed):
            bank.do(reverse_transfer(bank.origin, wrong.id, "录错了"))
        with pytest.raises(NotReversible):
            bank.do(reverse_transfer(bank.origin, bank.transfers[-1].id, "反悔"))

    def test_take_back_nothing_that_is_spent(self, bank: Bank) -> None:
        setting = HoldRequest("h", "optician", 1, "", Cause("shop", "h"), bank.now + DAY)
        bank.do(place_hold(bank.origin, setting))
        with pytest.raises(InsufficientPoints):
            bank.do(reverse_transfer(bank.origin, bank.transfers[1].id, "录错了"))


class TestWaiting:
    def test_an_award_that_was_paid_elsewhere_meanwhile_is_not_paid_again(self, bank: Bank) -> None:
        one = an_award(1, "barber", 2_000)
        bank.do(pay_or_wait(bank.origin, one))
        bank.do(approve(bank.origin, Approval("b", 5_000, "追加")))
        below = {account_ref(COMMUNITY, "barber"): Versioned(None), **bank.kept}
        other = UnitOfWork(bank.origin, bank.now, below)
        other_transfer = pay(other, one, one.id)
        bank.kept.update(other.changes)
        assert bank.do(pay_waiting(bank.origin, [one.id])) == 1
        assert bank.balance("barber") == 2_000
        assert other_transfer.id == one.id

    def test_what_is_no_amount_does_not_wait(self, bank: Bank) -> None:
        with pytest.raises(NotAnAmount):
            bank.do(pay_or_wait(bank.origin, an_award(1, "barber", 2_000_000_000)))

    def test_awards_wait_for_a_budget_and_are_paid_in_order(self, bank: Bank) -> None:
        for number, points in ((1, 950), (2, 10), (3, 20)):
            bank.do(pay_or_wait(bank.origin, an_award(number, "barber", points)))
        assert bank.balance("barber") == 0, "the small ones do not pass the large one"
        bank.do(approve(bank.origin, Approval("b", 70, "追加")))
        ids = [an_award(number, "barber", 1).id for number in (3, 2, 1)]
        assert bank.do(pay_waiting(bank.origin, ids)) == 2
        assert [t.amount_points for t in bank.transfers[-2:]] == [950, 10]
        assert bank.do(pay_waiting(bank.origin, ids)) == 0
        bank.do(approve(bank.origin, Approval("c", 500, "再追加")))
        assert bank.do(pay_waiting(bank.origin, ids)) == 1
        assert bank.balance("barber") == 980
        assert bank.verified() == []


def test_a_clock_that_was_put_back_is_no_alteration() -> None:
    bank = Bank()
    bank.do(approve(bank.origin, Approval("a", 100, "核定")))
    bank.do(pay_or_wait(bank.origin, an_award(1, "optician", 10)))
    bank.now -= timedelta(hours=3)
    bank.do(pay_or_wait(bank.origin, an_award(2, "optician", 10)))
    assert bank.verified() == []
