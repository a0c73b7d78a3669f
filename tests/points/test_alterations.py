"""Whoever may write all of the points bank's database, and nothing else, alters nothing that is not found.

The one who alters knows the code: seals, balances and accounts are made to agree again afterwards. What they
cannot alter is what partners and staff were told, which another service keeps.
"""

import copy
import os
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.chassis.documents import Versioned, to_document
from services.contracts.seals import code_of
from services.notify.domain.audiences import told
from services.notify.domain.following import Following
from services.points.commands import orders as orders_paid
from services.points.commands import witnesses
from services.points.commands.verifying import communities_of, verify
from services.points.domain.accounts import BUDGET, EQUITY, Account
from services.points.domain.approvals import Approval
from services.points.domain.giving import GoodCause, Pledge
from services.points.domain.lots import Lot, total_points
from services.points.domain.posting import Posting, post
from services.points.domain.transfers import Cause, Transfer
from services.points.domain.waiting import Waiting
from services.points.handlers.awards import pay_or_wait
from services.points.handlers.corrections import reverse_transfer
from services.points.handlers.days import begin_days, close_day
from services.points.handlers.expiring import expire_lots
from services.points.handlers.funding import approve
from services.points.handlers.giving import found_cause, pledge, spend
from services.points.handlers.holds import HoldRequest, capture_hold, place_hold, release_hold
from services.points.store.accounts import (
    ACCOUNTS,
    HOLDS,
    TRANSFERS,
    WAITING,
    WAITING_AWARDS,
    account_ref,
    hold_ref,
    transfer_ref,
)
from services.points.store.days import DAYS
from services.points.store.giving import CAUSES, GIVERS
from services.points.store.rules import RULE_BOOKS, RULES, RuleOnRecord, rule_ref
from tests.support.bank import COMMUNITY, DAY, Bank, an_award, told_of, with_rules
from tests.support.deployment import jiwang
from tests.support.ledgers import books_of, rows_of
from tests.support.shelves import Shelf, Shelves

ALTERATIONS = 20_000 if os.environ.get("WHOLE") else 1_000
PARTNERS = ("optician", "bookshop", "barber")


def lived() -> Bank:
    """Return a bank after everything that happens in one: forty transfers of every kind."""
    bank = Bank()
    with_rules(bank)
    bank.do(approve(bank.origin, Approval("a", 2_000, "居委会核定")))
    bank.do(approve(bank.origin, Approval("b", 300, "一季度", bank.now + 20 * DAY)))
    for number in range(1, 19):
        bank.now += timedelta(hours=1)
        expires = bank.now + 10 * DAY if number % 3 == 0 else None
        bank.do(pay_or_wait(bank.origin, an_award(number, PARTNERS[number % 3], 10 + number, expires)))
    for number in range(6):
        hold, partner = f"h{number}", PARTNERS[number % 3]
        setting = HoldRequest(
            hold, partner, 5 + number, "兑换推广位", Cause("shop", hold), bank.now + 30 * DAY
        )
        bank.do(place_hold(bank.origin, setting))
    for number in range(4):
        bank.now += timedelta(hours=1)
        bank.do((capture_hold if number % 2 else release_hold)(bank.origin, f"h{number}"))
    bank.do(reverse_transfer(bank.origin, bank.transfers[3].id, "录错了"))
    bank.do(found_cause(bank.origin, GoodCause("c1", "图书角", "", None, bank.now)))
    bank.do(pledge(bank.origin, Pledge("p1", "c1", "optician", 9, "", bank.now)))
    bank.do(spend(bank.origin, "c1", "s1", 4, "买图书"))
    bank.now += 10 * DAY
    bank.do(begin_days(bank.origin))
    bank.now += 20 * DAY
    bank.do(close_day(bank.origin, "2026-03-31", bank.accounts, Waiting()))
    for name in (BUDGET, *PARTNERS):
        bank.do(expire_lots(bank.origin, name))
    for number in (90, 91):
        bank.do(pay_or_wait(bank.origin, an_award(number, "barber", 5_000 + number)))
    bank.now += DAY
    return bank


BANK = lived()
TOLD = told_of(BANK)


async def found_in(books: Shelves) -> list[str]:
    """Return what verification finds."""
    verified = await verify({"points": books, "notify": TOLD, "matching": Shelves()}, COMMUNITY, BANK.now)
    return [str(wrong) for wrong in verified.wrong]


class Forger:
    """Alters the books, and makes them agree again as well as anybody can."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.transfers = [copy.copy(transfer) for transfer in BANK.transfers]
        self.holds = {hold.id: hold for hold in BANK.holds}
        self.is_clever = self.dice.random() < 0.6
        self.other: dict[str, Any] = {}

    def alter(self) -> str:
        """Alter something; return what."""
        how = self.dice.choice(
            [self.edit, self.delete, self.swap, self.insert, self.cut, self.account, self.hold, self.award]
        )
        return f"{how.__name__} {how()} clever={self.is_clever}"

    def edit(self) -> str:
        """One field of a transfer says something else."""
        at = self.dice.randrange(len(self.transfers))
        one = self.transfers[at]
        field = self.dice.choice(
            ["amount_points", "because", "debit", "credit", "at", "actor", "rule", "cause"]
        )
        changes: dict[str, Any] = {
            "amount_points": one.amount_points + self.dice.choice([-1, 1, 10]),
            "because": one.because + "。",
            "debit": self.dice.choice(
                [name for name in (*PARTNERS, BUDGET, EQUITY) if name not in (one.debit, one.credit)]
            ),
            "credit": self.dice.choice([name for name in PARTNERS if name not in (one.debit, one.credit)]),
            "at": one.at + timedelta(seconds=1),
            "actor": one.actor + "x",
            "rule": one.rule + "x",
            "cause": Cause("correction", "x"),
            "posted": False,
            "until": one.at,
        }
        field = self.dice.choice(list(changes))
        self.is_clever = self.is_clever and field != "posted"  # made to agree it says what it said
        self.transfers[at] = replace(one, **{field: changes[field]})
        return f"{field} of {one.number}"

    def delete(self) -> str:
        """A transfer in the midst is gone."""
        at = self.dice.randrange(len(self.transfers) - 1)
        del self.transfers[at]
        return str(at)

    def swap(self) -> str:
        """Two transfers have changed places."""
        one, two = sorted(self.dice.sample(range(len(self.transfers)), 2))
        first, second = self.transfers[one], self.transfers[two]
        self.transfers[one], self.transfers[two] = (
            replace(second, number=first.number),
            replace(first, number=second.number),
        )
        return f"{one} {two}"

    def insert(self) -> str:
        """There is an award that nobody earned, at some time in the past."""
        at = self.dice.randrange(2, len(self.transfers) + 1)
        before = self.transfers[at - 1]
        forged = replace(
            BANK.transfers[5],
            id=f"{self.dice.getrandbits(128):032x}",
            amount_points=self.dice.randrange(1, 50),
            at=before.at,
            cause=Cause("order", f"forged-{at}"),
        )
        self.transfers.insert(at, replace(forged, lots=(Lot(forged.amount_points),)))
        return str(at)

    def cut(self) -> str:
        """The last transfers are gone."""
        left = len(self.transfers) - self.dice.randrange(1, 10)
        del self.transfers[left:]
        return str(left)

    def account(self) -> str:
        """An account says something else; its transfers do not."""
        self.is_clever = False
        return self.dice.choice([*PARTNERS, BUDGET, EQUITY])

    def hold(self) -> str:
        """A hold says something else."""
        hold = self.dice.choice(list(self.holds.values()))
        changes: list[dict[str, Any]] = [
            {"state": "released" if hold.state != "released" else "captured"},
            {"amount_points": hold.amount_points + 1},
            {"because": "x"},
            {"placed_at": hold.placed_at - DAY},
            {"due_at": (hold.due_at or BANK.now) + DAY},
            {"resolved_at": BANK.now},
            {"account": next(name for name in PARTNERS if name != hold.account)},
        ]
        self.holds[hold.id] = replace(hold, **self.dice.choice(changes))
        return hold.id

    def award(self) -> str:
        """An award that waits, or did, says something else."""
        ways: list[dict[str, Any]] = [
            {"awards.award.amount_points": 9_999},
            {"awards.award.partner": "thief"},
            {"awards.waits_since": None},
            {"waiting.awards": 7},
            {"waiting.points": 7},
            {"accounts.expires_at": BANK.now + 999 * DAY},
            {"accounts.announce_at": BANK.now},
            {"accounts.owed_points": 3},
            {"days.anchor": "0" * 64},
            {"days.transfers": 5},
            {"causes.pledged_points": 3},
            {"causes.spent_points": 3},
            {"givers.points": 3},
            {"book.rules.0.per_cause_max": 3},
            {"book.rules.1.rates.0.points": 11},
            {"book.rules.1.starts_at": BANK.now},
            {"book.rules.0.withdrawn_at": BANK.now},
            {"book.rules.2.withdrawn_at": None},
            {"book.rules": ()},
            {"awards.dropped_at": BANK.now, "awards.waits_since": None},
        ]
        self.is_clever = False
        (self.other,) = [self.dice.choice(ways)]
        return str(self.other)

    def books(self, what: str) -> Shelves:
        """Return points' database afterwards."""
        books = books_of(BANK)
        transfers, accounts = (self.transfers, None) if not self.is_clever else agreeing(self.transfers)
        books.shelves[TRANSFERS.name] = Shelf(rows_of(transfers, transfer_ref))
        books.shelves[HOLDS.name] = Shelf(rows_of(self.holds.values(), hold_ref))
        if accounts is not None:
            values = [
                to_document(account_ref(COMMUNITY, one.id), Versioned(one, 1)) for one in accounts.values()
            ]
            books.shelves[ACCOUNTS.name] = Shelf(values)
        for path, value in self.other.items():
            shelf, *names = path.split(".")
            name = {
                "awards": WAITING_AWARDS.name,
                "waiting": WAITING.name,
                "accounts": ACCOUNTS.name,
                "book": RULE_BOOKS.name,
                "days": DAYS.name,
                "causes": CAUSES.name,
                "givers": GIVERS.name,
            }[shelf]
            row: Any = books.plain(name).rows[-1]
            for part in names[:-1]:
                row = row[int(part)] if part.isdecimal() else row[part]
            row[names[-1]] = value
        if what.startswith("account"):
            row = next(row for row in books.plain(ACCOUNTS.name).rows if row["id"] == what.split()[1])
            row[self.dice.choice(["credited_points", "debited_points"])] += self.dice.randrange(1, 9)
        return books


def agreeing(transfers: list[Transfer]) -> tuple[list[Transfer], dict[str, Account]]:
    """Return transfers with numbers, lines, balances and seals that agree, and the accounts they lead to."""
    accounts: dict[str, Account] = {BUDGET: Account(BUDGET)}
    done: list[Transfer] = []
    for one in transfers:
        amount = max(1, one.amount_points)
        for name in (one.debit, one.credit):
            accounts.setdefault(name, Account(name))
        posting = Posting(
            one.id,
            one.kind,
            one.debit,
            one.credit,
            amount,
            one.because,
            one.origin,
            one.order,
            one.rule,
            one.rule_version,
            one.actor,
            until=one.until,
            gives=one.lots if total_points(one.lots) == amount else (Lot(amount),),
            takes=one.lots if one.origin.kind == "lot" else None,
        )
        try:
            posted = post(posting, accounts, one.at)
        except Exception:  # noqa: BLE001 - it cannot be made to agree: it stays as it is
            done.append(replace(one, number=len(done) + 1))
            continue
        accounts = dict(posted.accounts)
        done.append(posted.transfer)
    return done, accounts


def test_whoever_makes_the_books_agree_again_makes_them_as_they_were() -> None:
    transfers, accounts = agreeing(list(BANK.transfers))
    assert transfers == BANK.transfers
    as_kept = [replace(one, announced_for=None, announce_at=None) for one in BANK.accounts.values()]
    made = [replace(one, announced_for=None, announce_at=None) for one in accounts.values()]
    assert sorted(made, key=lambda one: one.id) == sorted(as_kept, key=lambda one: one.id)


async def test_of_what_nobody_altered_nothing_is_found() -> None:
    books = books_of(BANK)
    verified = await verify({"points": books, "notify": TOLD, "matching": Shelves()}, COMMUNITY, BANK.now)
    assert verified.wrong == []
    assert verified.lines == len(BANK.transfers) >= 30
    assert verified.witnessed > 28, "each line of a passbook, of an approval and of a capture was told"
    assert await communities_of(books) == [COMMUNITY]


async def test_every_alteration_is_found_and_its_place_named() -> None:
    missed = []
    for seed in range(ALTERATIONS):
        forger = Forger(seed)
        what = forger.alter()
        books = forger.books(what)
        if not await found_in(books):
            missed.append((seed, what))
    assert missed == []


async def test_the_whole_ledger_written_anew_is_found_by_what_was_told() -> None:
    forged, accounts = agreeing([replace(one, because=f"{one.because}!") for one in BANK.transfers])
    books = books_of(BANK)
    books.shelves[TRANSFERS.name] = Shelf(rows_of(forged, transfer_ref))
    books.shelves[ACCOUNTS.name] = Shelf(rows_of(accounts.values(), account_ref))
    found = await found_in(books)
    assert any("another seal than was told" in one for one in found)


async def test_a_tail_that_was_cut_off_is_missed() -> None:
    kept, accounts = agreeing(BANK.transfers[:-4])
    books = books_of(BANK)
    books.shelves[TRANSFERS.name] = Shelf(rows_of(kept, transfer_ref))
    books.shelves[ACCOUNTS.name] = Shelf(rows_of(accounts.values(), account_ref))
    assert any("is gone, and it was told" in one for one in await found_in(books))


async def test_a_settled_order_that_nothing_was_paid_for_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders_paid, "ON_THE_WAY_SECONDS", 0.0)
    books = books_of(BANK)
    rule = RuleOnRecord(jiwang().model_dump_json(), since=BANK.now)
    books.shelves[RULES.name] = Shelf([to_document(rule_ref(COMMUNITY), Versioned(rule, 1))])
    books.shelves[RULE_BOOKS.name] = Shelf([])  # as an earlier release left it
    orders = [
        {
            "_id": f"{COMMUNITY}/{order}",
            "community": COMMUNITY,
            "id": order,
            "status": "settled",
            "provider": {"kind": "partner", "id": "yiming-optical"},
            "accepted_at": BANK.now + DAY * number,
            "completed_at": BANK.now + DAY * number,
            "category": "视力健康",
        }
        for number, order in enumerate(("d98-1", "d1-1", "d99-1"))
    ]
    matching = Shelves({"orders": Shelf(orders)})
    verified = await verify({"points": books, "notify": TOLD, "matching": matching}, COMMUNITY, BANK.now)
    found = [str(wrong) for wrong in verified.wrong if wrong.place != "staff"]
    assert found == ["d99-1: is settled, and nothing was paid for it"]
    assert verified.orders == 2, "what was accepted under another rule is not asked about"


def test_a_seal_is_told_as_it_is_looked_for() -> None:
    last = next(one for one in reversed(BANK.said) if one.kind == "points.posted.v1")
    ((_, text),) = told(last.kind, last.body, Following()).few
    ((book, line, code),) = witnesses.TOLD.findall(text)
    assert (book, int(line)) == (witnesses.PASSBOOK, last.body.line)
    transfer = next(one for one in BANK.transfers if one.id == last.body.transfer)
    assert code_of(transfer.chained) == code
