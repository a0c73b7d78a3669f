"""Days are closed once, sealed, and shown as series; what was closed otherwise is found."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.contracts.communities import CommunityLoaded
from services.contracts.values import replace
from services.points.domain.accounts import Account
from services.points.domain.approvals import Approval
from services.points.domain.days import Closing, Day, anchor_of
from services.points.domain.verification import Verification
from services.points.domain.waiting import Waiting
from services.points.handlers.awards import pay_or_wait
from services.points.handlers.days import begin_days, close_day
from services.points.handlers.funding import approve
from services.points.handlers.rules import keep_rule
from services.points.store.days import DAYS, closing_ref
from services.points.views.series import day_list
from tests.support.bank import COMMUNITY, DAY, Bank, an_award
from tests.support.deployment import jiwang

MIDNIGHT = datetime(2026, 3, 2, 16, tzinfo=UTC)
"""When the second of March ends in Jiwang."""


class Book(Bank):
    """A bank whose days are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.do(keep_rule(self.origin, CommunityLoaded(file=jiwang(budget_points=0))))
        assert self.do(begin_days(self.origin))
        assert not self.do(begin_days(self.origin))

    def close(self, day: str) -> bool:
        """Close a day as the job does."""
        return bool(self.do(close_day(self.origin, day, self.accounts, Waiting())))

    @property
    def closing(self) -> Closing:
        """Return when the next day is closed."""
        found: Any = self.kept[closing_ref(COMMUNITY)].value
        assert isinstance(found, Closing)
        return found

    @property
    def days(self) -> list[Day]:
        """Return the days that were closed."""
        return sorted(self.all_of(DAYS), key=lambda day: day.number)

    def read(self, days: list[Day]) -> list[str]:
        """Return what a verification finds."""
        verification = Verification(days=days)
        for transfer in self.transfers:
            verification.read(transfer)
        return [str(wrong) for wrong in verification.finish(self.accounts, self.holds)]


@pytest.fixture
def book() -> Book:
    book = Book()
    book.do(approve(book.origin, Approval("a", 1_000, "核定")))
    book.do(pay_or_wait(book.origin, an_award(1, "optician", 100, book.now + 20 * DAY)))
    book.now = MIDNIGHT
    assert book.close("2026-03-02")
    book.now += timedelta(hours=10)
    book.do(pay_or_wait(book.origin, an_award(2, "optician", 50)))
    book.now = MIDNIGHT + DAY
    return book


def test_a_day_is_closed_when_it_has_ended_and_once(book: Book) -> None:
    assert book.close("2026-03-03")
    assert not book.close("2026-03-03")
    assert [one.id for one in book.days] == ["2026-03-02", "2026-03-03"]
    first, second = book.days
    assert (first.outstanding_points, first.budget_points, first.expiring_points) == (100, 900, 100)
    assert (second.outstanding_points, second.transfers, second.number) == (150, 3, 2)
    assert book.closing.due_at == MIDNIGHT + 2 * DAY
    said = [one.body for one in book.said if one.kind == "points.day_closed.v1"]
    assert [(one.line, one.seal) for one in said] == [(1, first.anchor), (2, second.anchor)]


def test_a_day_on_which_nothing_moved_is_passed_over(book: Book) -> None:
    book.close("2026-03-03")
    book.now += 5 * DAY
    assert not book.close("2026-03-08")
    assert len(book.days) == 2
    assert book.closing.due_at == MIDNIGHT + 7 * DAY


def test_what_was_closed_is_what_the_ledger_was_then(book: Book) -> None:
    book.close("2026-03-03")
    assert book.read(book.days) == []
    for at, day in enumerate(book.days):
        for change in ({"anchor": "0" * 64}, {"transfers": day.transfers - 1}, {"transfers": 99}):
            days = [replace(one, **change) if n == at else one for n, one in enumerate(book.days)]
            days.sort(key=lambda one: one.transfers)
            assert any("was closed at transfer" in one for one in book.read(days)), change


def test_a_seal_is_over_every_account_whatever_their_order() -> None:
    heads = [("a", 1, "x"), ("b", 2, "y"), ("empty", 0, "")]
    assert anchor_of(heads) == anchor_of(reversed(heads)) == anchor_of(heads[:2])
    assert anchor_of([("a", 1, "x"), ("b", 3, "y")]) != anchor_of(heads)
    assert Account("a").head == ""


def _a_day(day: str, outstanding: int, redeemed: int) -> Day:
    at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return Day(day, 1, at, 1, "", 0, 0, 0, outstanding, 0, 0, redeemed, 0, 0, 1, 0, 0)


def test_a_series_has_every_day_and_says_how_fast_points_go_round() -> None:
    kept = [_a_day("2026-01-01", 100, 0), _a_day("2026-03-01", 300, 50), _a_day("2026-03-03", 100, 250)]
    shown = day_list(kept, date(2026, 3, 1), date(2026, 3, 6)).items
    assert [one.outstanding_points for one in shown] == [300, 300, 100, 100, 100]
    assert shown[0].velocity == 0.25  # 50 of the 100 and 300 that stood
    assert shown[2].velocity == 1.5  # 250 of 100, 300 and 100
    (still,) = day_list([_a_day("2026-03-01", 0, 0)], date(2026, 3, 1), date(2026, 3, 2)).items
    assert still.velocity is None
