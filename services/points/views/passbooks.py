"""A passbook to take away: what people read first, then all that a line's seal is made of.

`deploy/check_passbook.py` reckons it anew, without anything of this house; a test holds the two together.
"""

from collections.abc import Iterable

from services.chassis.http.tables import csv_of
from services.points.domain.lots import Lots
from services.points.domain.transfers import SECOND_SEAL, Transfer
from services.points.views.accounts import KIND_NAMES

COLUMNS = (
    "账户",
    "行",
    "时间",
    "类型",
    "积分",
    "余额",
    "事由",
    "校验码",
    "流水号",
    "id",
    "kind",
    "order",
    "debit",
    "credit",
    "amount",
    "cause_kind",
    "cause_id",
    "rule",
    "rule_version",
    "actor",
    "lots",
    "until",
    "sealed",
)


def passbook_csv(account: str, transfers: Iterable[Transfer]) -> bytes:
    """Return the lines of an account as CSV, in the order in which they were posted."""
    return csv_of(COLUMNS, (_row(account, transfer) for transfer in transfers if transfer.posted))


def _row(account: str, transfer: Transfer) -> list[object]:
    is_debit = transfer.debit == account
    sign = -1 if is_debit else 1
    is_second = transfer.sealed == SECOND_SEAL
    line = transfer.debit_line if is_debit else transfer.credit_line
    balance = transfer.debit_balance_points if is_debit else transfer.credit_balance_points
    return [
        account,
        line if is_second else "",
        transfer.at.isoformat(),
        KIND_NAMES[transfer.kind],
        sign * transfer.amount_points,
        balance if is_second else "",
        transfer.because,
        transfer.debit_seal if is_debit else transfer.chained,
        transfer.number,
        transfer.id,
        transfer.kind,
        transfer.order,
        transfer.debit,
        transfer.credit,
        transfer.amount_points,
        transfer.origin.kind,
        transfer.origin.id,
        transfer.rule,
        transfer.rule_version,
        transfer.actor,
        _lots(transfer.lots),
        transfer.until.isoformat() if transfer.until else "",
        transfer.sealed,
    ]


def _lots(lots: Lots) -> str:
    return ";".join(f"{lot.points}@{lot.expires_at.isoformat() if lot.expires_at else ''}" for lot in lots)
