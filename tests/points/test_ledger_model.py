"""The ledger against a pure model: what people expect of money, told in sums and sets and nothing else."""

import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.contracts.refusal import Refused
from services.points.domain.accounts import BUDGET, EQUITY, ESCROW, EXPIRED, REDEEMED
from services.points.domain.approvals import Approval
from services.points.domain.transfers import (
    Cause,
    id_of,
)
from services.points.domain.waiting import Award
from services.points.handlers.awards import pay_or_wait, pay_waiting
from services.points.handlers.corrections import reverse_transfer
from services.points.handlers.expiring import expire_lots
from services.points.handlers.funding import approve
from services.points.handlers.holds import HoldRequest, capture_hold, expire_hold, place_hold, release_hold
from services.points.store.accounts import WAITING_AWARDS
from tests.support.bank import COMMUNITY, DAY, Bank, an_award

PARTNERS = ("optician", "bookshop", "barber")
AMOUNTS = st.integers(1, 60)
SEQUENCES, STEPS = (20_000, 50) if os.environ.get("WHOLE") else (600, 50)


@dataclass
class Model:
    """What people expect.

    Arguments:
        passbooks: partner → expiry → points.
        budget: expiry → points.
        holds: hold → partner, lots by expiry, and when it ends; those that are open.
    """

    budget: Counter[datetime | None] = field(default_factory=Counter)
    approved: int = 0
    passbooks: dict[str, Counter[datetime | None]] = field(
        default_factory=lambda: {partner: Counter() for partner in PARTNERS}
    )
    holds: dict[str, tuple[str, Counter[datetime | None], datetime]] = field(default_factory=dict)
    waiting: list[Award] = field(default_factory=list)
    redeemed: int = 0
    expired: int = 0

    def take(self, lots: Counter[datetime | None], points: int) -> Counter[datetime | None] | None:
        """Take points from lots, the first to expire first; None where there are not as many."""
        if sum(lots.values()) < points:
            return None
        gone: Counter[datetime | None] = Counter()
        for at in sorted(lots, key=lambda one: one or datetime.max.replace(tzinfo=UTC)):
            part = min(lots[at], points)
            gone[at] += part
            lots[at] -= part
            points -= part
        return +gone

    def pay(self) -> None:
        """Pay what waits, in order, as far as it goes."""
        while self.waiting and self.take(self.budget, self.waiting[0].amount_points) is not None:
            one = self.waiting.pop(0)
            self.passbooks[one.partner][one.expires_at] += one.amount_points


class Ledger(RuleBasedStateMachine):
    """Whatever is asked in whatever order, the ledger and the model agree."""

    def __init__(self) -> None:
        super().__init__()
        self.bank, self.model = Bank(), Model()
        self.number = 0
        self.awarded: list[Award] = []
        self.holds: list[str] = []

    @initialize(points=st.integers(0, 500))
    def begin(self, points: int) -> None:
        if points:
            self.approve(points, None)

    def next(self) -> int:
        self.number += 1
        return self.number

    def attempt(self, work: Any) -> bool:
        """Run a work; a refusal changes nothing. Returns whether it was done."""
        before = dict(self.bank.kept)
        said = len(self.bank.said)
        try:
            self.bank.do(work)
        except Refused:
            assert self.bank.kept == before
            assert len(self.bank.said) == said
            return False
        return True

    @rule(points=AMOUNTS, days=st.one_of(st.none(), st.integers(1, 40)))
    def approve(self, points: int, days: int | None) -> None:
        until = self.bank.now + days * DAY if days else None
        approval = Approval(f"a{self.next()}", points, "居委会核定", until)
        for _ in range(2):
            assert self.attempt(approve(self.bank.origin, approval))
        self.model.budget[until] += points
        self.model.approved += points

    @rule(partner=st.sampled_from(PARTNERS), points=AMOUNTS, days=st.one_of(st.none(), st.integers(1, 40)))
    def award(self, partner: str, points: int, days: int | None) -> None:
        expires_at = self.bank.now + days * DAY if days else None
        one = an_award(self.next(), partner, points, expires_at)
        for _ in range(2):
            self.bank.do(pay_or_wait(self.bank.origin, one))
        self.awarded.append(one)
        self.model.waiting.append(one)
        if len(self.model.waiting) == 1:
            self.model.pay()

    @rule()
    def pay_what_waits(self) -> None:
        ids = [one.id for one in self.model.waiting]
        self.bank.do(pay_waiting(self.bank.origin, ids))
        self.model.pay()

    @rule(partner=st.sampled_from(PARTNERS), points=AMOUNTS, days=st.integers(1, 20))
    def place(self, partner: str, points: int, days: int) -> None:
        hold, until = f"h{self.next()}", self.bank.now + days * DAY
        setting = HoldRequest(hold, partner, points, "兑换推广位", Cause("shop", hold), until)
        lots = self.model.take(self.model.passbooks[partner], points)
        done = [self.attempt(place_hold(self.bank.origin, setting)) for _ in range(2)]
        assert done == [lots is not None] * 2
        if lots is not None:
            self.model.holds[hold] = (partner, lots, until)
        self.holds.append(hold)

    @rule(choice=st.integers(0, 10_000), how=st.sampled_from(["capture", "release", "expire"]))
    def resolve(self, choice: int, how: str) -> None:
        if not self.holds:
            return
        hold = self.holds[choice % len(self.holds)]
        known = self.model.holds.get(hold)
        over = known is not None and known[2] <= self.bank.now
        if how == "expire":
            done = bool(self.bank.do(expire_hold(self.bank.origin, hold)))
            assert done == over
        else:
            step = capture_hold if how == "capture" else release_hold
            done = self.attempt(step(self.bank.origin, hold))
            assert done == (known is not None and not over)
        if not done or known is None:
            return
        partner, lots, _ = self.model.holds.pop(hold)
        if how == "capture":
            self.model.redeemed += sum(lots.values())
        else:
            self.model.passbooks[partner] += lots

    @rule(choice=st.integers(0, 10_000))
    def reverse(self, choice: int) -> None:
        paid = [one for one in self.awarded if one not in self.model.waiting]
        if not paid:
            return
        one = paid[choice % len(paid)]
        back = id_of(COMMUNITY, one.id, "reversal")
        was = any(transfer.id == back for transfer in self.bank.transfers)
        lots = None if was else self.model.take(self.model.passbooks[one.partner], one.amount_points)
        assert self.attempt(reverse_transfer(self.bank.origin, one.id, "录错了")) == (lots is not None)
        if lots is not None:
            self.model.budget[None] += one.amount_points

    @rule(days=st.integers(0, 15))
    def time_passes(self, days: int) -> None:
        self.bank.now += days * DAY
        for name in (BUDGET, *PARTNERS):
            self.bank.do(expire_lots(self.bank.origin, name))
        for lots in (self.model.budget, *self.model.passbooks.values()):
            for at in [at for at in lots if at is not None and at <= self.bank.now]:
                points = lots.pop(at)
                if lots is self.model.budget:
                    self.model.approved -= points
                else:
                    self.model.expired += points

    @invariant()
    def they_agree(self) -> None:
        bank, model = self.bank, self.model
        balances = {name: account.balance_points for name, account in bank.accounts.items()}
        assert sum(balances.values()) == 0, "conservation"
        assert all(points >= 0 for name, points in balances.items() if name != EQUITY), "nobody owes"
        for name, lots in ((BUDGET, model.budget), *model.passbooks.items()):
            kept = {lot.expires_at: lot.points for lot in bank.account(name).all_lots}
            assert kept == dict(+lots), name
        held = sum(sum(lots.values()) for _, lots, _ in model.holds.values())
        assert (bank.balance(ESCROW), bank.balance(REDEEMED)) == (held, model.redeemed), "holds"
        assert (bank.balance(EXPIRED), bank.balance(EQUITY)) == (model.expired, -model.approved)
        waiting = [one.award for one in bank.all_of(WAITING_AWARDS) if one.waits_since]
        assert sorted(waiting, key=lambda one: one.id) == sorted(model.waiting, key=lambda one: one.id)

    @invariant()
    def nothing_is_found(self) -> None:
        if self.number % 10 == 0:
            assert self.bank.verified() == []

    def teardown(self) -> None:
        assert self.bank.verified() == []
        ids = [transfer.id for transfer in self.bank.transfers]
        assert len(ids) == len(set(ids)), "a cause posts once"


TestLedgerAgainstAModel = Ledger.TestCase
TestLedgerAgainstAModel.settings = settings(
    max_examples=SEQUENCES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
