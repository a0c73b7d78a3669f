"""What earlier releases stored and said is read, and goes on, today."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
import pytest

from services.chassis.documents import from_document
from services.chassis.outbox import Parcel
from services.chassis.work import Origin, Work
from services.contracts.communities import read_file_on_record
from services.contracts.envelope import open_parcel, parcel_of, read_envelope, to_wire
from services.contracts.refusal import Conflict, Forbidden
from services.contracts.words import Role
from services.intake.domain.demands import Demand
from services.intake.domain.lifecycle import DemandStatus
from services.intake.handlers import demands as demands_handlers
from services.intake.handlers import ratings
from services.matching.domain.lessons import Lesson
from services.matching.domain.orders import Order
from services.matching.domain.parts import Proof
from services.matching.handlers import answering, closing, working
from services.matching.handlers import placing as placing_handlers
from services.matching.handlers.working import Report
from services.matching.jobs.learning import Retrain
from services.matching.routing.experience import Learning
from services.matching.routing.models import CommunityModels
from services.matching.store.catalogues import catalogue_ref
from services.notify.domain.notices import Notice
from services.notify.handlers.notices import read_notice
from tests.releases.kept import RELEASES, collection_of, collections, messages, records, town_left_by
from tests.support.documents import MemoryDocuments
from tests.support.lessons import books
from tests.support.running import Running
from tests.support.town import Town

EACH = [(release, collection) for release in RELEASES for collection in collections(release)]
MAPPINGS = frozenset(
    {"open", "records", "figures", "compounds", "venues", "pairs", "people", "lines", "grid_workers"}
)
"""Fields whose keys are not fields."""


def test_releases_are_kept_with_what_each_service_stored() -> None:
    assert len(RELEASES) >= 4
    for release in RELEASES:
        services = {collection.split(".")[0] for collection in collections(release)}
        assert services == {"intake", "matching", "points", "notify"}
        assert len(messages(release)) >= 37


@pytest.mark.parametrize(("release", "collection"), EACH)
def test_every_record_is_read_and_kept_again_with_all_it_held(release: str, collection: str) -> None:
    kept_in = collection_of(collection)
    for row in records(release, collection):
        again = kept_in.encode(from_document(kept_in, row).value)
        held = {key: part for key, part in row.items() if key[0] != "_" and key != "community"}
        assert _lost(again, held) == []


def _lost(now: Any, before: Any, where: str = "") -> list[str]:
    """Return what was held and is not, or is another now; what came since at any depth is no loss."""
    if isinstance(before, Mapping):
        gone = [f"{where}.{key}" for key in before if key not in now]
        return gone + [
            lost for key in before if key in now for lost in _lost(now[key], before[key], f"{where}.{key}")
        ]
    if isinstance(before, list | tuple):
        if len(now) != len(before):
            return [where]
        pairs = enumerate(zip(now, before, strict=True))
        return [lost for n, (one, other) in pairs for lost in _lost(one, other, f"{where}.{n}")]
    return [] if now == before else [where]


@pytest.mark.parametrize(("release", "collection"), EACH)
def test_a_record_with_more_than_is_known_is_read_for_what_is_known(release: str, collection: str) -> None:
    kept_in = collection_of(collection)
    for row in records(release, collection)[:20]:
        more = {key: part if key in MAPPINGS else _more(part) for key, part in row.items()}
        assert from_document(kept_in, {**more, "since_v9": 1}).value == from_document(kept_in, row).value


def _more(part: Any) -> Any:
    if isinstance(part, list):
        return [_more(below) for below in part]
    if not isinstance(part, dict):
        return part
    return {"since_v9": {"of": 1}, **{k: p if k in MAPPINGS else _more(p) for k, p in part.items()}}


@pytest.mark.parametrize("release", RELEASES)
def test_every_message_is_read_with_all_it_said(release: str) -> None:
    for row in messages(release):
        (again,) = open_parcel(parcel_of([to_wire(read_envelope(row))]))
        assert _holds({**again, "at": 0}, {**row, "at": 0})


def _holds(more: Any, less: Any) -> bool:
    """Return whether everything in one is in the other; fields may have come."""
    if isinstance(less, dict):
        return all(key in more and _holds(more[key], part) for key, part in less.items())
    if isinstance(less, list):
        return len(more) == len(less) and all(map(_holds, more, less))
    return bool(more == less)


@pytest.mark.parametrize("release", RELEASES)
async def test_every_message_of_a_release_is_handled_by_whoever_hears_it(release: str) -> None:
    """They are out of their streams, so they wait or repeat; none of them is unreadable or breaks."""
    town = town_left_by(release)
    for row in messages(release):
        await town.deliver_one(_parcel(row))
    assert not town.parking.parked
    assert not town.tiers.later


def _parcel(row: dict[str, Any]) -> Parcel:
    """Return a message as it lay on the broker: without the fields that came since."""
    wire = orjson.dumps(_only(orjson.loads(to_wire(read_envelope(row))), row))
    body = parcel_of([wire])
    return Parcel(row["id"], f"p0.{row['kind']}", row["community"], body, 1)


def _only(more: Any, less: Any) -> Any:
    if isinstance(more, dict) and isinstance(less, dict):
        return {key: _only(part, less[key]) for key, part in more.items() if key in less}
    return more


@pytest.mark.parametrize("release", RELEASES)
async def test_the_tutor_learns_from_lessons_of_a_release(release: str) -> None:
    town, models = town_left_by(release), CommunityModels()
    record = await town.find("matching", catalogue_ref(town.community))
    assert record is not None
    models.of(town.community, 1, record)
    assert await Retrain(books(town), models).look() == 1
    lessons = [lesson for lesson in kept(release, "matching.lessons", Lesson) if not lesson.undone]
    model = models.kept(town.community)
    assert model is not None
    assert isinstance(model.experience, Learning)
    assert len(lessons) > 0
    assert model.experience.version >= len(lessons)


def kept(release: str, collection: str, type_: type[Any]) -> list[Any]:
    """Return the values of a collection."""
    kept_in = collection_of(collection)
    values = [from_document(kept_in, row).value for row in records(release, collection)]
    assert all(isinstance(value, type_) for value in values)
    return values


def next_step(town: Town, order: Order) -> Work[Any] | None:
    """Return what would be done about an order next, by whoever has to."""
    matching, staff = town.matching, town.staff()
    who = town.provider(order.provider.id, order.provider.kind) if order.provider else staff
    report = Report("办好了", (Proof("photo", "p1.jpg"),), None)
    steps: Mapping[str, Work[Any]] = {
        "proposed": placing_handlers.dispatch_order(matching, staff, order.id, "community"),
        "queued": placing_handlers.dispatch_order(matching, staff, order.id, "community"),
        "dispatched": answering.accept_order(matching, who, order.id),
        "accepted": working.complete_order(matching, who, order.id, report),
        "in_progress": working.complete_order(matching, who, order.id, report),
        "completed": closing.verify_order(matching, staff, order.id),
    }
    return steps.get(order.status.value)


@pytest.mark.parametrize("release", RELEASES)
async def test_orders_of_a_release_take_their_next_step_and_demands_follow(release: str) -> None:
    town, taken = town_left_by(release), 0
    for order in kept(release, "matching.orders", Order):
        work = next_step(town, order)
        if work is not None:
            await town.do("matching", work)
            taken += 1
    assert taken >= 3
    assert not town.parking.parked
    assert not town.tiers.later


@pytest.mark.parametrize("release", RELEASES)
async def test_deadlines_of_orders_of_a_release_are_kept(release: str) -> None:
    town = town_left_by(release)
    timed = [order for order in kept(release, "matching.orders", Order) if order.timer_at]
    happened = await town.wait(town.now + timedelta(days=120))
    assert sum(count for _, count in happened) >= len(timed) > 0
    assert not town.parking.parked
    assert not town.tiers.later


def deed_on(town: Town, demand: Demand) -> Work[Any]:
    """Return what is done about a demand next by its people."""
    asker: Origin = town.origin(demand.asked_by, Role.RESIDENT)
    if demand.status is DemandStatus.COMPLETED:
        return ratings.rate_demand(asker, demand.id, ratings.Opinion("solved", "satisfied", ""))
    if demand.order:
        return demands_handlers.urge_demand(asker, demand.id, "请快些")
    return demands_handlers.withdraw_demand(asker, demand.id, "不用了")


@pytest.mark.parametrize("release", RELEASES)
async def test_demands_of_a_release_are_endorsed_urged_and_rated(release: str) -> None:
    town, done = town_left_by(release), 0
    for demand in kept(release, "intake.demands", Demand):
        neighbour = town.origin("r77", Role.RESIDENT)
        for work in (demands_handlers.endorse_demand(neighbour, demand.id, "r77"), deed_on(town, demand)):
            (outcome,) = await town.batches["intake"].run([work])
            await town.deliver()
            assert not isinstance(outcome, Exception) or isinstance(outcome, Conflict | Forbidden)
            done += not isinstance(outcome, Exception)
    assert done >= 5, "what is not for the neighbours is not endorsed"
    assert not town.parking.parked


def notices(town: Town) -> set[str]:
    """Return the notices there are."""
    documents = town.documents["notify"]
    assert isinstance(documents, MemoryDocuments)
    return set(documents.rows["notices"])


@pytest.mark.parametrize("release", RELEASES)
async def test_who_follows_by_a_record_of_a_release_is_told_what_comes(release: str) -> None:
    town = town_left_by(release)
    demands = {demand.id: demand for demand in kept(release, "intake.demands", Demand)}
    told = 0
    for row in records(release, "notify.followings"):
        demand = demands[row["_id"].split("/")[1]]
        order = next((o for o in kept(release, "matching.orders", Order) if o.id == demand.order), None)
        if order is None or order.status.value not in {"dispatched", "proposed"} or not row["people"]:
            continue
        before = notices(town)
        work = next_step(town, order)
        assert work is not None
        await town.do("matching", work)
        told += len(notices(town) - before)
    assert told > 0


@pytest.mark.parametrize("release", RELEASES)
async def test_notices_of_a_release_are_marked_as_read(release: str) -> None:
    town = town_left_by(release)
    for notice in kept(release, "notify.notices", Notice):
        read = await town.do("notify", read_notice(town.staff(), notice.id, (notice.recipient,)))
        assert read.value is not None
        assert read.value.read_at is not None


@pytest.mark.parametrize("release", RELEASES)
async def test_the_points_of_a_release_are_added_to(release: str) -> None:
    town = town_left_by(release)
    before = await town.budget()
    demand = await town.submit("孩子看黑板看不清，能不能组织一次视力筛查", "binhe-jiayuan")
    if (await town.order(demand)).provider is None:
        await town.dispatch(demand, "yiming-optical")
    await town.done(demand)
    transfer = await town.transfer(demand)
    assert transfer is not None
    assert transfer.number == before.transfers + 1


@pytest.mark.parametrize("release", RELEASES)
def test_the_file_of_a_release_is_read_and_is_still_the_door_s(release: str) -> None:
    for collection in ("intake.files", "matching.catalogues", "points.rules"):
        (row,) = records(release, collection)
        assert read_file_on_record(row["text"]).community.id == "jiwang"


PAGES = (
    "/file",
    "/demands",
    "/issues",
    "/orders",
    "/providers",
    "/routing",
    "/lessons",
    "/points/accounts",
    "/notices",
)


@pytest.mark.parametrize("release", RELEASES)
async def test_all_that_a_release_stored_is_shown_over_http(own_house: Running, release: str) -> None:
    for name in ("accounts", "transfers"):  # an earlier release's books have no approval
        await own_house.stores["points"].plain(name).delete({})
    for collection in collections(release):
        service, name = collection.split(".")
        for row in records(release, collection):
            await own_house.stores[service].plain(name).put(row)
    staff = own_house.staff()
    for page in PAGES:
        (await staff.get(page)).ok()
    shown = (await staff.get("/demands?limit=100")).ok()["items"]
    assert len(shown) == len(records(release, "intake.demands"))
    for demand in shown:
        (await staff.get(f"/demands/{demand['id']}")).ok()
    for row in records(release, "matching.orders"):
        (await staff.get(f"/orders/{row['_id'].split('/')[1]}")).ok()
    assert (await staff.get("/lessons")).ok()["items"]
    assert (await staff.get("/notices")).ok()["items"]
    (await staff.get("/points/accounts/budget/transfers")).ok()
