"""A passbook that is taken away is checked by a script that knows nothing of the house."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest

from services.contracts.seals import code_of
from services.points.domain.approvals import Approval
from services.points.domain.transfers import Cause, Transfer
from services.points.handlers.awards import pay_or_wait
from services.points.handlers.funding import approve
from services.points.handlers.holds import HoldRequest, capture_hold, place_hold, release_hold
from services.points.views.passbooks import COLUMNS, passbook_csv
from tests.support.bank import DAY, Bank, an_award

SCRIPT = Path(__file__).parents[2] / "deploy" / "check_passbook.py"
SHOP = "optician"


@pytest.fixture
def bank() -> Bank:
    bank = Bank()
    bank.do(approve(bank.origin, Approval("a", 1_000, "=HYPERLINK() 电话13812345678")))
    for number in range(6):
        expires = bank.now + 90 * DAY if number % 2 else None
        bank.do(pay_or_wait(bank.origin, an_award(number, SHOP, 10 + number, expires)))
    for number, how in enumerate((capture_hold, release_hold)):
        hold = f"h{number}"
        setting = HoldRequest(hold, SHOP, 5, "=1+1，电话13812345678", Cause("shop", hold), bank.now + DAY)
        bank.do(place_hold(bank.origin, setting))
        bank.do(how(bank.origin, hold))
    return bank


def lines(bank: Bank, account: str = SHOP) -> list[Transfer]:
    return [one for one in bank.transfers if account in (one.debit, one.credit)]


def checked(path: Path, raw: bytes, *told: str) -> tuple[int, str]:
    file = path / "passbook.csv"
    file.write_bytes(raw)
    command = [sys.executable, "-I", str(SCRIPT), str(file), *told]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("account", [SHOP, "budget", "@escrow", "@equity"])
def test_what_nobody_altered_agrees(bank: Bank, tmp_path: Path, account: str) -> None:
    raw = passbook_csv(account, lines(bank, account))
    assert checked(tmp_path, raw) == (0, f"{len(lines(bank, account))} 行，全部相符\n")


def test_a_spreadsheet_opens_it_with_its_chinese_and_reckons_nothing(bank: Bank) -> None:
    raw = passbook_csv(SHOP, lines(bank))
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert tuple(rows[0]) == COLUMNS
    words = [cell for row in rows[1:] for cell in row if not cell.lstrip("-").isdigit()]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in words)
    assert any(cell.startswith("'=1+1") for cell in words)
    assert "13812345678" not in raw.decode()


@pytest.mark.parametrize("column", [name for name in COLUMNS if name not in ("类型", "sealed")])
def test_whatever_is_altered_is_found(bank: Bank, tmp_path: Path, column: str) -> None:
    rows = list(csv.DictReader(io.StringIO(passbook_csv(SHOP, lines(bank)).decode("utf-8-sig"))))
    was = rows[3][column]
    rows[3][column] = str(int(was) + 1) if was.lstrip("-").isdigit() else f"x{was}"
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    status, said = checked(tmp_path, out.getvalue().encode())
    assert status == 1, said


def test_a_line_that_is_gone_is_missed(bank: Bank, tmp_path: Path) -> None:
    kept = lines(bank)
    status, said = checked(tmp_path, passbook_csv(SHOP, kept[:3] + kept[4:]))
    assert (status, said.splitlines()[0]) == (1, "第 5 行: 前面少了行")


def test_an_end_that_was_cut_off_is_missed_by_what_a_notice_said(bank: Bank, tmp_path: Path) -> None:
    kept = lines(bank)
    last = kept[-1]
    told = f"{last.credit_line}:{code_of(last.chained)}"
    assert checked(tmp_path, passbook_csv(SHOP, kept), told)[0] == 0
    assert checked(tmp_path, passbook_csv(SHOP, kept[:-1]), told)[0] == 1
    assert checked(tmp_path, passbook_csv(SHOP, kept), f"{last.credit_line}:aaaaaaaaaaaaaaaa")[0] == 1


def test_a_part_of_it_is_checked_from_its_second_line_on(bank: Bank, tmp_path: Path) -> None:
    part = lines(bank)[4:]
    assert checked(tmp_path, passbook_csv(SHOP, part))[0] == 0


def test_parts_of_every_account_agree_and_what_begins_with_an_apostrophe_stays(
    bank: Bank, tmp_path: Path
) -> None:
    setting = HoldRequest("q", SHOP, 5, "'=quoted", Cause("shop", "q"), bank.now + DAY)
    bank.do(place_hold(bank.origin, setting))
    for account in (SHOP, "budget", "@escrow"):
        for begin in range(3):
            part = lines(bank, account)[begin:]
            assert checked(tmp_path, passbook_csv(account, part))[0] == 0, (account, begin)


def test_what_is_no_passbook_is_said(tmp_path: Path) -> None:
    assert checked(tmp_path, b"a,b\n1,2\n")[0] == 2
    assert checked(tmp_path, b"\xff\xfe\x00")[0] == 2
