"""Who follows a demand: told against a plain set of names, whatever the portions look like."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.spans import PORTION_MAX, Span
from services.notify.domain.following import (
    FEW,
    Change,
    Following,
    Portion,
    in_portions,
    joined,
    left,
)
from tests.builders import crowd


@dataclass
class Book:
    """A following with its portions, as the documents keep them."""

    following: Following = field(default_factory=Following)
    portions: dict[int, Portion] = field(default_factory=dict)
    written: int = 0

    def take(self, change: Change) -> None:
        """Keep what a change left."""
        self.written = 1 + len(change.portions)
        self.following = change.following
        self.portions |= change.portions

    def some(self, people: Iterable[str]) -> dict[int, Portion]:
        """Return the portions that a change of these people reads."""
        return {number: self.portions[number] for number in self.following.numbers_of(people)}

    def join(self, *people: str) -> "Book":
        """Let people come."""
        self.take(joined(self.following, self.some(people), people))
        return self

    def leave(self, *people: str) -> "Book":
        """Let people go."""
        self.take(left(self.following, self.some(people), people))
        return self

    @property
    def everybody(self) -> list[str]:
        """Return all who follow, walking from portion to portion as somebody does who tells them."""
        if not self.following.spans:
            return sorted(self.following.people)
        found: list[str] = []
        position: str | None = ""
        while position is not None:
            portion = self.portions[self.following.span_of(position).number]
            found += portion.people
            position = portion.until
        return found

    def must_hold(self) -> None:
        """Check what must always hold of the portions."""
        if not self.following.spans:
            assert not self.portions
            assert len(self.following.people) <= FEW
            return
        assert self.following.people == ()
        assert self.following.spans[0].first == ""
        firsts = [span.first for span in self.following.spans]
        assert firsts == sorted(set(firsts))
        assert sorted(span.number for span in self.following.spans) == sorted(self.portions)
        untils = [self.portions[span.number].until for span in self.following.spans]
        assert untils == [*firsts[1:], None]
        for span in self.following.spans:
            portion = self.portions[span.number]
            assert len(portion.people) == len(portion.since) <= PORTION_MAX
            assert list(portion.people) == sorted(set(portion.people))
            assert all(span.first <= one and portion.covers(one) for one in portion.people)
            assert all(0 <= since <= self.following.joins for since in portion.since)


def test_a_few_are_kept_by_name_in_the_order_they_came() -> None:
    book = Book().join("r3").join("r1", "r2").join("r3")
    assert book.following.people == ("r3", "r1", "r2")
    assert book.following.spans == ()
    assert book.leave("r1").following.people == ("r3", "r2")


def test_one_more_than_a_few_are_kept_in_a_portion() -> None:
    book = Book().join(*crowd(FEW))
    assert not book.following.are_many
    book.join("one-more")
    assert book.following.are_many
    assert book.following.spans == (Span("", 1),)
    assert book.everybody == sorted((*crowd(FEW), "one-more"))
    book.must_hold()


def test_ten_thousand_who_come_one_by_one_are_never_written_again_all_together() -> None:
    book, most = Book(), 0
    for one in crowd(10_000):
        most = max(most, book.join(one).written)
    assert book.everybody == sorted(crowd(10_000))
    assert most <= 4  # the record and the parts of one portion
    assert 25 <= len(book.portions) <= 60
    assert len(book.following.people) == 0
    book.must_hold()


def test_ten_thousand_whom_a_merge_brings_at_once_are_few_documents() -> None:
    book = Book().join(*crowd(10_000))
    assert book.everybody == sorted(crowd(10_000))
    assert book.written <= 60
    book.must_hold()
    assert book.leave(*crowd(10_000)[:9_990]).everybody == sorted(crowd(10_000)[9_990:])
    assert book.written <= 60
    book.must_hold()


def test_somebody_who_comes_or_goes_touches_one_portion() -> None:
    book = Book().join(*crowd(10_000))
    assert book.join("resident-0500005").written == 2
    assert book.leave("resident-0500005").written == 2
    assert len(book.following.numbers_of(["resident-0500005"])) == 1


def test_who_came_is_known_by_the_joining_they_came_with() -> None:
    book = Book().join(*crowd(FEW)).join(*crowd(FEW + 5)).join("a").join("z")
    (portion,) = book.portions.values()
    assert book.following.joins == 4
    assert portion.those(1, "") == tuple(sorted(crowd(FEW)))
    assert portion.those(2, "") == tuple(sorted(crowd(FEW + 5)))
    assert set(portion.those(3, "")) == {*crowd(FEW + 5), "a"}
    assert portion.those(4, "s") == ("z",)


def test_coming_again_changes_nothing_about_when_somebody_came() -> None:
    book = Book().join(*crowd(FEW + 5))
    before = dict(book.portions)
    assert book.join(crowd(1)[0]).portions == before
    assert book.written == 1


def test_who_left_and_came_back_came_later() -> None:
    book = Book().join(*crowd(FEW + 5)).join("x").leave("x").join("x")
    (portion,) = book.portions.values()
    assert portion.those(2, "x") == ()
    assert portion.those(3, "x") == ("x",)


def test_many_whom_an_earlier_release_kept_on_one_record_go_into_portions_once() -> None:
    book = Book(Following(crowd(10_000)))
    assert book.following.are_many
    book.take(in_portions(book.following))
    assert book.everybody == sorted(crowd(10_000))
    book.must_hold()


@pytest.mark.parametrize("count", [0, FEW, FEW + 1, 1_000])
def test_a_record_of_an_earlier_release_is_joined_and_left(count: int) -> None:
    came = Book(Following(crowd(count))).join("new")
    assert came.everybody == sorted((*crowd(count), "new"))
    came.must_hold()
    gone = Book(Following(crowd(count))).leave(*crowd(3))
    assert gone.everybody == sorted(crowd(count)[3:])
    gone.must_hold()


def test_names_kept_on_one_record_are_told_in_portions_too() -> None:
    following, position = Following(crowd(1_000)), ""
    told: list[str] = []
    while True:
        portion = following.by_name_from(position)
        assert len(portion.people) <= PORTION_MAX
        told += portion.those(0, position)
        if portion.until is None:
            break
        position = portion.until
    assert told == sorted(crowd(1_000))


NAMES = st.text(alphabet="ab甲乙/.$", min_size=1, max_size=3)
CROWDS = st.lists(st.integers(0, 3_000).map(lambda n: f"r{n}"), max_size=500)
CHANGES = st.lists(st.tuples(st.booleans(), st.lists(NAMES, max_size=40) | CROWDS), max_size=12)


@settings(max_examples=60)
@given(CHANGES)
def test_whatever_happens_exactly_those_follow_who_came_and_did_not_leave(
    changes: list[tuple[bool, list[str]]],
) -> None:
    book, people = Book(), set[str]()
    for comes, who in changes:
        if comes:
            book.join(*who)
            people |= set(who)
        else:
            book.leave(*who)
            people -= set(who)
        assert book.everybody == sorted(people)
        book.must_hold()
