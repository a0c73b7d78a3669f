"""A passbook to print: what stands on its cover and in its lines, as the template takes it, words alone."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from services.contracts.community_file import Community, CommunityFile
from services.language.masks import masked
from services.points.domain.accounts import Account
from services.points.domain.lots import Lot
from services.points.domain.transfers import SECOND_SEAL, Transfer
from services.points.views.accounts import KIND_NAMES

TEMPLATE = "points/templates/passbook.html"
SEAL_CHARS = 12
"""Of each seal; the whole of it stands in the CSV."""
LOTS_MAX = 5
"""Dates of expiry on the cover."""
OWN_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "equity": "核定账户",
        "issuing": "预算账户",
        "escrow": "冻结账户",
        "redeemed": "已兑换账户",
        "expired": "已过期账户",
    }
)
"""Kind of the community's own account → what people call it."""
_NOTHING = "—"
_TURNS_AROUND = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that make a printer write what follows from the other side."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines of an account, in the order in which they were posted.

    Arguments:
        account: as it stood before they were read.
        transfers: what was found of it; lines posted since are left out.
        goes_on: whether there are more behind them.
    """

    account: Account
    transfers: Sequence[Transfer]
    goes_on: bool

    @property
    def lines(self) -> tuple[Transfer, ...]:
        """Return what is printed of them."""
        last = self.account.transfers
        return tuple(one for one in self.transfers if one.posted and self.line(one) <= last)

    def is_debit(self, transfer: Transfer) -> bool:
        """Return whether a line takes points away."""
        return transfer.debit == self.account.id

    def line(self, transfer: Transfer) -> int:
        """Return a line's number in the account; 0 where an earlier release posted it."""
        return transfer.debit_line if self.is_debit(transfer) else transfer.credit_line

    def balance_after(self, transfer: Transfer) -> int:
        """Return what the account held after a line."""
        return transfer.debit_balance_points if self.is_debit(transfer) else transfer.credit_balance_points


def passbook_print(
    community: str, file: CommunityFile | None, excerpt: Excerpt, at: datetime
) -> Mapping[str, object]:
    """Return the values of the template.

    Arguments:
        community: its id, which stands for its name where its file is not known.
        file: says what people and the community are called, and in which time zone it is.
        at: when it is printed.
    """
    home = file.community if file else Community(id=community, name=community)
    zone = ZoneInfo(home.timezone)
    account, lines = excerpt.account, excerpt.lines
    paid_in, paid_out = _totals(excerpt)
    closing = _closing(excerpt)
    return {
        "community": _plain(home.name),
        "place": _plain(home.province + home.county),
        "name": _plain(_name_of(file, account)),
        "account": account.id,
        "printed_at": f"{at.astimezone(zone):%Y-%m-%d %H:%M}",
        "first_day": _day(lines[0].at, zone) if lines else _NOTHING,
        "last_day": _day(lines[-1].at, zone) if lines else _NOTHING,
        "balance": _points(account.balance_points),
        "opening": _NOTHING if closing is None else _points(closing - paid_in + paid_out),
        "closing": _NOTHING if closing is None else _points(closing),
        "paid_in": _points(paid_in),
        "paid_out": _points(paid_out),
        "lots": [_lot(lot, zone) for lot in account.all_lots[:LOTS_MAX]],
        "lots_more": max(len(account.all_lots) - LOTS_MAX, 0),
        "lines": [_line(excerpt, transfer, zone) for transfer in lines],
        "goes_on_after": lines[-1].number if lines and excerpt.goes_on else 0,
        "seal_chars": SEAL_CHARS,
    }


def _name_of(file: CommunityFile | None, account: Account) -> str:
    if account.kind in OWN_NAMES:
        return OWN_NAMES[account.kind]
    names = {partner.id: partner.name for partner in file.partners} if file else {}
    return names.get(account.id, account.id)


def _totals(excerpt: Excerpt) -> tuple[int, int]:
    """Return how many points the lines put in and take out."""
    amounts = [(excerpt.is_debit(one), one.amount_points) for one in excerpt.lines]
    return sum(points for out, points in amounts if not out), sum(points for out, points in amounts if out)


def _closing(excerpt: Excerpt) -> int | None:
    """Return what the account held after the lines; None where an earlier release did not note it."""
    lines = excerpt.lines
    if lines and lines[-1].sealed == SECOND_SEAL:
        return excerpt.balance_after(lines[-1])
    return None if excerpt.goes_on else excerpt.account.balance_points


def _line(excerpt: Excerpt, transfer: Transfer, zone: ZoneInfo) -> Mapping[str, str]:
    is_debit, is_second = excerpt.is_debit(transfer), transfer.sealed == SECOND_SEAL
    amount = _points(transfer.amount_points)
    code = transfer.debit_seal if is_debit else transfer.chained
    return {
        "number": str(excerpt.line(transfer)) if is_second else _NOTHING,
        "day": _day(transfer.at, zone),
        "kind": KIND_NAMES[transfer.kind],
        "because": _plain(masked(transfer.because)),
        "paid_in": "" if is_debit else amount,
        "paid_out": amount if is_debit else "",
        "balance": _points(excerpt.balance_after(transfer)) if is_second else _NOTHING,
        "seal": code[:SEAL_CHARS],
    }


def _lot(lot: Lot, zone: ZoneInfo) -> Mapping[str, str]:
    return {
        "points": _points(lot.points),
        "day": _day(lot.expires_at, zone) if lot.expires_at else "长期有效",
    }


def _day(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d}"


def _points(points: int) -> str:
    return f"{points:,}"


def _plain(words: str) -> str:
    """Return what people wrote without what controls a printer, which could make a line look like another."""
    kept = (" " if unicodedata.category(one) == "Cc" else one for one in words if one not in _TURNS_AROUND)
    return "".join(kept)
