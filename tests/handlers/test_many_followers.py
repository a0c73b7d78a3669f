"""A demand that thousands follow: everybody is told once, in bounded portions, and nobody else waits."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from services.chassis.batches import Documents
from services.chassis.documents import Collection, Ref, Versioned
from services.chassis.mongo import Store
from services.chassis.work import Work
from services.contracts.demands import DemandEndorsed, DemandJoined, DemandOptedOut, DemandParted
from services.contracts.ids import DemandId
from services.contracts.issues import IssueTopicDecided
from services.contracts.orders import OrderMilestoneDone
from services.contracts.spans import PORTION_MAX
from services.contracts.words import Milestone, Role
from services.intake.handlers import demands
from services.notify.domain.following import FEW
from services.notify.domain.notices import person
from services.notify.handlers.tellings import tell_portion
from services.notify.store.followings import FOLLOWINGS, following_ref
from services.notify.store.notices import NOTICES
from services.notify.store.tellings import TELLINGS
from tests.builders import crowd
from tests.support.documents import MemoryDocuments
from tests.support.telling import UNIT, Counting, Notify, accepted, rows_of
from tests.support.town import value_of
from tests.support.towns import Towns

DOCUMENTS_MAX = 500


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
    (row,) = await rows_of(notify.documents.inner, collection, notify.community)
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


async def test_what_is_said_again_after_its_telling_was_forgotten_nobody_is_told_twice(
    notify: Notify, documents: Documents
) -> None:
    fact = IssueTopicDecided(issue="i1", title="搅拌站", accepted=True, outcome="已受理", askers=crowd(900))
    work = notify.hears(fact)
    await notify.run([work])
    await notify.tell_all()
    told = await notify.told()
    if isinstance(documents, Store):
        await documents.plain(TELLINGS.name).delete({})
    else:
        assert isinstance(documents, MemoryDocuments)
        documents.rows[TELLINGS.name].clear()
    await notify.run([work])
    await notify.tell_all()
    assert await notify.told() == told
    over = [row["due_at"] for row in await rows_of(documents, TELLINGS, notify.community)]
    assert over == [None] * 3


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
    rows = [NOTICES.decode(row) for row in await rows_of(documents, NOTICES, town.community)]
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
