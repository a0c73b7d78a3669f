"""Give-back: what is pledged stands on the cause's account, and is used for it alone."""

from typing import Any

import pytest

from services.contracts.communities import CommunityLoaded
from services.contracts.refusal import NotFound
from services.contracts.values import replace
from services.points.domain.accounts import REDEEMED, InsufficientPoints, kind_of
from services.points.domain.approvals import Approval
from services.points.domain.claims import PointsOwed
from services.points.domain.giving import CauseClosed, GoodCause, Pledge, PledgeDelivered, PledgeNothing
from services.points.domain.posting import NotAnAmount
from services.points.handlers.awards import pay_or_wait
from services.points.handlers.corrections import reverse_transfer
from services.points.handlers.funding import approve
from services.points.handlers.giving import (
    choose_to_be_shown,
    close_cause,
    deliver,
    found_cause,
    pledge,
    spend,
)
from services.points.handlers.rules import keep_rule
from services.points.store.accounts import account_ref
from services.points.store.giving import cause_ref, giver_ref
from tests.support.bank import COMMUNITY, Bank, an_award
from tests.support.deployment import jiwang
from tests.support.stories import OPTICIAN


@pytest.fixture
def bank() -> Bank:
    """A bank in which the optician has a hundred points, and a cause to which nobody has given yet."""
    bank = Bank()
    bank.do(keep_rule(bank.origin, CommunityLoaded(file=jiwang(budget_points=0))))
    bank.do(approve(bank.origin, Approval("a", 1_000, "核定")))
    bank.do(pay_or_wait(bank.origin, an_award(1, OPTICIAN, 100)))
    bank.do(found_cause(bank.origin, GoodCause("c1", "图书角", "给四点半课堂", 500, bank.now)))
    return bank


def given(bank: Bank, number: int, points: int = 0, service: str = "") -> Pledge:
    made = Pledge(f"p{number}", "c1", OPTICIAN, points, service, bank.now)
    return bank.do(pledge(bank.origin, made)).present


def cause(bank: Bank) -> Any:
    return bank.kept[cause_ref(COMMUNITY, "c1")].present


def test_points_that_are_pledged_are_given_at_once(bank: Bank) -> None:
    given(bank, 1, 30)
    given(bank, 2, 20)
    assert (bank.balance(OPTICIAN), bank.balance(cause(bank).account)) == (50, 50)
    assert (cause(bank).pledges, cause(bank).pledged_points) == (2, 50)
    bank.do(spend(bank.origin, "c1", "s1", 45, "买图书"))
    assert (bank.balance(cause(bank).account), bank.balance(REDEEMED)) == (5, 45)
    assert cause(bank).spent_points == 45
    assert bank.verified() == []
    assert kind_of(cause(bank).account) == "cause"


def test_a_cause_spends_no_more_than_it_has(bank: Bank) -> None:
    given(bank, 1, 30)
    with pytest.raises(InsufficientPoints):
        bank.do(spend(bank.origin, "c1", "s1", 31, "买图书"))
    for points in (0, -1, 10**10):
        with pytest.raises((NotAnAmount, InsufficientPoints)):
            bank.do(spend(bank.origin, "c1", "s1", points, "买图书"))
    assert cause(bank).spent_points == 0


def test_a_partner_gives_no_more_than_it_has_and_nothing_of_what_it_owes(bank: Bank) -> None:
    with pytest.raises(InsufficientPoints):
        given(bank, 1, 101)
    ref = account_ref(COMMUNITY, OPTICIAN)
    bank.kept[ref] = replace(bank.kept[ref], value=bank.account(OPTICIAN).owing(90))
    with pytest.raises(PointsOwed):
        given(bank, 1, 11)
    assert given(bank, 2, 10).amount_points == 10
    assert cause(bank).pledges == 1


def test_nobody_gives_from_an_account_of_the_community(bank: Bank) -> None:
    for account in ("budget", "@escrow", "@cause-c1", "nobody"):
        with pytest.raises(NotFound):
            bank.do(pledge(bank.origin, Pledge("p9", "c1", account, 5, "", bank.now)))
    assert bank.balance("budget") == 900


def test_a_partner_of_the_file_promises_and_chooses_without_a_passbook(bank: Bank) -> None:
    new = Pledge("p9", "c1", "meijia-hair", 0, "免费理发", bank.now)
    assert bank.do(pledge(bank.origin, new)).present.service == "免费理发"
    assert bank.do(choose_to_be_shown(bank.origin, "meijia-hair", shown=False)).hidden
    with pytest.raises(NotFound):
        bank.do(pledge(bank.origin, replace(new, id="p10", service="", amount_points=5)))
    with pytest.raises(NotFound):
        bank.do(choose_to_be_shown(bank.origin, "nobody", shown=False))


def test_a_service_is_promised_and_seen_done_once(bank: Bank) -> None:
    promised = given(bank, 1, service="为孩子免费验光 20 人次")
    assert bank.balance(OPTICIAN) == 100
    bank.do(deliver(bank.origin, promised.id))
    with pytest.raises(PledgeDelivered):
        bank.do(deliver(bank.origin, promised.id))
    assert (cause(bank).services, cause(bank).delivered) == (1, 1)
    points = given(bank, 2, 5)
    with pytest.raises(PledgeDelivered):
        bank.do(deliver(bank.origin, points.id))


@pytest.mark.parametrize(("points", "service"), [(0, ""), (5, "洗窗帘")])
def test_points_or_a_service_are_pledged_and_not_both(bank: Bank, points: int, service: str) -> None:
    with pytest.raises(PledgeNothing):
        given(bank, 1, points, service)


def test_a_cause_that_is_closed_takes_nothing_and_may_still_spend(bank: Bank) -> None:
    given(bank, 1, 30)
    bank.do(close_cause(bank.origin, "c1"))
    for again in (lambda: given(bank, 2, 1), lambda: bank.do(close_cause(bank.origin, "c1"))):
        with pytest.raises(CauseClosed):
            again()
    bank.do(spend(bank.origin, "c1", "s1", 30, "买图书"))
    for work in (
        pledge(bank.origin, Pledge("p9", "none", OPTICIAN, 1, "", bank.now)),
        spend(bank.origin, "none", "s2", 1, "x"),
        deliver(bank.origin, "none"),
        close_cause(bank.origin, "none"),
    ):
        with pytest.raises(NotFound):
            bank.do(work)


def test_a_pledge_by_mistake_is_taken_back(bank: Bank) -> None:
    given(bank, 1, 30)
    transfer = next(one for one in bank.transfers if one.kind == "pledge")
    bank.do(reverse_transfer(bank.origin, transfer.id, "多按了一个零"))
    assert (bank.balance(OPTICIAN), bank.balance(cause(bank).account)) == (100, 0)
    assert (cause(bank).pledges, cause(bank).pledged_points) == (0, 0)
    assert bank.kept[giver_ref(COMMUNITY, OPTICIAN)].present.points == 0
    assert bank.said[-1].body.partner == OPTICIAN
    assert bank.said[-1].body.amount_points == 30
    assert bank.verified() == []
