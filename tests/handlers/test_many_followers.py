"""A demand that thousands follow: everybody is told once, in bounded portions, and nobody else waits."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import bson
import pytest
from bson.codec_options import CodecOptions

from services.chassis.batches import Batches, Documents
from services.chassis.changes import Changes
from services.chassis.clock import new_id
from services.chassis.documents import Collection, Due, Ref, Versioned
from services.chassis.mongo import Store
from services.chassis.work import Work
from services.contracts.demands import DemandEndorsed, DemandJoined, DemandOptedOut, DemandParted
from services.contracts.envelope import Envelope
from services.contracts.ids import DemandId
from services.contracts.issues import IssueTopicDecided
from services.contracts.orders import OrderAccepted, OrderMilestoneDone
from services.contracts.words import Actor, Message, Milestone, ProviderRef, Role
from services.intake.handlers import demands
from services.notify.consumers import consumes
from services.notify.domain.following import FEW, PORTION_MAX, Following
from services.notify.domain.notices import Notice, person
from services.notify.handlers.tellings import Notifier, tell_portion
from services.notify.jobs.tellings import TellMany
from services.notify.store.followings import FOLLOWINGS, following_ref
from services.notify.store.notices import NOTICES
from services.notify.store.tellings import TELLINGS
from tests.builders import crowd
from tests.handlers.conftest import Towns
from tests.support.documents import MemoryDocuments
from tests.support.town import Post, value_of

UNIT = ProviderRef(id="u1", name="某局", kind="unit")
NOON = datetime.fromisoformat("2026-03-02T04:00:00+00:00")
HEARD = consumes(Notifier(console=False))
DOCUMENTS_MAX = 500


@dataclass
class Counting:
    """Documents that count what each transaction writes and each load brings."""

    inner: Any
    written: list[Counter[str]] = field(default_factory=list)
    read: Counter[str] = field(default_factory=Counter)

    async def load(self, refs: Iterable[Ref[Any]]) -> dict[Ref[Any], Versioned[Any]]:
        loaded: dict[Ref[Any], Versioned[Any]] = await self.inner.load(refs)
        self.read.update(ref.collection.name for ref, kept in loaded.items() if kept.value is not None)
        return loaded

    async def commit(self, changes: Changes) -> None:
        await self.inner.commit(changes)
        counted = Counter({name: len(documents) for name, documents in changes.inserts.items()})
        counted.update({name: len(documents) for name, documents in changes.replaces.items()})
        self.written.append(counted)

    async def due(
        self,
        collection: Collection[Any],
        named: str,
        until: datetime,
        *,
        limit: int,
        after: Due | None = None,
    ) -> list[Due]:
        found: list[Due] = await self.inner.due(collection, named, until, limit=limit, after=after)
        return found

    @property
    def most(self) -> int:
        """Return what the largest transaction wrote."""
        return max(sum(rows.values()) for rows in self.written)


@dataclass
class Notify:
    """Notify alone, told facts by hand."""

    documents: Counting
    community: str = field(default_factory=lambda: f"town-{new_id()[-12:]}")
    now: datetime = NOON

    def batches(self) -> Batches:
        """Return a writer, as each replica has one."""
        return Batches(self.documents, Post(), 4, lambda: self.now)

    def teller(self) -> TellMany:
        """Return a teller, as each replica has one."""
        return TellMany(self.documents, self.batches(), lambda: self.now)

    async def run(self, works: list[Work[Any]]) -> None:
        """Run works together; none of them may fail."""
        for outcome in await self.batches().run(works):
            assert not isinstance(outcome, Exception), outcome

    def hears(self, fact: Message, number: int = 1) -> Work[Any]:
        """Return what notify does about a fact."""
        envelope = Envelope(
            id=new_id(),
            kind=fact.kind,
            community=self.community,
            stream="demands/d1",
            version=number,
            at=self.now,
            actor=Actor(subject="u1", role=Role.UNIT),
            correlation="d1",
            body=fact,
        )
        return HEARD[fact.kind](envelope)

    async def hear(self, *facts: Message) -> None:
        """Hear facts, each in a transaction of its own."""
        for fact in facts:
            await self.run([self.hears(fact)])
            self.now += timedelta(seconds=1)

    async def kept_by_an_earlier_release(self, *people: str) -> None:
        """Keep who follows as earlier releases did: all names on one record."""
        ref = following_ref(self.community, DemandId("d1"))
        await self.run(
            [Work(self.hears(accepted()).origin, (ref,), lambda uow: uow.put(ref, Following(people)))]
        )
        self.documents.written.clear()

    async def tell_all(self) -> int:
        """Tell until nobody is left; return in how many portions."""
        return await self.teller().look()

    async def notices(self) -> list[Notice]:
        """Return every notice of the community."""
        kept = [NOTICES.decode(row) for row in await _rows(self.documents.inner, NOTICES, self.community)]
        return [notice for notice in kept if notice.recipient.startswith("person:")]

    async def told(self) -> Counter[tuple[str, str]]:
        """Return how often which person has been told which text."""
        return Counter((notice.recipient, notice.text) for notice in await self.notices())


async def _rows(documents: Any, collection: Collection[Any], community: str) -> list[dict[str, Any]]:
    if isinstance(documents, Store):
        return await documents.plain(collection.name).find({"community": community})
    raw: Iterable[bytes] = documents.rows.get(collection.name, {}).values()
    options: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
    rows = [bson.decode(one, options) for one in raw]
    return [row for row in rows if row["community"] == community]


@pytest.fixture(params=["memory", pytest.param("mongo", marks=pytest.mark.slow)])
def documents(request: pytest.FixtureRequest) -> Documents:
    """Documents in memory that decide everything twice, and the real database."""
    if request.param == "memory":
        return MemoryDocuments()
    stores: Mapping[str, Documents] = request.getfixturevalue("stores")
    return stores["notify"]


@pytest.fixture
async def notify(documents: Documents) -> Notify:
    """Notify with nothing left to be told by earlier tests."""
    if isinstance(documents, Store):
        await documents.plain(TELLINGS.name).delete({})
    return Notify(Counting(documents))


def accepted(by: str = "某局") -> OrderAccepted:
    """Return that an order was accepted."""
    provider = UNIT.model_copy(update={"name": by})
    return OrderAccepted(order="d1-1", demand="d1", asked_by="asker", provider=provider)


def milestone(title: str) -> OrderMilestoneDone:
    """Return that a milestone was reached."""
    return OrderMilestoneDone(
        order="d1-1", demand="d1", asked_by="asker", provider=UNIT, milestone=Milestone(id="m1", title=title)
    )


def endorsed(by: str) -> DemandEndorsed:
    """Return that somebody endorsed."""
    return DemandEndorsed(demand="d1", endorsed_by=by, supporters=1)


def brought(*people: str) -> DemandJoined:
    """Return that a merge brought people."""
    return DemandJoined(demand="d1", merged="d2", carried=people, supporters=len(people))


def everybody(text: str, *people: str) -> Counter[tuple[str, str]]:
    """Return that each of these people has been told this, once."""
    return Counter({(person(one), text): 1 for one in people})


@pytest.mark.parametrize("count", [0, 1, FEW])
async def test_a_few_are_told_in_the_transaction_of_the_fact_and_leave_no_telling(
    notify: Notify, count: int
) -> None:
    await notify.hear(*map(endorsed, crowd(count)))
    notify.documents.written.clear()
    notify.documents.read.clear()
    await notify.hear(accepted())
    assert await notify.told() == everybody("某局已接单", "asker", *crowd(count))
    assert notify.documents.written == [Counter(notices=1 + count)]
    assert notify.documents.read["followings"] <= 2  # in memory every decision runs twice
    assert notify.documents.read["followers"] == 0
    assert await notify.tell_all() == 0


async def test_a_demand_without_followers_costs_what_it_did(notify: Notify) -> None:
    """One notice for each that a fact concerns and nothing beside; the cursor is the mailroom's."""
    await notify.hear(accepted(), milestone("一"), milestone("二"))
    assert notify.documents.written == [Counter(notices=1)] * 3
    assert not notify.documents.read


async def test_a_fact_that_ten_thousand_are_to_hear_of_is_one_small_document(notify: Notify) -> None:
    await notify.hear(brought(*crowd(10_000)))
    await notify.tell_all()
    notify.documents.written.clear()
    notify.documents.read.clear()
    await notify.hear(milestone("路基"), milestone("路面"))
    assert notify.documents.written == [Counter(notices=1, tellings=1)] * 2
    assert notify.documents.read["followers"] == 0, "no name is loaded to tell a fact"
    following = await _one(notify, FOLLOWINGS)
    assert following["people"] == []
    assert len(following["spans"]) <= 60


async def _one(notify: Notify, collection: Collection[Any]) -> dict[str, Any]:
    (row,) = await _rows(notify.documents.inner, collection, notify.community)
    return row


async def test_ten_thousand_are_told_each_once_in_bounded_transactions(notify: Notify) -> None:
    await notify.hear(brought(*crowd(10_000)))
    await notify.tell_all()
    await notify.hear(milestone("路基"), milestone("路面"))
    portions = await notify.tell_all()
    assert 2 * 10_000 / PORTION_MAX <= portions <= 2 * 60
    assert notify.documents.most <= DOCUMENTS_MAX
    text = "您关注的诉求已并入这条相同的诉求一起办理，进展照样告诉您；不同意合并可退出"
    assert await notify.told() == (
        everybody(text, *crowd(10_000))
        + everybody("您的诉求有新进展：路基", "asker", *crowd(10_000))
        + everybody("您的诉求有新进展：路面", "asker", *crowd(10_000))
    )


async def test_many_whom_an_earlier_release_kept_on_one_record_are_told_and_kept_anew_once(
    notify: Notify,
) -> None:
    await notify.kept_by_an_earlier_release(*crowd(3_000))
    await notify.hear(milestone("路基"), milestone("路面"))
    first, second = notify.documents.written
    assert first["followers"] >= 3_000 / PORTION_MAX
    assert sum(first.values()) < 100
    assert second == Counter(notices=1, tellings=1)
    await notify.tell_all()
    assert await notify.told() == (
        everybody("您的诉求有新进展：路基", "asker", *crowd(3_000))
        + everybody("您的诉求有新进展：路面", "asker", *crowd(3_000))
    )


async def test_whoever_endorses_rewrites_one_portion(notify: Notify) -> None:
    await notify.hear(brought(*crowd(2_000)))
    notify.documents.written.clear()
    notify.documents.read.clear()
    await notify.hear(endorsed("resident-050000x"))
    assert notify.documents.written == [Counter(notices=1, followings=1, followers=1)]
    assert notify.documents.read["followers"] <= 2
    await notify.hear(DemandOptedOut(demand="d1", left=("resident-050000x",), supporters=1))
    assert notify.documents.written[-1] == Counter(notices=2, followings=1, followers=1)


async def test_who_came_after_a_fact_does_not_hear_of_it_and_who_left_hears_no_more(notify: Notify) -> None:
    await notify.hear(brought(*crowd(1_000)))
    await notify.tell_all()
    await notify.hear(milestone("路基"))
    teller = notify.teller()
    assert await teller.take_turns() == 1
    first = await notify.told()
    names = sorted(crowd(1_000))
    await notify.hear(endorsed("a-new-one"), endorsed("z-new-one"))
    await notify.hear(DemandOptedOut(demand="d1", left=(names[0], names[-1]), supporters=1))
    await notify.tell_all()
    told = {who for who, text in await notify.told() if "路基" in text}
    assert told == {person("asker"), *map(person, names[:-1])}
    assert (person(names[0]), "您的诉求有新进展：路基") in first
    await notify.hear(milestone("路面"))
    await notify.tell_all()
    told = {who for who, text in await notify.told() if "路面" in text}
    assert told == {person("asker"), *map(person, names[1:-1]), person("a-new-one"), person("z-new-one")}


async def test_nobody_is_forgotten_when_portions_are_divided_while_they_are_told(notify: Notify) -> None:
    await notify.hear(brought(*crowd(1_000)))
    await notify.tell_all()
    await notify.hear(milestone("路基"))
    teller = notify.teller()
    for number in range(4):
        assert await teller.take_turns() == 1
        await notify.hear(*(endorsed(f"{name}-{number}") for name in sorted(crowd(1_000))[number::40]))
        more = [f"{name}-{number}-{n}" for name in sorted(crowd(1_000))[number::4] for n in range(3)]
        await notify.run([notify.hears(brought(*more))])
    await notify.tell_all()
    told = Counter(who for who, text in (await notify.told()).elements() if "路基" in text)
    assert told == Counter({person(one): 1 for one in ("asker", *crowd(1_000))})


async def test_the_one_who_asked_and_follows_is_told_once(notify: Notify) -> None:
    await notify.hear(brought("asker", *crowd(50)))
    await notify.tell_all()
    await notify.hear(accepted())
    await notify.tell_all()
    told = await notify.told()
    assert told[person("asker"), "某局已接单"] == 1
    assert sum("某局已接单" in text for _, text in told) == 51


async def test_whom_a_merge_carried_and_who_parted_again_are_told_in_portions(notify: Notify) -> None:
    await notify.hear(endorsed("r1"), brought(*crowd(1_500)))
    assert notify.documents.most < 30
    parted = DemandParted(demand="d1", unmerged="d2", left=crowd(1_500), supporters=1)
    await notify.hear(parted, accepted())
    await notify.tell_all()
    assert await notify.told() == everybody(
        "您关注的诉求已并入这条相同的诉求一起办理，进展照样告诉您；不同意合并可退出", *crowd(1_500)
    ) + everybody("某局已接单", "asker", "r1")


async def test_all_voices_of_an_issue_are_told_though_they_follow_nothing(notify: Notify) -> None:
    fact = IssueTopicDecided(issue="i1", title="搅拌站", accepted=True, outcome="已受理", askers=crowd(900))
    await notify.hear(fact)
    assert notify.documents.written == [Counter(tellings=3)]
    await notify.tell_all()
    assert await notify.told() == everybody("您反映的“搅拌站”，小板凳议事会已受理", *crowd(900))
    assert {notice.order for notice in await notify.notices()} == {None}


async def test_a_telling_that_is_over_goes_after_a_while(notify: Notify) -> None:
    await notify.hear(brought(*crowd(30)))
    await notify.tell_all()
    row = await _one(notify, TELLINGS)
    assert row["due_at"] is None
    assert row["over_at"] > notify.now


async def test_replicas_that_tell_at_the_same_time_tell_everybody_once(notify: Notify) -> None:
    await notify.hear(brought(*crowd(2_000)))
    await notify.hear(milestone("路基"))
    tellers = [notify.teller() for _ in range(3)]
    await asyncio.gather(*(teller.look() for teller in tellers))
    await notify.tell_all()
    told = await notify.told()
    assert set(told.values()) == {1}
    assert len(told) == 2 * 2_000 + 1


async def test_another_community_s_turn_comes_with_every_look(notify: Notify) -> None:
    await notify.hear(brought(*crowd(2_000)))
    await notify.hear(*(milestone(f"第{n}步") for n in range(250)))
    other = replace(notify, community=f"{notify.community}-2", now=notify.now)
    await other.hear(brought(*crowd(30)))
    notify.now = other.now
    assert await notify.teller().take_turns() <= 3  # one portion a page of the large one, one of the other
    assert len(await other.told()) == 30
    assert notify.documents.most <= DOCUMENTS_MAX


async def test_a_telling_that_cannot_be_told_holds_up_nobody(
    notify: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    await notify.hear(milestone("路基"), brought(*crowd(30)), accepted())

    def broken_for_the_first(origin: Any, key: str) -> Work[bool]:
        work = tell_portion(origin, key)

        def decide(uow: Any) -> bool:
            left = uow.find(work.reads[0])
            if left.fact.kind == "demand.joined.v1":
                raise RuntimeError("planted")
            return work.decide(uow)

        return replace(work, decide=decide)

    monkeypatch.setattr("services.notify.jobs.tellings.tell_portion", broken_for_the_first)
    await notify.tell_all()
    assert (person(crowd(1)[0]), "某局已接单") in await notify.told()
    monkeypatch.undo()
    await notify.tell_all()
    assert len(await notify.told()) == 2 * 30 + 2


async def test_a_town_where_thousands_endorse_is_told_of_every_step() -> None:
    """Through all services: endorsed for real, the fan-out by the teller alone."""
    town = await Towns(None).found()
    demand = await town.submit("家里水龙头坏了一直滴水，想找人修")
    for name in crowd(40):
        await town.do("intake", demands.endorse_demand(town.origin(name, Role.RESIDENT), demand.id, name))
    await town.accept(demand)
    assert await town.tell_all() == 1
    documents = town.documents["notify"]
    assert isinstance(documents, MemoryDocuments)
    rows = [NOTICES.decode(row) for row in await _rows(documents, NOTICES, town.community)]
    heard = Counter(row.recipient for row in rows if row.kind == "order.accepted.v1")
    assert heard == Counter({person(one): 1 for one in ("r1", *crowd(40))})


async def test_a_portion_that_was_divided_between_two_looks_is_passed_over_until_the_next(
    notify: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record and the portion are read one after the other: it may be an old record with a new portion."""
    names = sorted(crowd(PORTION_MAX))
    await notify.hear(brought(*names))
    await notify.tell_all()
    await notify.hear(milestone("路基"))
    await notify.hear(brought(*(f"{name}-x" for name in names)))
    ref = following_ref(notify.community, DemandId("d1"))
    kept = (await notify.documents.load([ref]))[ref]
    old = Versioned(replace(value_of(kept), spans=value_of(kept).spans[:1]), kept.revision)
    teller, load = notify.teller(), notify.documents.load
    assert (
        await teller.take_turns() == 1
    )  # the first portion, which was divided, is told and points to the next

    async def load_an_old_record(refs: Iterable[Ref[Any]]) -> dict[Ref[Any], Versioned[Any]]:
        loaded = await load(refs)
        return {**loaded, **({ref: old} if ref in loaded else {})}

    monkeypatch.setattr(notify.documents, "load", load_an_old_record)
    told = await notify.told()
    for _ in range(3):
        await teller.take_turns()
    monkeypatch.undo()
    assert {key: n for key, n in (await notify.told()).items() if "路基" in key[1]} == {
        key: n for key, n in told.items() if "路基" in key[1]
    }
    await notify.tell_all()
    heard = Counter(who for who, text in (await notify.told()).elements() if "路基" in text)
    assert heard == Counter({person(one): 1 for one in ("asker", *names)})
