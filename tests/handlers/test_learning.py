"""What is learnt from lessons is the same wherever it is learnt."""

from typing import cast

import pytest

from services.chassis.processor import MessageProcessor, RetryPolicy
from services.matching.consumers import consumes as matching_hears
from services.matching.domain.lessons import Lesson, Teaching
from services.matching.handlers import communities
from services.matching.handlers.context import Matching
from services.matching.jobs import learning as tutoring
from services.matching.jobs.learning import RefitInterval, Retrain
from services.matching.routing.experience import Learning
from services.matching.routing.models import CommunityModel, CommunityModels
from services.matching.routing.solver import solve
from tests.support.lessons import (
    ALIKE,
    ASKED,
    HOUSING,
    POLICE,
    a_lesson_each,
    books,
    chosen,
    consent,
    found,
    founded_in,
    guide_of,
    lessons,
    ranked,
    taught,
    undo,
)
from tests.support.stories import CHARGING, COOPERATIVE, EYES, OPTICIAN, SPORTS, TABLE_TENNIS
from tests.support.town import PARTITIONS, Town
from tests.support.towns import Towns


def weights(model: CommunityModel) -> bytes:
    """Return all that was learnt, bit by bit."""
    learnt = cast(Learning, model.experience)._known.weights
    assert learnt is not None
    assert learnt.any()
    return learnt.tobytes()


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
        other = wide.file.model_copy(update={"duty": ("on-duty-1",)})
        await wide.do("matching", communities.keep_catalogue(wide.matching, wide.staff(), other))
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
