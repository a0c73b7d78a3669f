"""What people decide teaches the router: one lesson an order, the same experience wherever it is learnt."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

import bson
import pytest
from bson.codec_options import CodecOptions

from services.chassis.batches import Documents
from services.chassis.documents import Collection, Versioned, from_document
from services.chassis.mongo import Store
from services.chassis.processor import MessageProcessor, RetryPolicy
from services.contracts.catalogue import SUBSCRIPTIONS
from services.contracts.ids import order_id
from services.contracts.refusal import NotFound
from services.intake.domain.demands import Demand
from services.matching.consumers import consumes as matching_hears
from services.matching.domain.lessons import Lesson, Teaching, number_at, retained
from services.matching.domain.matter import Matter, Ranking
from services.matching.domain.workload import Workload
from services.matching.handlers import answering, calling, closing, communities
from services.matching.handlers import lessons as teaching
from services.matching.handlers.context import Matching
from services.matching.jobs import learning as tutoring
from services.matching.jobs.learning import Books, RefitInterval, Retrain
from services.matching.routing.experience import Learning
from services.matching.routing.models import CommunityModel, CommunityModels
from services.matching.routing.solver import solve
from services.matching.store.catalogues import catalogue_ref
from services.matching.store.lessons import LESSON_NUMBER, LESSONS, lesson_ref
from tests.handlers.conftest import Towns
from tests.handlers.test_life_of_a_demand import (
    CHARGING,
    COOPERATIVE,
    EYES,
    NPC,
    OPTICIAN,
    SPORTS,
    TABLE_TENNIS,
)
from tests.support.deployment import jiwang, roomy
from tests.support.documents import MemoryDocuments
from tests.support.town import MONDAY_MORNING, PARTITIONS, Town

HOUSING, POLICE = "jishan-housing-bureau", "jishan-town-police-station"
MANY = 1_000
SECOND = timedelta(seconds=1)
ASKED = tuple(
    f"{where}{what}，{wish}"
    for where, wish in (("楼下", "希望建充电桩"), ("车棚", "想装充电桩"), ("院里", "能不能加个充电柜"))
    for what in ("电动车没处充电", "电动车飞线充电", "电瓶车充电难", "电动自行车乱充电")
)
ALIKE = "门口电动车充电难，希望建充电桩"
_AWARE: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)


class Pages:
    """Documents in memory that can be listed, too, as the database lists them."""

    def __init__(self, documents: MemoryDocuments) -> None:
        self.load, self.plain = documents.load, documents.plain
        self._rows = documents.rows

    async def page(
        self,
        collection: Collection[Any],
        community: str,
        where: Mapping[str, object],
        *,
        limit: int,
        after: str | None = None,
        by: str = "_id",
    ) -> list[Versioned[Any]]:
        """Return values of a community, newest first."""
        assert after is None, "nobody here turns pages"
        rows = [bson.decode(raw, _AWARE) for raw in self._rows.get(collection.name, {}).values()]
        wanted = {"community": community, **where}.items()
        found = [row for row in rows if all(row[name] == value for name, value in wanted)]
        found.sort(key=lambda row: row[by], reverse=True)
        return [from_document(collection, row) for row in found[:limit]]


def books(town: Town) -> Books:
    """Return where lessons are kept."""
    documents = town.documents["matching"]
    return Pages(documents) if isinstance(documents, MemoryDocuments) else cast(Store, documents)


async def guide_of(town: Town, models: CommunityModels) -> CommunityModel:
    """Return what somebody knows of a town, who comes to know it if need be."""
    ref = catalogue_ref(town.community)
    kept = (await town.documents["matching"].load([ref]))[ref]
    assert kept.value is not None
    return models.of(town.community, kept.revision, kept.value)


async def taught(town: Town, models: CommunityModels | None = None) -> CommunityModel:
    """Return what a replica knows of a town once it has learnt; a new replica when none is given."""
    knows = models or CommunityModels()
    await guide_of(town, knows)
    await Retrain(books(town), knows).look()
    return await guide_of(town, knows)


def ranked(model: CommunityModel, text: str = ALIKE) -> Ranking:
    """Return whom a guide thinks of, when everybody has their hands free."""
    return model.rank(Matter(text), Workload(), MONDAY_MORNING)


def weights(model: CommunityModel) -> bytes:
    """Return all that was learnt, bit by bit."""
    learnt = cast(Learning, model.experience)._weights
    assert learnt is not None
    assert learnt.any()
    return learnt.tobytes()


async def lesson(town: Town, demand: Demand) -> Lesson | None:
    """Return what a demand's order taught."""
    return await town.find("matching", lesson_ref(town.community, order_id(demand.id)))


async def what(town: Town, demand: Demand) -> tuple[Teaching, str] | None:
    """Return what a demand's order taught, and of whom."""
    found = await lesson(town, demand)
    return (found.teaching, found.provider) if found else None


async def lessons(town: Town) -> list[Lesson]:
    """Return all lessons of a town, in the order in which they were taught."""
    kept = await books(town).page(LESSONS, town.community, {}, limit=MANY, by=LESSON_NUMBER)
    found = [one.value for one in kept if one.value is not None]
    return sorted(found, key=lambda one: (one.number, one.id))


async def chosen(town: Town, text: str, provider: str) -> Demand:
    """Submit a demand that staff give to whom they choose."""
    demand = await town.submit(text)
    await town.dispatch(demand, provider)
    return demand


async def undo(town: Town, demand: Demand) -> Versioned[Lesson]:
    """Take a demand's lesson back."""
    return await town.do("matching", teaching.undo_lesson(town.matching, town.staff(), order_id(demand.id)))


async def consent(town: Town, demand: Demand, receiver: str) -> None:
    """Let another take a demand's order over."""
    await town.offer(demand, receiver)
    who = town.provider(receiver, "unit")
    await town.do("matching", answering.consent_to_handover(town.matching, who, order_id(demand.id)))


@pytest.fixture
async def wide(towns: Towns) -> Town:
    """A town whose providers have room for everything."""
    return await found(towns)


async def found(towns: Towns) -> Town:
    """Found such a town."""
    documents = towns.documents or {name: MemoryDocuments() for name in SUBSCRIPTIONS}
    return await founded_in(documents)


async def founded_in(documents: Mapping[str, Documents]) -> Town:
    """Found one that shares its documents with others."""
    return await Town(documents, roomy(jiwang(f"town-{secrets.token_hex(4)}"))).open()


async def a_lesson_each(town: Town, provider: str = HOUSING) -> list[Demand]:
    """Let staff choose the same one for everything of a kind."""
    return [await chosen(town, text, provider) for text in ASKED]


class TestTeaching:
    async def test_staff_who_choose_teach_whose_it_is(self, town: Town) -> None:
        demand = await town.submit(CHARGING, "jindu")
        assert await lesson(town, demand) is None
        await town.dispatch(demand, HOUSING)
        found = await lesson(town, demand)
        assert found is not None
        assert (found.teaching, found.provider) == (Teaching.CHOSEN, HOUSING)
        assert found.number == number_at(town.now)
        assert (found.text, found.title, found.compound) == (CHARGING, None, "jindu")
        assert (found.at, found.undone) == (town.now, False)
        assert (await town.load()).lessons == 1

    async def test_what_the_router_chose_itself_teaches_it_nothing(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        assert await lesson(town, demand) is None
        assert (await town.load()).lessons == 0

    async def test_a_provider_that_refuses_what_the_router_sent_teaches_that_it_was_wrong(
        self, town: Town
    ) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        after = await town.decline(demand)
        assert after.provider is not None
        assert after.provider.id == COOPERATIVE
        assert await what(town, demand) == (Teaching.REFUSED, NPC)

    async def test_a_provider_that_refuses_what_staff_sent_teaches_nothing_more(self, town: Town) -> None:
        demand = await chosen(town, CHARGING, HOUSING)
        await town.decline(demand)
        assert await what(town, demand) == (Teaching.CHOSEN, HOUSING)
        assert (await town.load()).lessons == 1

    async def test_one_that_consents_to_take_over_is_the_right_one(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        await town.offer(demand, COOPERATIVE)
        assert await lesson(town, demand) is None
        who = town.provider(COOPERATIVE, "unit")
        await town.do("matching", answering.consent_to_handover(town.matching, who, order_id(demand.id)))
        assert await what(town, demand) == (Teaching.CHOSEN, COOPERATIVE)

    async def test_one_that_does_not_consent_teaches_nothing(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(demand)
        await town.offer(demand, COOPERATIVE)
        who = town.provider(COOPERATIVE, "unit")
        await town.do("matching", answering.refuse_handover(town.matching, who, order_id(demand.id), "没空"))
        assert await lesson(town, demand) is None

    async def test_what_ends_to_everybodys_content_is_confirmed(self, town: Town) -> None:
        demand = await town.submit(EYES, "binhe-jiayuan")
        await town.accept(demand)
        await town.complete(demand)
        await town.rate(demand)
        assert await lesson(town, demand) is None
        await town.verify(demand)
        assert await what(town, demand) == (Teaching.CONFIRMED, OPTICIAN)

    async def test_a_deadline_that_was_missed_teaches_nothing(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        order = await town.order(demand)
        assert order.sign_due_at is not None
        await town.wait(order.sign_due_at)
        after = await town.order(demand)
        assert after.unsigned == (NPC,)
        assert after.provider is not None
        assert after.provider.id == COOPERATIVE
        assert await lesson(town, demand) is None

    async def test_what_is_given_up_teaches_nothing(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        cancel = closing.cancel_order(town.matching, town.staff(), order_id(demand.id), "误报")
        await town.do("matching", cancel)
        assert await lessons(town) == []

    async def test_one_that_is_called_to_a_part_teaches_nothing(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        call = calling.call_provider(town.matching, town.staff(), order_id(demand.id), COOPERATIVE, "器材")
        await town.do("matching", call)
        assert len((await town.order(demand)).called) == 1
        assert await lessons(town) == []

    async def test_an_order_has_one_lesson_and_the_newest_counts(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.decline(demand)
        seen = [await what(town, demand)]
        await town.accept(demand)
        await consent(town, demand, NPC)
        seen.append(await what(town, demand))
        await town.complete(demand)
        await town.rate(demand)
        await town.verify(demand)
        seen.append(await what(town, demand))
        assert seen == [(Teaching.REFUSED, NPC), (Teaching.CHOSEN, NPC), (Teaching.CONFIRMED, NPC)]
        assert len(await lessons(town)) == 1
        assert (await town.load()).lessons == 3

    async def test_phone_numbers_are_not_learnt(self, town: Town) -> None:
        demand = await chosen(town, "电动车飞线充电，找 13812345678 谈过", HOUSING)
        found = await lesson(town, demand)
        assert found is not None
        assert "13812345678" not in found.text

    async def test_lessons_are_numbered_in_the_order_of_the_decisions(self, town: Town) -> None:
        first = await town.submit(CHARGING, "jindu")
        second = await chosen(town, CHARGING, POLICE)
        town.now += SECOND
        await town.dispatch(first, HOUSING)
        assert [one.id for one in await lessons(town)] == [order_id(second.id), order_id(first.id)]
        earlier, later = (one.number for one in await lessons(town))
        assert later - earlier == 1_000_000


class TestTakingBack:
    async def test_what_was_taken_back_twice_is_taken_back_once(self, town: Town) -> None:
        demand = await chosen(town, CHARGING, HOUSING)
        once = await undo(town, demand)
        assert once.value is not None
        assert once.value.undone
        assert (await town.load()).lessons == 2
        assert await undo(town, demand) == once
        assert (await town.load()).lessons == 2
        assert retained(await lessons(town)) == []

    async def test_it_says_still_what_was_taught(self, town: Town) -> None:
        demand = await chosen(town, CHARGING, HOUSING)
        before = await lesson(town, demand)
        assert before is not None
        await undo(town, demand)
        assert await lesson(town, demand) == before.taken_back()

    async def test_what_taught_nothing_has_nothing_to_take_back(self, town: Town) -> None:
        demand = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        with pytest.raises(NotFound):
            await undo(town, demand)
        assert (await town.load()).lessons == 0

    async def test_when_all_is_taken_back_it_is_the_first_day_again(self, wide: Town) -> None:
        first_day = ranked(await guide_of(wide, CommunityModels()))
        demands = await a_lesson_each(wide)
        assert ranked(await taught(wide)).candidates[0].provider == HOUSING
        for demand in demands:
            await undo(wide, demand)
        again = ranked(await taught(wide))
        assert [(c.provider, c.score) for c in again.candidates] == [
            (c.provider, c.score) for c in first_day.candidates
        ]
        assert (again.decision, again.confidence) == (first_day.decision, first_day.confidence)


class TestLearning:
    async def test_a_like_demand_goes_to_whom_staff_chose(self, wide: Town) -> None:
        models = CommunityModels()
        before = ranked(await guide_of(wide, models))
        assert before.candidates[0].provider != HOUSING
        await a_lesson_each(wide)
        after = ranked(await taught(wide, models))
        assert after.candidates[0].provider == HOUSING
        assert after.lessons == len(ASKED)
        parts = {part.name: part.value for part in after.candidates[0].parts}
        assert parts["经验"] > 0

    async def test_the_next_demand_itself_is_offered_to_that_one(self, wide: Town) -> None:
        models = learns(wide)
        await a_lesson_each(wide)
        await taught(wide, models)
        order = await wide.order(await wide.submit(ALIKE))
        assert order.candidates[0].provider.id == HOUSING
        assert order.basis is not None
        assert order.basis.lessons == len(ASKED)

    async def test_what_is_unlike_stays_with_whom_it_was(self, wide: Town) -> None:
        before = ranked(await guide_of(wide, CommunityModels()), EYES)
        await a_lesson_each(wide)
        after = ranked(await taught(wide), EYES)
        assert before.candidates[0].provider == after.candidates[0].provider == OPTICIAN
        assert after.decision == "dispatch"

    async def test_a_provider_that_always_refuses_loses_its_lead(self, wide: Town) -> None:
        before = ranked(await guide_of(wide, CommunityModels()), TABLE_TENNIS).candidates
        first = before[0].provider
        for _ in range(12):
            demand = await wide.submit(TABLE_TENNIS)
            assert (await wide.decline(demand)).provider is not None
        after = ranked(await taught(wide), TABLE_TENNIS).candidates
        lead, led = before[0].score - before[1].score, {c.provider: c.score for c in after}
        others = max(score for provider, score in led.items() if provider != first)
        assert led[first] - others < lead

    async def test_nothing_is_learnt_twice(self, wide: Town) -> None:
        await a_lesson_each(wide)
        models = CommunityModels()
        await guide_of(wide, models)
        tutor = Retrain(books(wide), models)
        assert [await tutor.look(), await tutor.look()] == [1, 0]
        await chosen(wide, CHARGING, HOUSING)
        assert [await tutor.look(), await tutor.look()] == [1, 0]

    async def test_where_there_are_many_some_are_waited_for_or_for_a_while(
        self, wide: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tutoring, "FEW_LESSONS", 3)
        models, at = CommunityModels(), [0.0]
        tutor = Retrain(books(wide), models, RefitInterval(3, 30.0), lambda: at[0])
        await guide_of(wide, models)
        for text in ASKED[:4]:
            await chosen(wide, text, HOUSING)
        assert await tutor.look() == 1, "what was never learnt is learnt at once"
        await chosen(wide, CHARGING, HOUSING)
        assert await tutor.look() == 0
        at[0] = 29.0
        assert await tutor.look() == 0
        at[0] = 30.0
        assert await tutor.look() == 1
        for text in ASKED[:3]:
            await chosen(wide, text, HOUSING)
        assert await tutor.look() == 1, "so many are not waited for"

    async def test_after_long_learning_the_tutor_rests(
        self, wide: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tutoring, "FEW_LESSONS", 0)
        at = [0.0]

        def clock() -> float:
            at[0] += 1.0
            return at[0]

        models = CommunityModels()
        tutor = Retrain(books(wide), models, RefitInterval(1, 0.0), clock)
        await guide_of(wide, models)
        await chosen(wide, CHARGING, HOUSING)
        assert await tutor.look() == 1
        ended = at[0]
        await chosen(wide, CHARGING, HOUSING)
        assert await tutor.look() == 0
        at[0] = ended + tutoring.REST_SHARE
        assert await tutor.look() == 1

    async def test_where_nothing_was_taught_nothing_is_learnt(self, wide: Town) -> None:
        await wide.submit(TABLE_TENNIS)
        assert (await taught(wide)).experience is None

    async def test_a_new_catalogue_is_read_with_the_old_lessons(self, wide: Town) -> None:
        await a_lesson_each(wide)
        models = CommunityModels()
        before = await taught(wide, models)
        await wide.do("matching", communities.keep_catalogue(wide.matching, wide.staff(), wide.file))
        assert (await guide_of(wide, models)).experience is None
        after = await taught(wide, models)
        assert after.revision == before.revision + 1
        assert weights(after) == weights(before)


def learns(town: Town) -> CommunityModels:
    """Let a town's own matching hear of what its tutor learns."""
    models = CommunityModels()
    town.matching = Matching(models, solve)
    town.rooms["matching"] = MessageProcessor(
        service="matching",
        effects=matching_hears(town.matching),
        batches=town.batches["matching"],
        parking=town.parking,
        retries=town.tiers,
        retry=RetryPolicy((0.1,), 3),
        partitions=PARTITIONS,
    )
    return models


class TestTheSameEverywhere:
    async def test_two_replicas_come_to_the_same_bit_by_bit(self, wide: Town) -> None:
        eager, late = CommunityModels(), CommunityModels()
        for demand in await a_lesson_each(wide):
            await taught(wide, eager)
            await undo(wide, demand)
            await taught(wide, eager)
            await chosen(wide, demand.text, POLICE)
        one, other = await taught(wide, eager), await taught(wide, late)
        assert weights(one) == weights(other)
        assert ranked(one) == ranked(other)
        assert ranked(one).candidates[0].provider == POLICE

    async def test_learnt_again_after_a_restart_it_is_the_same(self, wide: Town) -> None:
        await a_lesson_each(wide)
        before = await taught(wide)
        after = await taught(wide)
        assert after.experience is not before.experience
        assert weights(after) == weights(before)
        assert [ranked(after, text) for text in ASKED] == [ranked(before, text) for text in ASKED]

    async def test_the_same_story_told_again_teaches_the_same(self, towns: Towns) -> None:
        first, second = await found(towns), await found(towns)
        await self._story(first)
        await self._story(second)
        told = [self._told(await lessons(town)) for town in (first, second)]
        assert told[0] == told[1]
        assert {teaching for _, _, _, teaching, *_ in told[0]} == set(Teaching)
        assert any(undone for *_, undone in told[0])
        assert weights(await taught(first)) == weights(await taught(second))

    def _told(self, some: list[Lesson]) -> list[tuple[str, str | None, str, Teaching, int, bool]]:
        return [(one.text, one.compound, one.provider, one.teaching, one.number, one.undone) for one in some]

    async def _story(self, town: Town) -> None:
        await a_lesson_each(town)
        wrong = await chosen(town, CHARGING, SPORTS)
        await town.decline(await town.submit(TABLE_TENNIS, "yuxiuyuan"))
        await undo(town, wrong)
        eyes = await town.submit(EYES, "binhe-jiayuan")
        await town.done(eyes)
        tables = await town.submit(TABLE_TENNIS, "yuxiuyuan")
        await town.accept(tables)
        await consent(town, tables, COOPERATIVE)

    async def test_what_one_community_learns_changes_nothing_in_another(self, towns: Towns) -> None:
        taught_town = await found(towns)
        other = await founded_in(taught_town.documents)
        models = CommunityModels()
        before = ranked(await guide_of(other, models))
        await a_lesson_each(taught_town)
        await guide_of(taught_town, models)
        assert await Retrain(books(other), models).look() == 1
        after = await guide_of(other, models)
        assert after.experience is None
        assert ranked(after) == before
        assert ranked(await guide_of(taught_town, models)).candidates[0].provider == HOUSING
        assert await lessons(other) == []

    async def test_two_communities_taught_otherwise_rank_otherwise(self, towns: Towns) -> None:
        one, other = await found(towns), await found(towns)
        await a_lesson_each(one, HOUSING)
        await a_lesson_each(other, POLICE)
        firsts = [ranked(await taught(town)).candidates[0].provider for town in (one, other)]
        assert firsts == [HOUSING, POLICE]
