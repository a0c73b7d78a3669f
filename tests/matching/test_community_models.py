"""Community models are kept within bounds: so many communities, of so many what they have learnt."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.chassis.documents import Versioned
from services.contracts.community_file import CommunityFile
from services.matching.routing import models
from services.matching.routing.models import CommunityModels
from services.matching.store.catalogues import CatalogueOnRecord, StarHeard


@pytest.fixture
def record(jiwang: CommunityFile) -> CatalogueOnRecord:
    return CatalogueOnRecord(jiwang.model_dump_json())


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "MODELS_MAX", 3)
    monkeypatch.setattr(models, "EXPERIENCE_BYTES_MAX", 6_000_000)


def test_a_model_is_compiled_once_for_each_file(record: CatalogueOnRecord) -> None:
    kept = CommunityModels()
    assert kept.of("a", 1, record) is kept.of("a", 1, record)
    assert kept.of("a", 2, record) is not kept.of("a", 1, record)


async def test_what_was_prepared_beside_is_not_compiled_again(
    record: CatalogueOnRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = CommunityModels()
    await kept.prepare({"a": Versioned(record, 3), "b": Versioned(None)})
    monkeypatch.setattr(models, "compiled", lambda *_: pytest.fail("compiled on the loop"))
    assert kept.of("a", 3, record) is kept.kept("a")
    await kept.prepare({"a": Versioned(record, 3)})
    assert kept.kept("b") is None


async def test_a_larger_experience_leaves_room_for_fewer(record: CatalogueOnRecord) -> None:
    kept = CommunityModels()
    for community, size in (("a", 1_000), ("b", 1_000), ("c", 5_999_000)):
        kept.learn(community, kept.of(community, 1, record), cast(Any, SimpleNamespace(size=size)))
    learnt = {name: model.experience is not None for name in "abc" if (model := kept.kept(name))}
    assert learnt == {"a": False, "b": True, "c": True}


def test_whose_experience_made_room_rests_until_it_is_used_again(record: CatalogueOnRecord) -> None:
    kept = CommunityModels()
    for community in ("a", "b", "c"):
        kept.learn(community, kept.of(community, 1, record), cast(Any, SimpleNamespace(size=3_000_000)))
    assert kept.to_learn(9) == ("b", "c")
    assert kept.made_room("a")
    kept.of("a", 1, record)
    assert kept.to_learn(2) == ("c", "a")
    kept.learn("a", kept.of("a", 1, record), cast(Any, SimpleNamespace(size=1)))
    assert not kept.made_room("a")


def test_the_one_least_used_makes_room(record: CatalogueOnRecord) -> None:
    kept = CommunityModels()
    for community in ("a", "b", "c"):
        kept.of(community, 1, record)
    kept.of("a", 1, record)
    kept.of("d", 1, record)
    assert kept.to_learn(9) == ("c", "a", "d")
    assert kept.kept("b") is None


def test_experience_is_kept_of_those_used_last_and_the_others_are_ranked_without(
    record: CatalogueOnRecord,
) -> None:
    kept = CommunityModels()
    for community in ("a", "b", "c"):
        kept.learn(community, kept.of(community, 1, record), cast(Any, SimpleNamespace(size=3_000_000)))
    learnt = {name: model.experience is not None for name in "abc" if (model := kept.kept(name))}
    assert learnt == {"a": False, "b": True, "c": True}


def test_what_was_learnt_of_another_file_is_not_taken(record: CatalogueOnRecord) -> None:
    kept = CommunityModels()
    before = kept.of("a", 1, record)
    after = kept.of("a", 2, replace(record, text=record.text.replace("稷王", "稷山")))
    kept.learn("a", before, cast(Any, SimpleNamespace(size=1)))
    assert kept.kept("a") is after
    assert after.experience is None


def test_another_star_compiles_nothing_anew_and_forgets_nothing(record: CatalogueOnRecord) -> None:
    kept = CommunityModels()
    before = kept.of("a", 1, record)
    kept.learn("a", before, cast(Any, SimpleNamespace(size=1)))
    stars = (
        StarHeard("p1", 4, "2026-03", 1, is_rated=True),
        StarHeard("p2", 0, "2026-03", 1, is_rated=False),
    )
    after = kept.of("a", 2, replace(record, stars=stars))
    assert after.ranker is before.ranker
    assert after.experience is not None
    assert (after.revision, after.stars) == (2, {"p1": 4})
