"""Is the ledger what was posted? Every line is read again from the first on, and accounts are reckoned anew.

What is looked at: numbers without gaps, seals from line to line in both accounts, amounts, balances (none but
equity's below zero), lots, what stands on the accounts, holds, and that the sum of all accounts is zero. What
was sealed by earlier releases is looked at as far as they sealed it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.contracts.refusal import Refused
from services.contracts.values import replace
from services.points.domain.accounts import BUDGET, EQUITY, ESCROW, Account
from services.points.domain.holds import Hold
from services.points.domain.transfers import FIRST_SEAL, Transfer, digest_of, first_seal, seal

CLOCKS_APART = timedelta(minutes=1)
"""By which the clocks of replicas may differ at most."""
RESOLVING = {"captured": "capture", "released": "release", "expired": "release"}
"""State of a hold → kind of the transfer that resolved it."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """What does not agree.

    Arguments:
        number: of the transfer; 0 where it is none.
        place: account, hold or transfer.
        what: in plain words.
    """

    number: int
    place: str
    what: str

    def __str__(self) -> str:
        line = f"transfer {self.number}, " if self.number else ""
        return f"{line}{self.place}: {self.what}"


@dataclass(slots=True)
class Verification:
    """Reckons a community's ledger anew.

    Arguments:
        opened_points: what an earlier release had put on the issuing account without a transfer.
    """

    opened_points: int = 0
    wrong: list[Wrong] = field(default_factory=list)
    lines: int = 0
    _accounts: dict[str, Account] = field(default_factory=dict)
    _held: dict[str, Transfer] = field(default_factory=dict)
    """Transfers that placed or resolved a hold, by the hold's cause, as they come."""
    _resolved: dict[str, Transfer] = field(default_factory=dict)
    _number: int = 0
    _at: datetime | None = None

    def __post_init__(self) -> None:
        self._accounts[BUDGET] = Account(BUDGET, credited_points=self.opened_points)

    def read(self, transfer: Transfer) -> None:
        """Look at the next transfer, in the order of their numbers."""
        self.lines += 1
        if transfer.number != self._number + 1:
            self._say(transfer, "ledger", f"comes after number {self._number}")
        self._number = transfer.number
        if self._at is not None and transfer.at < self._at - CLOCKS_APART:
            self._say(transfer, "ledger", f"is of {transfer.at}, after one of {self._at}")
        self._at = transfer.at
        if not transfer.posted:
            if transfer.sealed != FIRST_SEAL:
                self._say(transfer, transfer.credit, "is said not to be posted")
            self._numbered(transfer)
            return
        if transfer.amount_points <= 0:
            self._say(transfer, "amount", f"{transfer.amount_points} points")
            return
        try:
            debit, credit = self._moved(transfer)
        except (Refused, AssertionError) as refused:
            self._say(transfer, transfer.debit, f"does not hold what left it ({refused})")
            return
        if transfer.sealed == FIRST_SEAL:
            self._first(transfer, debit, credit)
        else:
            self._second(transfer, debit, credit)
        if transfer.kind in ("capture", "release"):
            self._resolved[transfer.origin.id] = transfer
        elif transfer.kind == "hold":
            self._held[transfer.id] = transfer

    def _moved(self, transfer: Transfer) -> tuple[Account, Account]:
        debit = self._accounts.get(transfer.debit) or Account(transfer.debit)
        credit = self._accounts.get(transfer.credit) or Account(transfer.credit)
        if transfer.kind == "opening":  # it stands on the issuing account already
            return debit.debited(transfer.amount_points)[0], replace(credit, lots=())
        if transfer.origin.kind == "lot":
            debit, points = debit.without_lots(transfer.lots)
            assert points == transfer.amount_points, "lots"
        else:
            debit, _ = debit.debited(transfer.amount_points)
        lots = transfer.lots if transfer.sealed != FIRST_SEAL else ()
        return debit, credit.credited(transfer.amount_points, lots)

    def _numbered(self, transfer: Transfer) -> None:
        self._accounts[BUDGET] = replace(self._accounts[BUDGET], transfers=transfer.number)

    def _first(self, transfer: Transfer, debit: Account, credit: Account) -> None:
        """A line as earlier releases posted it: from the issuing account, the receiver's line sealed."""
        expected = first_seal(credit.head, transfer)
        if transfer.chained != expected:
            self._say(transfer, credit.id, "its seal is another")
        self._accounts[credit.id] = replace(credit, transfers=credit.transfers + 1, head=transfer.chained)
        self._accounts[debit.id] = replace(debit, transfers=transfer.number)

    def _second(self, transfer: Transfer, debit: Account, credit: Account) -> None:
        digest = digest_of(transfer)
        sides = (
            (debit, transfer.debit_line, transfer.debit_seal, transfer.debit_balance_points),
            (credit, transfer.credit_line, transfer.chained, transfer.credit_balance_points),
        )
        self._numbered(transfer)
        for account, line, sealed, balance in sides:
            due = transfer.number if account.id == BUDGET else account.transfers + 1
            if line != due:
                self._say(transfer, account.id, f"is line {line} and not {due}")
            if sealed != seal(account.head, account.id, line, digest):
                self._say(transfer, account.id, "its seal is another")
            if balance != account.balance_points:
                self._say(transfer, account.id, f"says {balance} points and not {account.balance_points}")
            self._accounts[account.id] = replace(account, transfers=line, head=sealed)

    def finish(self, accounts: Mapping[str, Account], holds: Iterable[Hold]) -> list[Wrong]:
        """Compare what was reckoned with what is kept; return all that was found, the first first.

        Arguments:
            accounts: of the community, by id.
        """
        for name in sorted(set(self._accounts) | set(accounts)):
            self._compare(name, accounts.get(name), self._accounts.get(name, Account(name)))
        total = sum(account.balance_points for account in self._accounts.values())
        if total and EQUITY in self._accounts:
            self._note("ledger", f"the sum of all accounts is {total}")
        self._compare_holds(holds)
        return self.wrong

    def _compare(self, name: str, kept: Account | None, reckoned: Account) -> None:
        if kept is None:
            if reckoned.transfers or reckoned.credited_points:
                self._note(name, "there is no such account")
            return
        same = ("credited_points", "debited_points", "transfers", "head")
        for what in same:
            if (had := getattr(kept, what)) != (due := getattr(reckoned, what)):
                self._note(name, f"{what} is {had!r} and not {due!r}")
        if kept.all_lots != reckoned.all_lots:
            self._note(name, f"lots are {kept.all_lots} and not {reckoned.all_lots}")

    def _compare_holds(self, holds: Iterable[Hold]) -> None:
        open_points = 0
        placed = {transfer.id: transfer for transfer in self._held.values()}
        for hold in holds:
            transfer = placed.pop(hold.placed_by, None)
            if transfer is None or _as_placed(hold) != _by_placing(transfer):
                self._note(hold.id, "was not placed so")
            resolved = self._resolved.pop(hold.id, None)
            if hold.state == "open":
                until = transfer.until if transfer is not None else None
                if (hold.due_at, hold.resolved_at) != (until, None):
                    self._note(hold.id, f"is open until {hold.due_at} and not {until}")
                open_points += hold.amount_points
                if resolved is not None:
                    self._note(hold.id, f"is open, and transfer {resolved.number} resolved it")
            elif resolved is None or _as_resolved(hold) != (resolved.kind, resolved.at, None):
                self._note(hold.id, f"is {hold.state}, and no transfer did that then")
            elif (hold.state == "expired") != (transfer is not None and _is_over(transfer, resolved)):
                self._note(hold.id, f"was resolved at {resolved.at}, and is {hold.state}")
        for left in (*placed.values(), *self._resolved.values()):
            self._note(left.origin.id, f"transfer {left.number} is about a hold that is not there")
        escrow = self._accounts.get(ESCROW)
        if (escrow.balance_points if escrow else 0) != open_points:
            self._note(ESCROW, f"holds {open_points} points of open holds, and other points")

    def _say(self, transfer: Transfer, place: str, what: str) -> None:
        self.wrong.append(Wrong(transfer.number, place, what))

    def _note(self, place: str, what: str) -> None:
        self.wrong.append(Wrong(0, place, what))


def _as_placed(hold: Hold) -> tuple[object, ...]:
    return hold.account, hold.amount_points, hold.lots, hold.because, hold.cause, hold.placed_at


def _by_placing(transfer: Transfer) -> tuple[object, ...]:
    points, why = (transfer.amount_points, transfer.lots), (transfer.because, transfer.cause)
    return transfer.debit, *points, *why, transfer.at


def _as_resolved(hold: Hold) -> tuple[object, ...]:
    return RESOLVING.get(hold.state), hold.resolved_at, hold.due_at


def _is_over(placed: Transfer, resolved: Transfer) -> bool:
    """Return whether a hold was over when it was resolved."""
    return placed.until is not None and placed.until <= resolved.at
