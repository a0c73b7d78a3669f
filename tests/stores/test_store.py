"""What the database keeps: revisions, all or nothing, one community's things only."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.chassis import held
from services.chassis.changes import Changes
from services.chassis.clock import now
from services.chassis.documents import Collection, Due, Index, Ref, Versioned, to_document
from services.chassis.failures import Away, Stale, Unwritable
from services.chassis.http.once import ANSWERS, Remembered, Reply
from services.chassis.mongo import Store, open_client
from services.chassis.outbox import INDEXES
from services.composition import SPECS
from services.devserver import Servers
from tests.stores.things import COLLECTIONS, OTHERS, THINGS, Thing, ref

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLY = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Dated:
    """Something that is due some time, or never."""

    id: str
    at: datetime | None


DATED = Collection("dated", Dated, Index(("at",), due=True))


def inserting(*things: Thing, community: str = "jiwang", collection: Collection[Thing] = THINGS) -> Changes:
    changes = Changes()
    for thing in things:
        changes.insert(
            collection.name, to_document(Ref(collection, community, thing.id), Versioned(thing, 1))
        )
    return changes


def replacing(thing: Thing, seen: int) -> Changes:
    changes = Changes()
    changes.replace(THINGS.name, seen, to_document(ref(thing.id), Versioned(thing, seen + 1)))
    return changes


async def kept(store: Store, thing: str) -> Versioned[Thing]:
    return (await store.load([ref(thing)]))[ref(thing)]


async def test_what_is_written_comes_back_as_it_was(store: Store) -> None:
    thing = Thing("a", 7, "名字", {"$a.b": "点", "": "空"})
    await store.commit(inserting(thing))
    found = await kept(store, "a")
    assert (found.value, found.revision, found.facts) == (thing, 1, 0)


async def test_what_is_not_there_comes_as_revision_nought(store: Store) -> None:
    assert await store.load([ref("a"), ref("b")]) == {ref("a"): Versioned(None), ref("b"): Versioned(None)}
    assert await store.load([]) == {}


async def test_a_second_of_the_same_id_is_stale(store: Store) -> None:
    await store.commit(inserting(Thing("a")))
    with pytest.raises(Stale):
        await store.commit(inserting(Thing("a", 9)))
    assert (await kept(store, "a")).value == Thing("a")


async def test_a_replacement_needs_the_revision_it_was_made_from(store: Store) -> None:
    await store.commit(inserting(Thing("a")))
    await store.commit(replacing(Thing("a", 1), seen=1))
    for seen in (0, 1, 3):
        with pytest.raises(Stale):
            await store.commit(replacing(Thing("a", 99), seen=seen))
    found = await kept(store, "a")
    assert (found.value, found.revision) == (Thing("a", 1), 2)


async def test_of_many_changes_either_all_are_written_or_none(store: Store) -> None:
    await store.commit(inserting(Thing("a", name="a")))
    changes = inserting(Thing("b", name="b"), Thing("c", name="c"))
    changes.insert("outbox", {"_id": "o1"})
    changes.replace(THINGS.name, 8, to_document(ref("a"), Versioned(Thing("a", 5), 9)))
    with pytest.raises(Stale):
        await store.commit(changes)
    for thing in ("b", "c"):
        assert (await kept(store, thing)).value is None
    assert await store.plain("outbox").count({}) == 0


async def test_of_writers_at_the_same_time_one_wins_and_the_others_hear_of_it(store: Store) -> None:
    await store.commit(inserting(Thing("a")))
    works = [store.commit(replacing(Thing("a", n), seen=1)) for n in range(20)]
    outcomes = await asyncio.gather(*works, return_exceptions=True)
    assert [outcome for outcome in outcomes if outcome is not None and not isinstance(outcome, Stale)] == []
    assert outcomes.count(None) == 1
    assert (await kept(store, "a")).revision == 2


async def test_one_name_belongs_to_one_thing_of_a_community(store: Store) -> None:
    await store.commit(inserting(Thing("a", name="x")))
    with pytest.raises(Stale):
        await store.commit(inserting(Thing("b", name="x")))
    await store.commit(inserting(Thing("b", name="x"), community="fenwan"))


@pytest.mark.parametrize(
    "thing",
    [
        Thing("a", 2**70),
        Thing("a", notes={"a\0b": "x"}),
        Thing("a", name="\ud800"),
        Thing("a", notes={"long": "x" * 17_000_000}),
    ],
    ids=["a number too large", "a nul in a name", "half a character", "17 megabytes"],
)
async def test_what_the_database_can_never_keep_is_unwritable(store: Store, thing: Thing) -> None:
    with pytest.raises(Unwritable):
        await store.commit(inserting(thing))
    assert (await kept(store, "a")).value is None


async def test_another_communitys_thing_of_the_same_id_is_another_thing(store: Store) -> None:
    await store.commit(inserting(Thing("a", 1, "ours")))
    await store.commit(inserting(Thing("a", 2, "theirs"), community="fenwan"))
    theirs = ref("a", "fenwan")
    assert (await store.load([theirs]))[theirs].value == Thing("a", 2, "theirs")
    assert (await kept(store, "a")).value == Thing("a", 1, "ours")


class TestWhatSeldomChanges:
    """Values that are held in memory: what is read of them is never older than what the database keeps."""

    SEEN = Collection("things", Thing, seldom_changes=True)

    async def test_what_somebody_else_changed_is_read_anew(self, store: Store) -> None:
        where = ref("a", collection=self.SEEN)
        assert (await store.load([where]))[where].revision == 0
        await store.commit(inserting(Thing("a")))
        first, again = [(await store.load([where]))[where] for _ in range(2)]
        assert (first.value, first.revision) == (again.value, again.revision) == (Thing("a"), 1)
        assert first.value is again.value, "it is decoded once"
        await store.commit(replacing(Thing("a", 5), 1))
        assert (await store.load([where]))[where].present.count == 5

    async def test_what_was_read_cannot_be_changed_from_outside(self, store: Store) -> None:
        where = ref("a", collection=self.SEEN)
        await store.commit(inserting(Thing("a")))
        (await store.load([where]))[where].facts += 1
        assert (await store.load([where]))[where].facts == 0

    async def test_what_is_no_longer_there_is_not_there(self, store: Store) -> None:
        where = ref("a", collection=self.SEEN)
        await store.commit(inserting(Thing("a")))
        await store.load([where])
        await store.plain("things").delete({})
        assert (await store.load([where]))[where].value is None

    async def test_the_least_used_makes_room(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(held, "HELD_MAX", 2)
        await store.commit(inserting(*(Thing(f"t{n}", n, f"t{n}") for n in range(5))))
        refs = [ref(f"t{n}", collection=self.SEEN) for n in range(5)]
        for _ in range(2):
            loaded = await store.load(refs)
            assert [loaded[one].present.count for one in refs] == [0, 1, 2, 3, 4]


class TestPages:
    async def test_newest_first_and_each_once(self, store: Store) -> None:
        things = [Thing(f"t{n:02}", n % 3, f"n{n}") for n in range(25)]
        await store.commit(inserting(*things))
        met: list[str] = []
        after = None
        while page := await store.page(THINGS, "jiwang", {}, after=after, limit=4):
            met += [one.value.id for one in page if one.value]
            after = met[-1]
        assert met == [thing.id for thing in reversed(things)]

    @pytest.mark.parametrize("neighbour", ["jiwan", "jiwang-2", "jiwang0", "jiwanh", "aaa", "zzz"])
    async def test_a_page_never_shows_a_neighbour_however_alike_the_names(
        self, store: Store, neighbour: str
    ) -> None:
        await store.commit(inserting(Thing("a", name="ours")))
        await store.commit(inserting(Thing("a", name="theirs"), Thing("zz", name="z"), community=neighbour))
        (found,) = await store.page(THINGS, "jiwang", {}, after=None, limit=10)
        assert found.value == Thing("a", name="ours")

    async def test_a_condition_narrows_it(self, store: Store) -> None:
        await store.commit(inserting(*(Thing(f"t{n}", n % 2, f"n{n}") for n in range(6))))
        found = await store.page(THINGS, "jiwang", {"count": 1}, after="t5", limit=10)
        assert [one.value.id for one in found if one.value] == ["t3", "t1"]


class TestPreparing:
    async def test_it_can_be_repeated_and_keeps_what_is_there(self, store: Store) -> None:
        await store.commit(inserting(Thing("a", 3)))
        for _ in range(3):
            await store.prepare(COLLECTIONS, {"outbox": INDEXES, "parked": ()})
        assert (await kept(store, "a")).value == Thing("a", 3)

    async def test_many_replicas_may_prepare_at_once(self, store: Store) -> None:
        await store.drop()
        await asyncio.gather(*(store.prepare([*COLLECTIONS, ANSWERS], {"outbox": INDEXES}) for _ in range(8)))
        await store.commit(inserting(Thing("a"), collection=OTHERS))

    @pytest.mark.parametrize("service", list(SPECS))
    async def test_every_service_can_be_prepared_twice(self, store: Store, service: str) -> None:
        for _ in range(2):
            await store.prepare(SPECS[service].collections, {"outbox": INDEXES})


async def test_an_answer_goes_when_its_time_is_over(store: Store) -> None:
    await store.prepare([ANSWERS])
    answer = Remembered("f", Reply(200, b"{}"), now() - timedelta(days=1))
    changes = Changes()
    changes.insert(ANSWERS.name, to_document(Ref(ANSWERS, "jiwang", "k"), Versioned(answer, 1)))
    await store.commit(changes)
    found = (await store.load([Ref(ANSWERS, "jiwang", "k")]))[Ref(ANSWERS, "jiwang", "k")]
    assert found.value in {None, answer}  # the database takes it away within a minute


@dataclass(frozen=True, slots=True)
class Newer:
    """A thing as a later version keeps it: with a field more."""

    id: str
    count: int = 0
    colour: str = "red"


async def test_a_later_version_reads_what_an_earlier_one_kept_and_the_other_way_round(store: Store) -> None:
    later = Collection("things", Newer)
    await store.commit(inserting(Thing("a", 4)))
    where = Ref(later, "jiwang", "a")
    (found,) = (await store.load([where])).values()
    assert found.value == Newer("a", 4)
    changes = Changes()
    painted = replace(found.value, colour="blue")
    changes.replace("things", 1, to_document(where, Versioned(painted, 2)))
    await store.commit(changes)
    assert (await kept(store, "a")).value == Thing("a", 4)


async def test_a_database_nobody_answers_at_is_away() -> None:
    client = open_client("mongodb://127.0.0.1:1/?directConnection=true", answers_within_seconds=0.2)
    store = Store(client, "nowhere")
    for attempt in (store.ping(), store.load([ref("a")]), store.commit(inserting(Thing("a")))):
        with pytest.raises(Away):
            await attempt
    await asyncio.to_thread(client.close)


class TestWhatIsDue:
    async def found(self, store: Store, until: datetime, **changes: Any) -> list[str]:
        return [due.key for due in await store.due(DATED, "at", until, **{"limit": 100, **changes})]

    async def kept(self, store: Store) -> None:
        await store.prepare([DATED])
        for number in range(6):
            at = None if number == 5 else EARLY + timedelta(hours=number // 2)
            community = "fenwan" if number % 2 else "jiwang"
            changes = Changes()
            dated = Dated(f"d{number}", at)
            changes.insert(DATED.name, to_document(Ref(DATED, community, dated.id), Versioned(dated, 1)))
            await store.commit(changes)

    async def test_is_found_in_every_community_oldest_first(self, store: Store) -> None:
        await self.kept(store)
        assert await self.found(store, EARLY) == ["fenwan/d1", "jiwang/d0"]
        assert await self.found(store, EARLY + timedelta(hours=1)) == [
            "fenwan/d1",
            "jiwang/d0",
            "fenwan/d3",
            "jiwang/d2",
        ]
        assert await self.found(store, EARLY - timedelta(seconds=1)) == []

    async def test_is_found_portion_by_portion_with_nothing_left_out(self, store: Store) -> None:
        await self.kept(store)
        seen: list[str] = []
        last: Due | None = None
        while portion := await store.due(DATED, "at", EARLY + timedelta(days=1), limit=2, after=last):
            seen += [due.id for due in portion]
            last = portion[-1]
        assert seen == ["d1", "d0", "d3", "d2", "d4"]

    async def test_is_found_by_its_index(self, store: Store, servers: Servers) -> None:
        await self.kept(store)
        client = open_client(servers.mongo_url)
        found = client[store.name][DATED.name].find({"at": {"$gt": EPOCH, "$lte": EARLY}})
        plan = str((await found.sort([("at", 1), ("_id", 1)]).explain())["queryPlanner"]["winningPlan"])
        assert "IXSCAN" in plan
        assert "COLLSCAN" not in plan
        assert "'SORT'" not in plan
        await asyncio.to_thread(client.close)
