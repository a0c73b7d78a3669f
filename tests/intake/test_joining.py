"""Merge, opt out, take it back: over any number of steps nobody is lost, nobody doubled, counts conserved."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.ids import DemandId, OrderId
from services.contracts.refusal import Refused
from services.intake.domain import demands as rules
from services.intake.domain import merging as joining
from services.intake.domain.demands import Demand, Line, SameDemand, StepNotAllowed
from services.intake.domain.lifecycle import DemandStatus
from services.intake.domain.merging import NotCarried
from tests.builders import AT, a_public_demand

BACK = Line(AT, "staff", "unmerged", "恢复单独办理")
PEOPLE = ["p1", "p2", "p3", "p4", "p5"]
A, B, C, D = DEMANDS = [DemandId(one) for one in "abcd"]


def family_of(*demands: Demand) -> dict[DemandId, Demand]:
    return {demand.id: demand for demand in demands}


@dataclass
class Matter:
    """The demands as the code keeps them, and beside it what people expect, told in sets and nothing else."""

    demands: dict[DemandId, Demand]
    gave: dict[DemandId, set[str]] = field(default_factory=dict)
    parent: dict[DemandId, DemandId] = field(default_factory=dict)
    took_back: set[tuple[str, DemandId, DemandId]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.gave = {key: {d.asked_by, *d.supporters} for key, d in self.demands.items()}

    def above(self, demand: DemandId) -> list[DemandId]:
        way = []
        while demand in self.parent:
            demand = self.parent[demand]
            way.append(demand)
        return way

    def below(self, demand: DemandId) -> list[DemandId]:
        return [one for one in self.demands if demand in self.above(one)]

    def expected(self, demand: DemandId) -> set[str]:
        people = set(self.gave[demand])
        for one in self.below(demand):
            people |= {p for p in self.gave[one] if (p, one, demand) not in self.took_back}
        return people - {self.demands[demand].asked_by}

    def supporters(self, demand: DemandId) -> tuple[str, ...]:
        return self.demands[demand].supporters

    # What is done.

    def endorse(self, demand: DemandId, person: str) -> None:
        self.demands[demand] = self.demands[demand].endorsed_by(person, AT)
        self.gave[demand].add(person)

    def merge(self, demand: DemandId, into: DemandId) -> None:
        self.demands.update(joining.merged(self.demands, demand, into, AT).family)
        self.parent[demand] = into
        for one in self.below(demand):
            self.took_back |= {(p, o, into) for p, o, t in self.took_back if (o, t) == (one, demand)}

    def unmerge(self, demand: DemandId) -> None:
        self.demands.update(joining.unmerged(self.demands, demand, BACK).family)
        self._cut(demand)

    def _cut(self, demand: DemandId) -> None:
        moved, way = {demand, *self.below(demand)}, set(self.above(demand))
        self.took_back = {(p, o, t) for p, o, t in self.took_back if not (o in moved and t in way)}
        del self.parent[demand]

    def opt_out(self, demand: DemandId, person: str) -> None:
        after = joining.opted_out(self.demands, demand, person, AT, "resident")
        self.demands.update(after.family)
        for one in after.revived:
            assert self.demands[one].asked_by == person
            self._cut(one)
        here = [demand] if demand in self.parent or after.revived else []
        for one in (*self.below(demand), *here):
            if person in self.gave[one] and self.demands[one].asked_by != person:
                self.took_back |= {(person, one, above) for above in self.above(one)}

    # What must hold.

    def check(self) -> None:
        for key, demand in self.demands.items():
            assert set(demand.supporters) == self.expected(key), key
            assert len(set(demand.supporters)) == len(demand.supporters)
            assert demand.asked_by not in demand.supporters
            assert list(joining.ancestors(demand)) == self.above(key)
            assert (demand.status is DemandStatus.MERGED) == (key in self.parent)
            assert {group.demand for group in demand.brought} == set(self.below(key))
            assert set(demand.own_supporters) == self.gave[key] - {demand.asked_by}


Steps = st.lists(
    st.one_of(
        st.tuples(st.just("endorse"), st.sampled_from(DEMANDS), st.sampled_from(PEOPLE)),
        st.tuples(st.just("merge"), st.sampled_from(DEMANDS), st.sampled_from(DEMANDS)),
        st.tuples(st.just("merge"), st.sampled_from(DEMANDS), st.sampled_from(DEMANDS)),
        st.tuples(st.just("opt_out"), st.sampled_from(DEMANDS), st.sampled_from(PEOPLE)),
        st.tuples(st.just("unmerge"), st.sampled_from(DEMANDS)),
    ),
    max_size=40,
)


def played(askers: tuple[str, ...], steps: list[tuple[Any, ...]]) -> Matter:
    matter = Matter({key: a_public_demand(key, asker) for key, asker in zip(DEMANDS, askers, strict=True)})
    for name, *words in steps:
        try:
            getattr(matter, name)(*words)
        except Refused:
            continue
        finally:
            matter.check()
    return matter


Askers = st.tuples(*(st.sampled_from(PEOPLE) for _ in DEMANDS))


@settings(max_examples=400)
@given(Askers, Steps)
def test_whatever_is_done_everybody_is_where_they_gave_their_voice_or_let_it_go(
    askers: tuple[str, ...], steps: list[tuple[Any, ...]]
) -> None:
    played(askers, steps)


@settings(max_examples=300)
@given(Askers, Steps, st.sampled_from(DEMANDS), st.sampled_from(DEMANDS))
def test_a_merge_taken_back_leaves_everybody_as_if_it_had_never_been(
    askers: tuple[str, ...], steps: list[tuple[Any, ...]], demand: DemandId, into: DemandId
) -> None:
    matter = played(askers, steps)
    before = {key: _people(one) for key, one in matter.demands.items()}
    try:
        matter.merge(demand, into)
    except Refused:
        return
    matter.unmerge(demand)
    assert {key: _people(one) for key, one in matter.demands.items()} == before


def _people(demand: Demand) -> tuple[object, ...]:
    return (
        demand.supporters,
        demand.brought,
        demand.endorsed_too,
        demand.joined_to,
        demand.merged_into,
        demand.merged_from,
    )


class TestTakingItBack:
    def test_who_endorsed_both_stays_with_both(self) -> None:
        matter = Matter({A: a_public_demand(A, "p1", "p3"), B: a_public_demand(B, "p2", "p3")})
        matter.merge(A, B)
        assert matter.supporters(B) == ("p3", "p1")
        matter.unmerge(A)
        assert matter.supporters(A) == ("p3",)
        assert matter.supporters(B) == ("p3",)

    def test_who_came_since_stays_where_they_came_to(self) -> None:
        matter = Matter({A: a_public_demand(A, "p1", "p3"), B: a_public_demand(B, "p2")})
        matter.merge(A, B)
        matter.endorse(B, "p4")
        matter.endorse(B, "p3")  # carried, and now of their own accord as well
        matter.unmerge(A)
        assert set(matter.demands[B].supporters) == {"p3", "p4"}
        assert matter.supporters(A) == ("p3",)

    def test_from_the_middle_of_a_chain_reaches_to_its_end(self) -> None:
        matter = Matter(
            {A: a_public_demand(A, "p1"), B: a_public_demand(B, "p2"), C: a_public_demand(C, "p3")}
        )
        matter.merge(A, B)
        matter.merge(B, C)
        assert matter.demands[A].joined_to == (B, C)
        assert set(matter.demands[C].supporters) == {"p1", "p2"}
        matter.unmerge(A)
        assert matter.supporters(C) == ("p2",)
        assert matter.supporters(B) == ()
        matter.unmerge(B)
        assert matter.supporters(C) == ()

    def test_of_the_middle_takes_along_what_came_with_it(self) -> None:
        matter = Matter(
            {A: a_public_demand(A, "p1"), B: a_public_demand(B, "p2"), C: a_public_demand(C, "p3")}
        )
        matter.merge(A, B)
        matter.merge(B, C)
        matter.unmerge(B)
        assert matter.supporters(C) == ()
        assert matter.supporters(B) == ("p1",)
        assert matter.demands[A].joined_to == (B,)

    def test_begins_a_new_round_without_the_old_order(self) -> None:
        matter = Matter(
            {A: replace(a_public_demand(A, "p1"), order=OrderId("a-1")), B: a_public_demand(B, "p2")}
        )
        matter.merge(A, B)
        matter.unmerge(A)
        alive = matter.demands[A]
        assert (alive.round, alive.order, alive.handler) == (2, None, None)
        assert alive.is_of_another_round(OrderId("a-1"))
        assert not alive.is_of_another_round(OrderId("a-2"))

    def test_needs_a_merge(self) -> None:
        with pytest.raises(StepNotAllowed):
            joining.unmerged(family_of(a_public_demand(A, "p1")), A, BACK)


class TestOptingOut:
    def test_a_voice_stays_where_it_was_given(self) -> None:
        matter = Matter({A: a_public_demand(A, "p1", "p3"), B: a_public_demand(B, "p2")})
        matter.merge(A, B)
        matter.opt_out(B, "p3")
        assert matter.supporters(B) == ("p1",)
        assert matter.supporters(A) == ("p3",)
        assert matter.demands[A].status is DemandStatus.MERGED

    @pytest.mark.parametrize("at", [A, B])
    def test_the_demand_of_the_one_who_asked_stands_alone_again_with_its_people(self, at: DemandId) -> None:
        matter = Matter({A: a_public_demand(A, "p1", "p3"), B: a_public_demand(B, "p2")})
        matter.merge(A, B)
        matter.opt_out(at, "p1")
        assert matter.demands[A].status is DemandStatus.SUBMITTED
        assert matter.supporters(A) == ("p3",)
        assert matter.supporters(B) == ()

    def test_who_endorsed_the_other_themselves_as_well_stays_with_it(self) -> None:
        matter = Matter({A: a_public_demand(A, "p1", "p3"), B: a_public_demand(B, "p2", "p3")})
        matter.merge(A, B)
        matter.opt_out(B, "p3")
        assert set(matter.demands[B].supporters) == {"p1", "p3"}

    def test_is_for_those_who_were_carried(self) -> None:
        matter = Matter({A: a_public_demand(A, "p1"), B: a_public_demand(B, "p2", "p4")})
        matter.merge(A, B)
        for person in ("p2", "p4", "p5"):
            with pytest.raises(NotCarried):
                matter.opt_out(B, person)
        matter.opt_out(B, "p1")
        with pytest.raises(NotCarried):
            matter.opt_out(B, "p1")


class TestLimits:
    def test_a_merge_that_would_not_fit_changes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        family = family_of(a_public_demand(A, "p1", "p3"), a_public_demand(B, "p2", "p4"))
        monkeypatch.setattr(joining, "SUPPORTERS_MAX", 2)
        with pytest.raises(rules.TooManySupporters):
            joining.merged(family, A, B, AT)
        monkeypatch.setattr(joining, "BROUGHT_MAX", 0)
        monkeypatch.setattr(joining, "SUPPORTERS_MAX", 9)
        with pytest.raises(joining.TooManyMerged):
            joining.merged(family, A, B, AT)

    def test_nothing_goes_into_itself_or_into_what_is_over(self) -> None:
        family = family_of(
            a_public_demand(A, "p1"), replace(a_public_demand(B, "p2"), status=DemandStatus.CLOSED)
        )
        for into in (A, B):
            with pytest.raises(SameDemand):
                joining.merged(family, A, DemandId(into), AT)
