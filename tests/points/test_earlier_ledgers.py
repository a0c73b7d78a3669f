"""A ledger that an earlier release kept goes on: its lines stay as they are, and what it withheld is paid."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

from services.chassis.documents import Versioned
from services.contracts.communities import CommunityLoaded
from services.contracts.ids import OrderId
from services.points.domain.accounts import BUDGET, EQUITY, Account
from services.points.domain.approvals import Approval
from services.points.domain.transfers import FIRST_SEAL, Transfer, first_seal, transfer_id
from services.points.handlers.awards import pay_or_wait, pay_waiting, take_up_withheld
from services.points.handlers.corrections import reverse_transfer
from services.points.handlers.funding import approve
from services.points.handlers.rules import decide_rule, keep_rule
from services.points.store.accounts import account_ref, transfer_ref
from services.points.store.rules import RuleOnRecord, rule_ref
from tests.support.bank import COMMUNITY, DAY, Bank, a_rule, an_award
from tests.support.deployment import jiwang

SHOP = "optician"


def earlier() -> Bank:
    """Return a bank as an earlier release kept it: 50 points approved, twice 20 paid, the third withheld."""
    bank, head = Bank(), ""
    for number in range(1, 4):
        order = OrderId(f"d{number}-1")
        transfer = Transfer(
            transfer_id(COMMUNITY, order, "order.settled"),
            order,
            BUDGET,
            SHOP,
            20,
            "完成服务",
            bank.now + timedelta(hours=number),
            posted=number < 3,
            number=number,
        )
        if transfer.posted:
            head = first_seal(head, transfer)
            transfer = replace(transfer, chained=head)
        bank.kept[transfer_ref(COMMUNITY, transfer.id)] = Versioned(transfer, 1)
    bank.kept[account_ref(COMMUNITY, BUDGET)] = Versioned(Account(BUDGET, 50, 40, 3), 4)
    bank.kept[account_ref(COMMUNITY, SHOP)] = Versioned(Account(SHOP, 40, 0, 2, head), 2)
    bank.now += timedelta(days=1)
    return bank


def test_it_agrees_before_anything_else_is_posted() -> None:
    bank = earlier()
    assert bank.verified(opened_points=50) == []
    assert {transfer.sealed for transfer in bank.transfers} == {FIRST_SEAL}


def test_equity_is_entered_with_the_first_approval_and_the_sum_is_zero_from_then_on() -> None:
    bank = earlier()
    bank.do(approve(bank.origin, Approval("a", 100, "追加")))
    opening, approval = bank.transfers[-2:]
    assert (opening.kind, opening.amount_points, approval.kind) == ("opening", 50, "approval")
    assert (bank.balance(EQUITY), bank.balance(BUDGET), bank.balance(SHOP)) == (-150, 110, 40)
    assert bank.verified(opened_points=50) == []


def test_an_award_is_chained_to_the_lines_of_before() -> None:
    bank = earlier()
    bank.do(pay_or_wait(bank.origin, an_award(7, SHOP, 10)))
    last = bank.transfers[-1]
    assert (last.number, last.credit_line, last.credit_balance_points) == (4, 3, 50)
    assert bank.verified(opened_points=50) == []


def test_what_it_withheld_waits_with_the_others_and_is_paid_once() -> None:
    bank = earlier()
    withheld = next(transfer for transfer in bank.transfers if not transfer.posted)
    assert bank.do(take_up_withheld(bank.origin, withheld.id))
    assert not bank.do(take_up_withheld(bank.origin, withheld.id)), "once"
    bank.do(approve(bank.origin, Approval("a", 100, "追加")))
    for _ in range(2):
        bank.do(pay_waiting(bank.origin, [withheld.id]))
    assert bank.balance(SHOP) == 60
    assert [transfer for transfer in bank.transfers if transfer.id == withheld.id] == [withheld], "not edited"
    assert bank.verified(opened_points=50) == []


def test_a_mistake_of_an_earlier_release_is_taken_back_and_the_books_agree() -> None:
    bank = earlier()
    bank.do(reverse_transfer(bank.origin, bank.transfers[0].id, "记错了"))
    bank.do(approve(bank.origin, Approval("a", 100, "追加")))
    assert (bank.balance(EQUITY), bank.balance(BUDGET), bank.balance(SHOP)) == (-150, 130, 20)
    assert bank.verified(opened_points=50) == []


def test_the_same_file_again_takes_nothing_back_that_was_approved_otherwise() -> None:
    bank, file = earlier(), jiwang(budget_points=50)
    bank.kept[rule_ref(COMMUNITY)] = Versioned(RuleOnRecord(file.model_dump_json()), 1)
    bank.do(approve(bank.origin, Approval("a", 500, "追加")))
    for _ in range(2):
        bank.do(keep_rule(bank.origin, CommunityLoaded(file=file)))
        assert bank.balance(BUDGET) == 510
    more = jiwang(budget_points=80)
    bank.do(keep_rule(bank.origin, CommunityLoaded(file=more)))
    assert bank.balance(BUDGET) == 540
    assert bank.verified(opened_points=50) == []


def test_what_was_paid_is_not_taken_for_withheld() -> None:
    bank = earlier()
    assert not any(bank.do(take_up_withheld(bank.origin, one.id)) for one in bank.transfers if one.posted)


def test_an_altered_line_of_an_earlier_release_is_found() -> None:
    bank = earlier()
    first = bank.transfers[0]
    bank.kept[transfer_ref(COMMUNITY, first.id)].value = replace(first, amount_points=21)
    assert any(wrong.number == 1 for wrong in bank.verified(opened_points=50))


def test_of_a_file_of_before_every_version_of_the_rule_is_told() -> None:
    bank = Bank()
    record = RuleOnRecord(jiwang(budget_points=0).model_dump_json(), 0, bank.now - DAY)
    bank.kept[rule_ref(COMMUNITY)] = Versioned(record, 1)
    bank.do(decide_rule(bank.origin, partial(a_rule, days=1)))
    said = [one.body.version for one in bank.said if one.kind == "points.rule_decided.v1"]
    assert said == [1, 2]
    bank.do(decide_rule(bank.origin, partial(a_rule, days=2)))
    assert [one.body.version for one in bank.said if one.kind == "points.rule_decided.v1"] == [1, 2, 3]
