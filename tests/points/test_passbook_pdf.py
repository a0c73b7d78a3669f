"""A passbook on paper says what the ledger says, line for line, whatever people wrote."""

import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from services.chassis.printing import PRESS, SERVICES
from services.chassis.printing.press import page_of
from services.points.domain.approvals import Approval
from services.points.domain.transfers import FIRST_SEAL, Cause, Transfer
from services.points.handlers.awards import pay_or_wait
from services.points.handlers.funding import approve
from services.points.handlers.holds import HoldRequest, capture_hold, place_hold, release_hold
from services.points.views.accounts import KIND_NAMES
from services.points.views.prints import LOTS_MAX, SEAL_CHARS, TEMPLATE, Excerpt, passbook_print
from tests.support.bank import DAY, Bank, an_award
from tests.support.deployment import jiwang
from tests.support.prints import fonts_of, pages_of, skip_without_press

FILE = jiwang()
SHOP, NAME = "yiming-optical", "医明眼镜店"
HOSTILE = (
    "<img src=file:///etc/passwd>",
    "</td></tr></table><script>1</script>{{ balance }}{% raw %}",
    "&lt;b&gt;&#20313;额&amp;",
    "<style>*{display:none}</style>",
    "http://127.0.0.1/" + "长" * 120,
)


def saver(awards: int, *becauses: str) -> Bank:
    """Return a bank in which the shop was awarded so often, and used some of it."""
    bank = Bank()
    bank.do(approve(bank.origin, Approval("a", 1_000_000, "居委会核定")))
    for number in range(awards):
        bank.now += timedelta(hours=7)
        award = an_award(number, SHOP, 1_000 + number, bank.now + (90 + number % 300) * DAY)
        because = becauses[number % len(becauses)] if becauses else f"上门配镜第{number}次"
        bank.do(pay_or_wait(bank.origin, replace(award, because=because)))
    for hold, how in (("h1", capture_hold), ("h2", release_hold)):
        request = HoldRequest(hold, SHOP, 5, "兑换金牌推广位", Cause("shop", hold), bank.now + DAY)
        bank.do(place_hold(bank.origin, request))
        bank.do(how(bank.origin, hold))
    return bank


def lines(bank: Bank) -> list[Transfer]:
    return [one for one in bank.transfers if SHOP in (one.debit, one.credit)]


def printed(bank: Bank, found: list[Transfer] | None = None, *, goes_on: bool = False) -> bytes:
    skip_without_press()
    excerpt = Excerpt(bank.account(SHOP), lines(bank) if found is None else found, goes_on)
    values = passbook_print("jiwang", FILE, excerpt, bank.now)
    sent = orjson.dumps(values)
    command = [*PRESS, TEMPLATE]
    done = subprocess.run(
        command, input=sent, capture_output=True, check=True, cwd=SERVICES.parent, timeout=60
    )
    return done.stdout


def as_printed(transfer: Transfer) -> str:
    """Return what stands in a line, reckoned from the ledger alone, without the spaces."""
    is_debit = transfer.debit == SHOP
    line = transfer.debit_line if is_debit else transfer.credit_line
    balance = transfer.debit_balance_points if is_debit else transfer.credit_balance_points
    seal = transfer.debit_seal if is_debit else transfer.chained
    day = (transfer.at + timedelta(hours=8)).strftime("%Y-%m-%d")
    words = f"{line}{day}{KIND_NAMES[transfer.kind]}{transfer.because}"
    return f"{words}{transfer.amount_points:,}{balance:,}{seal[:SEAL_CHARS]}".replace(" ", "")


def test_every_line_is_as_the_ledger_has_it_in_its_order() -> None:
    bank = saver(30)
    text = "".join(pages_of(printed(bank)))
    at = [text.find(as_printed(transfer)) for transfer in lines(bank)]
    assert len(at) == 33
    assert -1 not in at
    assert at == sorted(at)


def test_the_cover_says_whose_it_is_what_it_holds_and_what_expires_next() -> None:
    bank = saver(30)
    cover = pages_of(printed(bank))[0]
    account = bank.account(SHOP)
    paid_in = sum(one.amount_points for one in lines(bank) if one.credit == SHOP)
    for words in (
        f"稷王社区·积分银行积分存折户名{NAME}账号{SHOP}",
        "2026-03-02至2026-03-11，33行",
        f"余额（积分）{account.balance_points:,}",
        f"期初余额收入合计支出合计期末余额0{paid_in:,}10{account.balance_points:,}",
        "python3deploy/check_passbook.pypassbook.csv",
    ):
        assert words in cover, words
    for lot in account.lots[:LOTS_MAX]:
        assert lot.expires_at is not None
        assert f"{lot.expires_at + timedelta(hours=8):%Y-%m-%d}{lot.points:,}" in cover
    assert f"另有{len(account.lots) - LOTS_MAX}批" in cover


def test_a_long_one_goes_over_pages_that_are_counted_each_with_the_head_of_the_table() -> None:
    bank = saver(60)
    pages = pages_of(printed(bank))
    assert len(pages) > 4
    for number, page in enumerate(pages, start=1):
        assert f"第{number}页共{len(pages)}页" in page
        assert ("行日期类型事由收入支出余额校验码" in page) == (number > 1)
        assert (f"{NAME}（{SHOP}）" in page) == (number > 1)
    assert "到此为止，以下无流水" in pages[-1]


def test_a_part_says_how_it_began_where_it_ends_and_how_to_go_on() -> None:
    bank = saver(10)
    part = lines(bank)[2:6]
    text = "".join(pages_of(printed(bank, part, goes_on=True)))
    begins, ends = part[0].credit_balance_points - part[0].amount_points, part[-1].credit_balance_points
    assert f"期末余额{begins:,}{ends - begins:,}0{ends:,}" in text
    assert f"请从流水号{part[-1].number}之后开始" in text
    assert as_printed(lines(bank)[6]) not in text


def test_an_empty_one_says_so() -> None:
    bank = saver(1)
    assert "还没有流水" in "".join(pages_of(printed(bank, [])))


@pytest.mark.parametrize("because", HOSTILE, ids=lambda words: words[:20])
def test_what_people_wrote_stands_there_as_they_wrote_it_and_does_nothing(because: str) -> None:
    bank = saver(3, because)
    text = "".join(pages_of(printed(bank)))
    for transfer in lines(bank):
        assert as_printed(transfer) in text
    assert "root:" not in text


def test_nothing_is_fetched_even_where_a_template_asks_for_it(tmp_path: Path) -> None:
    skip_without_press()
    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text y="20">secret</text></svg>')
    template = tmp_path / "sheet.html"
    template.write_text(
        f'<style>@import "file://{secret}";</style><p>words<img src="file://{secret}" alt="nothing">'
        '<img src="data:image/svg+xml,<svg/>" alt="nothing"><object data="http://127.0.0.1:9/">nothing</object>'
    )
    command = [*PRESS, str(template)]
    done = subprocess.run(command, input=b"{}", capture_output=True, check=True, timeout=60)
    assert "".join(pages_of(done.stdout)) == "wordsnothingnothingnothing"


def test_words_that_turn_the_writing_around_are_written_straight_on() -> None:
    bank = saver(1, "\u202e分积\u2066 1\x002")
    text = "".join(pages_of(printed(bank)))
    assert "入账分积121,000" in text


def test_its_fonts_are_in_it_and_chinese() -> None:
    fonts = set(fonts_of(printed(saver(2))))
    assert fonts
    assert all(is_inside for _, is_inside in fonts), fonts


def test_what_was_posted_after_the_account_was_read_is_left_out() -> None:
    bank = saver(3)
    before = replace(bank.account(SHOP), transfers=4)
    excerpt = Excerpt(before, lines(bank), goes_on=False)
    assert [excerpt.line(one) for one in excerpt.lines] == [1, 2, 3, 4]


def test_of_a_line_of_an_earlier_release_no_more_is_said_than_it_noted() -> None:
    bank = saver(2)
    old = replace(lines(bank)[0], sealed=FIRST_SEAL, credit_line=0, credit_balance_points=0)
    withheld = replace(old, id="w", posted=False)
    values = passbook_print("jiwang", None, Excerpt(bank.account(SHOP), [old, withheld], True), bank.now)
    assert (values["name"], values["community"], values["closing"]) == (SHOP, "jiwang", "—")
    page = page_of(TEMPLATE, values)
    assert page.count('<td class="day">') == 1
    whole = passbook_print("jiwang", FILE, Excerpt(bank.account(SHOP), [old], False), bank.now)
    assert whole["closing"] == f"{bank.balance(SHOP):,}"


@pytest.mark.parametrize(
    ("account", "name"), [("budget", "预算账户"), ("@equity", "核定账户"), ("@escrow", "冻结账户")]
)
def test_the_communitys_own_accounts_have_names(account: str, name: str) -> None:
    bank = saver(2)
    found = [one for one in bank.transfers if account in (one.debit, one.credit)]
    values = passbook_print("jiwang", FILE, Excerpt(bank.account(account), found, False), bank.now)
    assert values["name"] == name
    assert f"{bank.balance(account):,}" == values["closing"] == values["balance"]
    assert values["opening"] == "0"
