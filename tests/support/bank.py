"""A community's points bank without a database: decisions run one after the other over plain values."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any, TypeVar

from services.chassis.clock import new_id
from services.chassis.documents import Ref, Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.communities import CommunityLoaded
from services.contracts.envelope import Envelope
from services.contracts.ids import OrderId
from services.contracts.values import replace
from services.contracts.words import Actor, Role
from services.notify.domain.audiences import told
from services.notify.domain.following import Following
from services.points.domain.accounts import Account
from services.points.domain.holds import Hold
from services.points.domain.rules import EarningRule
from services.points.domain.transfers import Cause, Transfer, transfer_id
from services.points.domain.verification import Verification, Wrong
from services.points.domain.waiting import Award
from services.points.handlers.rules import Rules, decide_rule, keep_rule, withdraw_rule
from services.points.store.accounts import ACCOUNTS, HOLDS, TRANSFERS, account_ref
from tests.support.deployment import jiwang
from tests.support.shelves import Shelf, Shelves

A = TypeVar("A")
COMMUNITY = "jiwang"
DAY = timedelta(days=1)


@dataclass
class Bank:
    """What is kept, and what was said."""

    kept: dict[Ref[Any], Versioned[Any]] = field(default_factory=dict)
    now: datetime = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
    said: list[Envelope] = field(default_factory=list)

    @property
    def origin(self) -> Origin:
        """Return where what staff do comes from."""
        return Origin(COMMUNITY, Actor(subject="staff-1", role=Role.STAFF), "test", new_id())

    def do(self, work: Work[A]) -> A:
        """Run a work and keep what it leaves; what it raises has changed nothing."""
        below = {ref: self.kept.get(ref, Versioned(None)) for ref in work.reads}
        while work.more_reads is not None:
            more = [
                ref for ref in work.more_reads(UnitOfWork(work.origin, self.now, below)) if ref not in below
            ]
            if not more:
                break
            below |= {ref: self.kept.get(ref, Versioned(None)) for ref in more}
        uow = UnitOfWork(work.origin, self.now, below)
        answer = work.decide(uow)
        for ref, value in uow.changes.items():
            assert ref in below or ref not in self.kept, f"{ref.collection.name} is there, and was not read"
            self.kept[ref] = value
        self.said += uow.said
        return answer

    def all_of(self, collection: Any) -> Iterator[Any]:
        """Return the values of a collection."""
        for ref, value in self.kept.items():
            if ref.collection is collection and value.value is not None:
                yield value.value

    @property
    def transfers(self) -> list[Transfer]:
        """Return all transfers by their numbers."""
        return sorted(self.all_of(TRANSFERS), key=lambda transfer: transfer.number)

    @property
    def holds(self) -> list[Hold]:
        """Return all holds."""
        return list(self.all_of(HOLDS))

    @property
    def accounts(self) -> dict[str, Account]:
        """Return all accounts by their ids."""
        return {account.id: account for account in self.all_of(ACCOUNTS)}

    def account(self, name: str) -> Account:
        """Return an account; one that nothing was ever put into is empty."""
        found = self.kept.get(account_ref(COMMUNITY, name))
        return found.present if found else Account(name)

    def balance(self, name: str) -> int:
        """Return what an account holds."""
        return self.account(name).balance_points

    def verified(self, opened_points: int = 0) -> list[Wrong]:
        """Return what does not agree."""
        verification = Verification(opened_points)
        for transfer in self.transfers:
            verification.read(transfer)
        return verification.finish(self.accounts, self.holds)


def an_award(number: int, partner: str, amount_points: int, expires_at: datetime | None = None) -> Award:
    """Return what a partner's order earned."""
    order = OrderId(f"d{number}-1")
    return Award(
        transfer_id(COMMUNITY, order, "order.settled"),
        partner,
        amount_points,
        "完成服务",
        Cause("order", order),
        order,
        "order.settled",
        1,
        expires_at,
    )


def with_rules(bank: Bank) -> None:
    """Let a community have a file, a rule from a day to come, and one that was withdrawn."""
    bank.do(keep_rule(bank.origin, CommunityLoaded(file=jiwang(budget_points=0))))
    for days in (1, 2):
        bank.do(decide_rule(bank.origin, partial(a_rule, days=days)))
    bank.do(withdraw_rule(bank.origin, 3))


def a_rule(rules: Rules, days: int) -> EarningRule:
    """Return a rule that begins in some days."""
    tomorrow = datetime.combine(rules.day_of(Bank().now) + days * DAY, time(), rules.zone)
    return replace(rules.book.rules[0], starts_at=tomorrow.astimezone(UTC), per_day_max=99)


def told_of(bank: Bank) -> Shelves:
    """Return notify's database: what everybody was told."""
    notices = []
    for letter in bank.said:
        for number, (recipient, text) in enumerate(told(letter.kind, letter.body, Following()).few):
            key = f"{COMMUNITY}/{letter.id}.{number}"
            notice = {"_id": key, "recipient": recipient, "kind": letter.kind, "text": text}
            notices.append({**notice, "community": COMMUNITY, "at": letter.at})
    return Shelves({"notices": Shelf(notices)})
