"""What tests of lessons have in common: a guide that learns, and what it learnt."""

import secrets
from collections.abc import Mapping
from typing import Any, cast

import bson
from bson.codec_options import CodecOptions

from services.chassis.batches import Documents
from services.chassis.documents import Collection, Versioned, from_document
from services.chassis.mongo import Store
from services.contracts.catalogue import SUBSCRIPTIONS
from services.contracts.ids import order_id
from services.intake.domain.demands import Demand
from services.matching.domain.lessons import Lesson, Teaching
from services.matching.domain.matter import Matter, Ranking
from services.matching.domain.workload import Workload
from services.matching.handlers import answering
from services.matching.handlers import lessons as teaching
from services.matching.jobs.learning import Books, Retrain
from services.matching.routing.models import CommunityModel, CommunityModels
from services.matching.store.catalogues import catalogue_ref
from services.matching.store.lessons import LESSON_NUMBER, LESSONS, lesson_ref
from tests.support.deployment import jiwang, roomy
from tests.support.documents import MemoryDocuments
from tests.support.town import MONDAY_MORNING, Town
from tests.support.towns import Towns

ASKED = tuple(
    f"{where}{what}，{wish}"
    for where, wish in (("楼下", "希望建充电桩"), ("车棚", "想装充电桩"), ("院里", "能不能加个充电柜"))
    for what in ("电动车没处充电", "电动车飞线充电", "电瓶车充电难", "电动自行车乱充电")
)


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


async def lesson(town: Town, demand: Demand) -> Lesson | None:
    """Return what a demand's order taught."""
    return await town.find("matching", lesson_ref(town.community, order_id(demand.id)))


async def what(town: Town, demand: Demand) -> tuple[Teaching, str] | None:
    """Return what a demand's order taught, and of whom."""
    found = await lesson(town, demand)
    return (found.teaching, found.provider) if found else None


async def found(towns: Towns) -> Town:
    """Found such a town."""
    documents = towns.documents or {name: MemoryDocuments() for name in SUBSCRIPTIONS}
    return await founded_in(documents)


async def founded_in(documents: Mapping[str, Documents]) -> Town:
    """Found one that shares its documents with others."""
    return await Town(documents, roomy(jiwang(f"town-{secrets.token_hex(4)}"))).open()


HOUSING, POLICE = "jishan-housing-bureau", "jishan-town-police-station"


MANY = 1_000


ALIKE = "门口电动车充电难，希望建充电桩"


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


async def a_lesson_each(town: Town, provider: str = HOUSING) -> list[Demand]:
    """Let staff choose the same one for everything of a kind."""
    return [await chosen(town, text, provider) for text in ASKED]
