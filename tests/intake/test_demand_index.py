"""What demands are looked up by: an index in memory, built from what the database keeps, bounded in bytes."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.clock import new_id
from services.contracts.ids import DemandId
from services.intake.domain.duplicates import POSTINGS_MAX, FoundBy, found_by
from services.intake.domain.voices.likeness import LIKE_FROM, Rarity, compared, traits_of, weighed
from services.intake.likeness import indexes
from services.intake.likeness.index import CommunityIndex
from services.intake.likeness.indexes import LikenessIndexes

LAMP = ("路灯不亮了", None, "jindu")


def _id() -> DemandId:
    return DemandId(new_id())


class TestOneCommunity:
    def test_the_newest_that_hold_a_pair_come_first_and_all_are_counted(self) -> None:
        index, ids = CommunityIndex(), [_id() for _ in range(100)]
        index.add((one, FoundBy(("路灯",)), None) for one in ids)
        held = index.postings(["路灯", "暖气"])
        assert held["路灯"].count == 100
        assert [index.id_of(number) for number in held["路灯"].newest] == ids[-1 : -POSTINGS_MAX - 1 : -1]
        assert (held["暖气"].count, held["暖气"].newest) == (0, ())

    def test_a_demand_does_not_find_itself(self) -> None:
        index, own, other = CommunityIndex(), _id(), _id()
        index.add([(own, FoundBy(("路灯",)), None), (other, FoundBy(("路灯",)), None)])
        held = index.postings(["路灯"], without=own)["路灯"]
        assert (held.count, [index.id_of(number) for number in held.newest]) == (1, [other])

    @given(st.lists(st.lists(st.sampled_from("甲乙丙丁戊"), unique=True), max_size=60))
    def test_one_by_one_or_all_together_it_comes_to_the_same(self, pairs: list[list[str]]) -> None:
        rows = [(DemandId(f"{n:032x}"), FoundBy(tuple(some)), None) for n, some in enumerate(pairs)]
        together, single = CommunityIndex(), CommunityIndex()
        together.add(rows)
        for row in rows:
            single.add([row])
        assert together.postings("甲乙丙丁戊") == single.postings("甲乙丙丁戊")

    @pytest.mark.parametrize("demand", ["d1", "0" * 40, "zz" * 16, "0" * 32])
    def test_it_knows_a_demand_by_whatever_id(self, demand: str) -> None:
        index = CommunityIndex()
        index.add([(_id(), FoundBy(("路灯",)), None), (DemandId(demand), FoundBy(("路灯",)), None)])
        assert index.has(DemandId(demand))
        assert index.id_of(1) == demand
        assert not index.has(DemandId("another"))

    def test_a_demand_takes_about_ninety_bytes(self) -> None:
        index = CommunityIndex()
        pairs = [f"{chr(0x4E00 + n)}{chr(0x4E01 + n)}" for n in range(9)]
        index.add((_id(), FoundBy(tuple(pairs)), None) for _ in range(1_000))
        assert index.size / 1_000 < 100

    def test_who_is_out_of_reach_is_never_about_the_same_matter(self) -> None:
        index = CommunityIndex()
        texts = ["路灯不亮了", "路灯坏了没人修", "暖气片不热", "稷王路的路灯不亮", "暖气片不热，请来修"]
        homes = ["jindu", "xinhua", None]
        asked = [traits_of(text, None, home) for text in texts for home in homes]
        for number, one in enumerate(asked):
            index.add([(DemandId(f"{number:032x}"), found_by(one), one.compound)])
        out = 0
        for one in asked:
            for number, other in enumerate(asked):
                if index.is_elsewhere(number, one.compound, named=bool(one.names)):
                    out += 1
                    likeness = compared(weighed(one, Rarity()), weighed(other, Rarity()))
                    assert likeness.score < LIKE_FROM, (one, other)
        assert out > 10


class Books:
    """Intake's store, with the demands of some communities; counts what is read."""

    def __init__(self, *rows: Mapping[str, Any]) -> None:
        self.rows = list(rows)
        self.queries: list[dict[str, Any]] = []

    def plain(self, name: str) -> "Books":
        assert name == "demands"
        return self

    async def find(
        self, query: dict[str, Any], *, sort: str, limit: int = 0, fields: Sequence[str] | None = None
    ) -> list[Mapping[str, Any]]:
        self.queries.append(query)
        bounds = query["_id"]
        found = [
            row
            for row in sorted(self.rows, key=lambda row: str(row["_id"]), reverse=sort == "-_id")
            if (
                row["_id"] in bounds["$in"]
                if "$in" in bounds
                else bounds["$gte"] <= row["_id"] < bounds["$lt"]
            )
        ]
        return [
            {name: row[name] for name in ("_id", *(fields or ())) if name in row}
            for row in found[: limit or None]
        ]


def _row(community: str, demand: str, text: str = LAMP[0], *, told: bool = True) -> dict[str, Any]:
    row: dict[str, Any] = {"_id": f"{community}/{demand}", "text": text, "title": None, "compound": "jindu"}
    if told:
        known = found_by(traits_of(text, None, "jindu"))
        row["found_by"] = {"pairs": list(known.pairs), "named": known.named}
    return row


class TestCommunitiesInUse:
    async def test_what_the_database_keeps_is_found_and_read_once(self) -> None:
        books = Books(_row("here", known := _id()), _row("there", _id()))
        held = LikenessIndexes(books, clock=lambda: 0.0)
        for _ in range(3):
            await held.refresh(["here"])
        assert held.look_up("here", traits_of(*LAMP)).candidates == (known,)
        assert len(books.queries) == 1

    async def test_what_another_replica_took_in_is_found_once_the_index_is_not_fresh(self) -> None:
        now = [0.0]
        books = Books(_row("here", _id()))
        held = LikenessIndexes(books, clock=lambda: now[0])
        await held.refresh(["here"])
        books.rows.append(_row("here", later := _id()))
        now[0] = 1.0
        await held.refresh(["here"], fresh_seconds=0.5)
        assert later in held.look_up("here", traits_of(*LAMP)).candidates

    async def test_a_clock_a_little_behind_hides_nothing(self) -> None:
        now = [0.0]
        slow = _id()
        books = Books(_row("here", _id()))
        held = LikenessIndexes(books, clock=lambda: now[0])
        await held.refresh(["here"])
        books.rows.append(_row("here", slow))  # its id is the smaller one
        now[0] = 60.0
        await held.refresh(["here"])
        assert slow in held.look_up("here", traits_of(*LAMP)).candidates

    async def test_what_was_heard_is_found_without_reading(self) -> None:
        books = Books()
        held = LikenessIndexes(books, clock=lambda: 0.0)
        await held.refresh(["here"])
        found = held.look_up("here", traits_of(*LAMP))
        held.add("here", one := _id(), found)
        held.add("here", one, found)
        assert held.look_up("here", traits_of(*LAMP)).candidates == (one,)
        assert held.look_up("here", traits_of(*LAMP), one).candidates == ()
        assert await held.traits({("here", one)}) == {("here", one): traits_of(*LAMP)}
        assert len(books.queries) == 1

    async def test_what_was_compared_stays_so_when_the_index_is_built_anew(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(indexes, "DEMANDS_MAX", 2)
        rows = [_row("here", _id()) for _ in range(2)]
        held = LikenessIndexes(Books(*rows), clock=lambda: 0.0)
        await held.refresh(["here"])
        first, second = [DemandId(row["_id"].partition("/")[2]) for row in rows]
        held.note_compared("here", second)
        for _ in range(3):
            held.add("here", _id(), held.look_up("here", traits_of(*LAMP)))
        await held.refresh(["here"])
        assert held.is_compared("here", second)
        assert not held.is_compared("here", first)
        assert not held.is_compared("nowhere", second)

    async def test_demands_of_earlier_releases_are_found_by_their_words(self) -> None:
        held = LikenessIndexes(
            Books(_row("here", known := _id(), told=False), _row("here", _id(), "暖气片不热"))
        )
        await held.refresh(["here"])
        assert held.look_up("here", traits_of(*LAMP)).candidates == (known,)

    async def test_communities_do_not_mix(self) -> None:
        held = LikenessIndexes(Books(_row("here", _id()), _row("here-too", _id())))
        await held.refresh(["here", "here-too"])
        found = [held.look_up(name, traits_of(*LAMP)).candidates for name in ("here", "here-too", "nowhere")]
        assert [len(some) for some in found] == [1, 1, 0]
        assert set(found[0]) != set(found[1])

    async def test_the_least_used_makes_room(self) -> None:
        rows = [_row(f"c{n}", _id()) for n in range(6)]
        held = LikenessIndexes(Books(*rows), bytes_max=3 * 200)
        for n in range(6):
            await held.refresh([f"c{n}"])
        assert 0 < held.size <= 3 * 200
        assert len(held) < 6
        assert held.look_up("c0", traits_of(*LAMP)).candidates == ()
        await held.refresh(["c0"])
        assert len(held.look_up("c0", traits_of(*LAMP)).candidates) == 1

    async def test_an_index_that_has_grown_is_built_anew_of_the_newest(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(indexes, "DEMANDS_MAX", 10)
        books = Books(*(_row("here", _id()) for _ in range(15)))
        held = LikenessIndexes(books, clock=lambda: 0.0)
        await held.refresh(["here"])
        assert held.look_up("here", traits_of(*LAMP)).rarity.known == 10
        for _ in range(11):
            row = _row("here", one := _id())
            books.rows.append(row)
            held.add("here", one, held.look_up("here", traits_of(*LAMP)))
        await held.refresh(["here"])
        assert held.look_up("here", traits_of(*LAMP)).rarity.known == 10

    async def test_traits_that_are_not_at_hand_are_read_together(self) -> None:
        rows = [_row("here", _id()), _row("here", _id(), "暖气片不热")]
        books = Books(*rows)
        held = LikenessIndexes(books)
        wanted = {("here", DemandId(row["_id"].partition("/")[2])) for row in rows}
        found = await held.traits(wanted)
        assert set(found) == wanted
        assert len(books.queries) == 1
