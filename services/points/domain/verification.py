"""Is the ledger what was posted? Every line is read again from the first on, and accounts are reckoned anew.

What is looked at: numbers without gaps, seals from line to line in both accounts, amounts, balances (none but
equity's below zero), lots, what stands on the accounts, holds, and that the sum of all accounts is zero. What
was sealed by earlier releases is looked at as far as they sealed it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.points.domain.accounts import BUDGET, EQUITY, ESCROW, Account, kind_of
from services.points.domain.days import Day, anchor_of
from services.points.domain.holds import Hold
from services.points.domain.lots import Lot, Lots, joined, taken, total_points
from services.points.domain.transfers import FIRST_SEAL, Transfer, digest_of, first_seal, seal

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
class _Reckoned:
    """An account as its lines make it, by nothing but adding up."""

    id: str
    credited_points: int = 0
    debited_points: int = 0
    transfers: int = 0
    head: str = ""
    lots: Lots = ()
    has_lots: bool = False
    may_owe: bool = False

    @property
    def balance_points(self) -> int:
        return self.credited_points - self.debited_points

    def take(self, points: int, lots: Lots | None) -> bool:
        """Take points, of these lots or of the first to expire; return whether they were there."""
        self.debited_points += points
        if not self.has_lots:
            return self.may_owe or self.balance_points >= 0
        if lots is not None:
            moments = {lot.expires_at for lot in lots}
            is_there = tuple(lot for lot in self.lots if lot.expires_at in moments) == lots
            self.lots = tuple(lot for lot in self.lots if lot.expires_at not in moments)
            return is_there and total_points(lots) == points
        if self.balance_points < 0:
            self.lots = ()
            return False
        if len(self.lots) == 1 and self.lots[0].points > points:
            self.lots = (Lot(self.lots[0].points - points, self.lots[0].expires_at),)
        else:
            self.lots = taken(self.lots, points)[1]
        return True

    def give(self, points: int, lots: Lots) -> bool:
        """Give points, of these lots; return whether the lots are as many."""
        self.credited_points += points
        if self.has_lots:
            self.lots = joined(self.lots, lots)
        return total_points(lots) == points


@dataclass(slots=True)
class Verification:
    """Reckons a community's ledger anew.

    Arguments:
        opened_points: what an earlier release had put on the issuing account without a transfer.
        days: as they were closed, by the number of the last transfer.
    """

    opened_points: int = 0
    wrong: list[Wrong] = field(default_factory=list)
    lines: int = 0
    days: Sequence[Day] = ()
    _closed: int = 0
    """Days that were looked at."""
    _accounts: dict[str, _Reckoned] = field(default_factory=dict)
    _held: dict[str, Transfer] = field(default_factory=dict)
    """Transfers that placed a hold, by their ids."""
    _resolved: dict[str, Transfer] = field(default_factory=dict)
    """Transfers that resolved a hold, by the hold."""
    _number: int = 0

    def __post_init__(self) -> None:
        budget = self._account(BUDGET)
        budget.credited_points = self.opened_points
        budget.lots = (Lot(self.opened_points),) if self.opened_points else ()

    def _account(self, name: str) -> _Reckoned:
        found = self._accounts.get(name)
        if found is None:
            kind = kind_of(name)
            found = _Reckoned(name, has_lots=kind in ("passbook", "issuing"), may_owe=kind == "equity")
            self._accounts[name] = found
        return found

    def read(self, transfer: Transfer) -> None:
        """Look at the next transfer, in the order of their numbers."""
        self._close_days(transfer.number)
        self.lines += 1
        if transfer.number != self._number + 1:
            self._say(transfer, "ledger", f"comes after number {self._number}")
        self._number = transfer.number
        self._account(BUDGET).transfers = transfer.number
        if not transfer.posted:
            if transfer.sealed != FIRST_SEAL:
                self._say(transfer, transfer.credit, "is said not to be posted")
            return
        if transfer.amount_points <= 0 or transfer.debit == transfer.credit:
            self._say(transfer, "amount", f"{transfer.amount_points} points to {transfer.credit}")
            return
        debit, credit = self._account(transfer.debit), self._account(transfer.credit)
        self._move(transfer, debit, credit)
        if transfer.sealed == FIRST_SEAL:
            self._look_at_first_seal(transfer, credit)
        else:
            self._look_at_seals(transfer, debit, credit)
        if transfer.kind in ("capture", "release"):
            self._resolved[transfer.origin.id] = transfer
        elif transfer.kind == "hold":
            self._held[transfer.id] = transfer

    def _move(self, transfer: Transfer, debit: _Reckoned, credit: _Reckoned) -> None:
        points = transfer.amount_points
        if not debit.take(points, transfer.lots if transfer.origin.kind == "lot" else None):
            self._say(transfer, debit.id, f"{points} points left it that it does not hold")
        if transfer.kind == "opening":  # it stands on the issuing account already
            return
        lots = transfer.lots if transfer.sealed != FIRST_SEAL else (Lot(points),)
        if not credit.give(points, lots):
            self._say(transfer, credit.id, "its lots are not what it got")

    def _look_at_first_seal(self, transfer: Transfer, credit: _Reckoned) -> None:
        """A line as earlier releases posted it: from the issuing account, the receiver's line sealed."""
        if transfer.chained != first_seal(credit.head, transfer):
            self._say(transfer, credit.id, "its seal is another")
        credit.transfers += 1
        credit.head = transfer.chained

    def _look_at_seals(self, transfer: Transfer, debit: _Reckoned, credit: _Reckoned) -> None:
        digest = digest_of(transfer)
        sides = (
            (debit, transfer.debit_line, transfer.debit_seal, transfer.debit_balance_points),
            (credit, transfer.credit_line, transfer.chained, transfer.credit_balance_points),
        )
        for account, line, sealed, balance in sides:
            due = transfer.number if account.id == BUDGET else account.transfers + 1
            if line != due:
                self._say(transfer, account.id, f"is line {line} and not {due}")
            if sealed != seal(account.head, account.id, line, balance, digest):
                self._say(transfer, account.id, "its seal is another")
            if balance != account.balance_points:
                self._say(transfer, account.id, f"says {balance} points and not {account.balance_points}")
            account.transfers, account.head = line, sealed

    def _close_days(self, number: int | None) -> None:
        """Look at the days that were closed before a transfer; None: at all that are left."""
        while self._closed < len(self.days):
            day = self.days[self._closed]
            if number is not None and day.transfers >= number:
                return
            self._closed += 1
            heads = ((one.id, one.transfers, one.head) for one in self._accounts.values())
            if day.transfers != self._number or day.anchor != anchor_of(heads):
                self._note(day.id, f"was closed at transfer {day.transfers} with other accounts")

    def finish(self, accounts: Mapping[str, Account], holds: Iterable[Hold]) -> list[Wrong]:
        """Compare what was reckoned with what is kept; return all that was found, the first first.

        Arguments:
            accounts: of the community, by id.
        """
        self._close_days(None)
        for name in sorted(set(self._accounts) | set(accounts)):
            self._compare(name, accounts.get(name), self._account(name))
        total = sum(account.balance_points for account in self._accounts.values())
        if total and EQUITY in self._accounts:
            self._note("ledger", f"the sum of all accounts is {total}")
        self._compare_holds(holds)
        return self.wrong

    def _compare(self, name: str, kept: Account | None, reckoned: _Reckoned) -> None:
        if kept is None:
            if reckoned.transfers or reckoned.credited_points:
                self._note(name, "there is no such account")
            return
        same = ("credited_points", "debited_points", "transfers", "head")
        for what in same:
            if (had := getattr(kept, what)) != (due := getattr(reckoned, what)):
                self._note(name, f"{what} is {had!r} and not {due!r}")
        if (kept.expires_at, kept.announce_at) != kept.dates:
            self._note(name, f"is looked at on {kept.expires_at} and not on {kept.dates[0]}")
        if kept.all_lots != reckoned.lots:
            self._note(name, f"lots are {kept.all_lots} and not {reckoned.lots}")

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
