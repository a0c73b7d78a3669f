"""What a newer release said and kept stops no service of this one, nor does it after a rollback."""

import json
from dataclasses import replace
from typing import Any

import orjson
import pytest

from services.chassis.documents import Ref
from services.chassis.outbox import Parcel
from services.chassis.processor import Delivery
from services.chassis.streams import STREAMS
from services.chassis.work import Work
from services.contracts.catalogue import KINDS
from services.contracts.envelope import open_parcel, parcel_of
from services.contracts.ids import DemandId, OrderId, order_id
from services.contracts.orders import OrderAccepted
from services.contracts.words import Role
from services.intake.handlers import communities, demands, ratings
from services.intake.store.communities import FileOnRecord, file_ref
from services.matching.domain.lifecycle import OrderStatus
from services.matching.domain.orders import Order
from services.matching.handlers import answering, closing, working
from services.matching.handlers.working import Report
from services.matching.store.catalogues import CatalogueOnRecord, catalogue_ref
from services.matching.store.orders import order_ref
from services.points.store.rules import RuleOnRecord, rule_ref
from tests.support.documents import MemoryDocuments
from tests.support.newer import everywhere_more
from tests.support.town import PHOTO, Town
from tests.support.towns import Towns

LEAK = "家里水龙头坏了一直滴水，想找人修"


def of_a_newer_release(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body as a newer release might say it."""
    more: dict[str, Any] = everywhere_more(body)
    if "file" in more:
        more["file"]["fairs"] = [{"id": "f1"}]
        more["file"]["units"][0]["capacity"] = 1_000_000
    return more


def newer(parcel: Parcel) -> Parcel:
    """Return a parcel as a newer release might have sent it."""
    rows = [{**row, "body": of_a_newer_release(row["body"])} for row in open_parcel(parcel.body)]
    return replace(parcel, body=parcel_of(map(orjson.dumps, rows)))


async def open_by_a_newer_intake(town: Town) -> None:
    """Load the community through an intake of a newer release."""
    work = communities.load_community(town.origin("ops", Role.OPERATOR), town.file, dry_run=False)
    await town.batches["intake"].run([work])
    while town.post.waiting:
        await town.deliver_one(newer(town.post.waiting.popleft()))


@pytest.fixture
async def told() -> Town:
    """A town whose file was loaded through an intake of a newer release."""
    town = Towns(None).unopened()
    await open_by_a_newer_intake(town)
    return town


def nothing_is_left(town: Town) -> bool:
    """Return whether no message needs a person or another try."""
    return not town.parking.parked and not town.tiers.later


async def test_a_file_of_a_newer_release_opens_the_town_for_all(told: Town) -> None:
    assert nothing_is_left(told)
    demand = await told.submit(LEAK)
    assert (await told.order(demand)).status is OrderStatus.DISPATCHED
    await told.done(demand)
    assert nothing_is_left(told)
    transfer = await told.transfer(demand)
    assert transfer is not None
    assert transfer.posted


async def test_what_this_release_does_not_know_of_a_file_is_kept_by_each_service(told: Town) -> None:
    catalogue = await told.find("matching", catalogue_ref(told.community))
    rule = await told.find("points", rule_ref(told.community))
    assert catalogue is not None
    assert rule is not None
    for text in (catalogue.text, rule.text):
        assert json.loads(text)["fairs"][0]["id"] == "f1"
        assert json.loads(text)["units"][0]["since_v9"]
        assert json.loads(text)["deadlines"]["urgent"]["since_v9"]
        assert json.loads(text)["units"][0]["capacity"] == 1_000_000


async def put(town: Town, service: str, ref: Ref[Any], value: Any) -> None:
    """Keep a value as another release left it."""
    work = Work(town.staff(), (ref,), lambda uow: uow.put(ref, value))
    (outcome,) = await town.batches[service].run([work])
    assert outcome is None


async def rolled_back(town: Town) -> None:
    """Leave in every service's store the file as a newer release kept it."""
    text = json.dumps(of_a_newer_release({"file": json.loads(town.file.model_dump_json())})["file"])
    await put(town, "intake", file_ref(town.community), FileOnRecord(text, town.now, "ops"))
    await put(town, "matching", catalogue_ref(town.community), CatalogueOnRecord(text))
    await put(town, "points", rule_ref(town.community), RuleOnRecord(text))


async def test_after_a_rollback_orders_go_on_and_are_paid_for() -> None:
    town = await Towns(None).found()
    before = await town.submit(LEAK)
    await rolled_back(town)
    await town.done(before)
    after = await town.submit(LEAK)
    await town.done(after)
    assert nothing_is_left(town)
    for demand in (before, after):
        assert (await town.order(demand)).status is OrderStatus.SETTLED
        assert await town.transfer(demand) is not None


async def test_after_a_rollback_a_person_s_file_is_compared_and_loaded() -> None:
    town = await Towns(None).found()
    await rolled_back(town)
    ops = town.origin("ops", Role.OPERATOR)
    same = await town.do("intake", communities.load_community(ops, town.file, dry_run=True))
    assert "capacity" in {change.field for change in same.changes}
    await town.do("intake", communities.load_community(ops, town.file, dry_run=False))
    record = await town.find("intake", file_ref(town.community))
    assert record is not None
    assert json.loads(record.text) == json.loads(town.file.model_dump_json())


async def deliver_as_newer(town: Town) -> None:
    """Deliver all that was said as if a newer release had said it."""
    while town.post.waiting:
        await town.deliver_one(newer(town.post.waiting.popleft()))


async def test_all_that_a_newer_release_says_more_of_is_done_as_usual(told: Town) -> None:
    submission = demands.Submission(DemandId("d1"), LEAK, None, None, "help")
    resident = told.origin("r1", Role.RESIDENT)
    await told.batches["intake"].run([demands.submit_demand(resident, submission)])
    await deliver_as_newer(told)
    provider = (await told.order("d1")).provider
    assert provider is not None
    who = told.provider(provider.id, provider.kind)
    report = Report("办好了", PHOTO, None)
    for service, work in (
        ("matching", answering.accept_order(told.matching, who, OrderId("d1-1"))),
        ("matching", working.complete_order(told.matching, who, OrderId("d1-1"), report)),
        ("intake", ratings.rate_demand(resident, DemandId("d1"), ratings.Opinion("solved", "satisfied", ""))),
        ("matching", closing.verify_order(told.matching, told.staff(), OrderId("d1-1"))),
    ):
        await told.batches[service].run([work])
        await deliver_as_newer(told)
    assert nothing_is_left(told)
    assert (await told.order("d1")).status is OrderStatus.SETTLED
    assert (await told.demand("d1")).status.value == "closed"


async def test_a_message_that_has_to_wait_waits_whole() -> None:
    """Whoever applies it at last may be of the newer release again."""
    town = await Towns(None).found()
    demand = await town.submit(LEAK)
    await town.accept(demand)
    accepted = next(p for p in town.post.sent if b'"order.accepted.v1"' in p.body)
    (row,) = open_parcel(accepted.body)
    early = {**row, "id": "early", "version": row["version"] + 5, "trace": {"of": "v9"}}
    early["body"] = everywhere_more(row["body"])
    await town.deliver_one(replace(accepted, body=parcel_of([orjson.dumps(early)])))
    cursor = await town.find("intake", Ref(STREAMS, town.community, row["stream"]))
    assert cursor is not None
    (waiting,) = cursor.waiting
    assert orjson.loads(waiting.wire) == early


async def test_a_message_that_is_tried_again_is_tried_again_whole() -> None:
    town = Towns(None).unopened()
    demand = demands.Submission(DemandId("d1"), LEAK, None, None, "help")
    work = demands.submit_demand(town.origin("r1", Role.RESIDENT), demand)
    await open_by_a_newer_intake(town)
    matching = town.documents["matching"]
    assert isinstance(matching, MemoryDocuments)
    matching.rows["catalogues"].clear()
    await town.batches["intake"].run([work])
    parcel = newer(town.post.waiting.popleft())
    await town.deliver_one(parcel)
    ((_, _, body, _),) = town.tiers.later
    assert open_parcel(body) == open_parcel(parcel.body)


async def test_a_kind_of_a_newer_release_is_put_aside_whole_and_what_waits_for_it_goes_on_after_the_update(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    town = await Towns(None).found()
    demand = await town.submit(LEAK)
    with monkeypatch.context() as older:
        # A release that does not know yet that orders are accepted.
        known = {kind: model for kind, model in KINDS.items() if kind != OrderAccepted.kind}
        older.setattr("services.contracts.envelope.KINDS", known)
        await town.accept(demand)
        await town.complete(demand)
        parked = list(town.parking.parked)
        assert {(one.reason, one.service) for one in parked} == {
            ("unknown_kind", "intake"),
            ("unknown_kind", "notify"),
        }
        assert (await town.demand(demand.id)).status.value == "dispatched"
        other = await town.submit("晚上院里太黑，想装几盏路灯", "xinhe-dasha")
        assert (await town.order(other)).provider is not None, "everything else goes on"
    for one in parked:
        await town.rooms[one.service].handle(
            [Delivery(one.queue, one.body, {"community": town.community, "x-sandan-attempt": 0})]
        )
    await town.deliver()
    assert [line.what for line in (await town.demand(demand.id)).timeline][-2:] == ["accepted", "completed"]
    assert (await town.demand(demand.id)).status.value == "completed"
    assert town.parking.parked == parked


async def test_a_stored_value_of_a_newer_release_is_read_for_what_is_known_of_it() -> None:
    town = await Towns(None).found()
    demand = await town.submit(LEAK)
    ref = order_ref(town.community, order_id(demand.id))
    order = await town.order(demand)
    plain = everywhere_more(
        {key: part for key, part in ref.collection.encode(order).items() if key != "figures"}
    )
    assert isinstance(ref.collection.decode(plain), Order)
    assert ref.collection.decode(plain) == order
