"""Supporters that are many: told against demands that name everybody, whatever their portions look like."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.ids import DemandId
from services.contracts.refusal import Refused
from services.contracts.spans import PORTION_MAX
from services.intake.domain import supporters as rules
from services.intake.domain.crowds import Crowd, Portion
from services.intake.domain.demands import Brought, Demand, OwnDemand, StepNotAllowed, TooManySupporters
from services.intake.domain.issues import Issue, Member
from services.intake.domain.lifecycle import DemandStatus
from services.intake.domain.supporters import beside, endorsed, is_supported_by, kept, whole
from tests.builders import AT, a_public_demand, crowd

A, B = DemandId("a"), DemandId("b")


@dataclass
class Shelf:
    """A demand as the documents keep it."""

    demand: Demand
    portions: dict[int, Portion] = field(default_factory=dict)
    written: int = 0

    @property
    def crowd(self) -> Crowd:
        """Return what it keeps of many."""
        assert self.demand.crowd is not None
        return self.demand.crowd

    def keep(self, named: Demand, by_name_max: int = 0) -> None:
        """Keep a demand that names everybody."""
        last = self.demand.crowd.last if self.demand.crowd else 0
        self.demand, portions = kept(named, by_name_max, last)
        self.portions = {**dict.fromkeys(self.portions, Portion()), **portions}

    def endorse(self, subject: str) -> None:
        """Let somebody endorse it, reading one portion."""
        portion = self.portions[self.crowd.number_of(subject)]
        self.demand, changed = endorsed(self.demand, portion, subject, AT)
        self.portions |= changed
        self.written = len(changed)

    @property
    def named(self) -> Demand:
        """Return it with everybody by name."""
        return whole(self.demand, self.portions.values())

    def check(self) -> None:
        """Look whether everybody stands where they are looked for, once."""
        standing = [one.subject for portion in self.portions.values() for one in portion.supporters]
        assert len(standing) == len(set(standing))
        for number, portion in self.portions.items():
            assert list(portion.supporters) == sorted(portion.supporters, key=lambda one: one.subject)
            assert len(portion.supporters) <= PORTION_MAX
            assert all(self.crowd.number_of(one.subject) == number for one in portion.supporters)
        assert self.crowd.count == len(self.named.supporters)
        assert {span.number for span in self.crowd.spans} <= set(self.portions)
        assert self.crowd.last == max(self.portions)


def many(*people: str, asked_by: str = "asker") -> Shelf:
    named = a_public_demand(A, asked_by).with_voices(people, ())
    shelf = Shelf(a_public_demand(A, asked_by))
    shelf.keep(named)
    return shelf


Names = st.text("abcdef", min_size=1, max_size=3)
People = st.lists(Names, unique=True, max_size=60)


@settings(max_examples=300)
@given(People, st.lists(st.tuples(st.sampled_from([A, B]), People), max_size=3), Names)
def test_what_is_kept_beside_a_demand_is_what_it_named(
    own: list[str], groups: list[tuple[DemandId, list[str]]], asker: str
) -> None:
    brought = tuple(
        Brought(DemandId(f"{origin}{n}"), tuple(people)) for n, (origin, people) in enumerate(groups)
    )
    named = a_public_demand(A, asker).with_voices(tuple(one for one in own if one != asker), brought)
    thin, portions = kept(named, 0, 0)
    again = whole(thin, portions.values())
    assert (again.supporters, again.own_supporters) == (named.supporters, named.own_supporters)
    assert again.endorsed_too == named.endorsed_too
    assert [(group.demand, sorted(group.people)) for group in again.brought] == [
        (group.demand, sorted(group.people)) for group in brought
    ]
    everybody = {*own, *(one for _, people in groups for one in people), asker, "nobody"}
    for subject in everybody:
        portion = portions[thin.crowd.number_of(subject)] if thin.crowd else None
        assert is_supported_by(thin, portion, subject) == (subject in named.supporters)


@settings(max_examples=200)
@given(People, st.lists(Names, max_size=60))
def test_whoever_endorses_among_many_is_counted_as_among_few(first: list[str], later: list[str]) -> None:
    shelf, named = many(*first, "z"), a_public_demand(A, "asker").with_voices((*first, "z"), ())
    for subject in later:
        shelf.endorse(subject)
        named = named.endorsed_by(subject, AT)
        shelf.check()
    assert shelf.named.supporters == named.supporters


def test_an_endorsement_writes_one_portion_however_many_there_are() -> None:
    shelf = many(*crowd(2_000))
    written = []
    for n in range(3_000):
        shelf.endorse(f"late-{n:05}")
        written.append(shelf.written)
    shelf.check()
    assert set(written) == {1, 3}
    assert written.count(3) < 20, "portions are divided now and then"
    assert shelf.crowd.count == 5_000
    assert len(repr(shelf.demand)) < 4_000


def test_somebody_whom_a_merge_brought_and_who_endorses_is_one_voice_and_stays() -> None:
    carried = a_public_demand(A, "asker").with_voices(("own",), (Brought(B, ("b-asker", "both")),))
    shelf = Shelf(a_public_demand(A, "asker"))
    shelf.keep(carried)
    shelf.endorse("both")
    shelf.endorse("both")
    shelf.check()
    assert shelf.crowd.count == 3
    assert shelf.named.own_supporters == ("own", "both")
    shelf.keep(replace(shelf.named, brought=()).with_voices(shelf.named.own_supporters, ()))
    shelf.check()
    assert shelf.named.supporters == ("own", "both")


def test_the_number_of_a_portion_is_never_given_twice() -> None:
    shelf = many(*crowd(1_000))
    seen = set(shelf.portions)
    for some in (crowd(5), crowd(500), crowd(3)):
        shelf.keep(shelf.named.with_voices(tuple(some), ()))
        shelf.check()
        filled = {number for number, portion in shelf.portions.items() if portion.supporters}
        assert not filled & seen
        seen |= set(shelf.portions)
    assert shelf.crowd.count == 3


class TestRefusals:
    def test_nobody_endorses_their_own(self) -> None:
        with pytest.raises(OwnDemand):
            many("r1").endorse("asker")

    def test_nor_what_is_over(self) -> None:
        shelf = many("r1")
        shelf.demand = replace(shelf.demand, status=DemandStatus.CLOSED)
        with pytest.raises(StepNotAllowed):
            shelf.endorse("r2")

    def test_nor_beyond_what_a_community_could_have(self, monkeypatch: pytest.MonkeyPatch) -> None:
        shelf = many("r1", "r2")
        monkeypatch.setattr(rules, "SUPPORTERS_MAX", 2)
        with pytest.raises(TooManySupporters):
            shelf.endorse("r3")
        shelf.endorse("r2")
        assert shelf.crowd.count == 2

    def test_a_refused_endorsement_changes_nothing(self) -> None:
        shelf = many("r1")
        before = shelf.named
        with pytest.raises(Refused):
            shelf.endorse("asker")
        assert shelf.named == before


def test_few_stay_on_the_demand_until_they_are_many() -> None:
    few = a_public_demand(A, "asker", "r1", "r2")
    assert kept(few, 2, 0) == (few, {})
    thin, portions = kept(few, 1, 0)
    assert (thin.supporters, thin.supporter_count, len(portions)) == ((), 2, 1)
    assert beside(few, Crowd(2, 2, (), 1)).supporters == ()


def test_many_endorsements_in_a_row_are_one_line_of_the_timeline() -> None:
    demand = a_public_demand(A, "asker", *crowd(50))
    assert [line.text for line in demand.timeline] == ["居民点单", "有居民附议，共 50 人"]
    shelf = Shelf(demand)
    shelf.keep(demand)
    shelf.endorse("late")
    assert [line.text for line in shelf.demand.timeline] == ["居民点单", "有居民附议，共 51 人"]


def test_an_issue_counts_those_who_are_not_named_one_by_one() -> None:
    def member(demand: DemandId, *people: str) -> Member:
        return Member(demand, None, AT, people[0], people)

    issue = Issue(A, "搅拌站", (member(A, "r1", "r2"), member(B, "r2", "r3")))
    assert issue.standing.voices == 3
    after = issue.spoken_for(A, ("r1",), 150)
    assert (after.standing.voices, after.heat) == (153, after.standing.heat)
    assert after.spoken_for(A, ("r1", "r2")).standing == issue.standing
