"""Who may see a demand or an order: the rule in code and the rule for the database say the same."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from services.chassis.changes import Changes
from services.chassis.documents import Ref, Versioned, to_document
from services.chassis.mongo import Store, open_client
from services.chassis.outbox import INDEXES
from services.composition import Settings
from services.contracts.ids import DemandId, OrderId
from services.contracts.literals import AccusationKind, DemandKind
from services.devserver import Servers
from services.intake.domain.alarms import Alarm
from services.intake.domain.demands import Demand, Handler
from services.intake.domain.readings import Understood
from services.intake.domain.sight import Viewer
from services.intake.store.demands import DEMANDS
from services.matching.domain.caution import Heard
from services.matching.domain.orders import Order
from services.matching.domain.parts import Who
from services.matching.domain.sight import Sight
from services.matching.store.orders import ORDERS
from tests.builders import a_demand, an_order

AT = datetime(2026, 3, 2, tzinfo=UTC)
ROLES = ("resident", "grid_worker", "staff", "unit", "partner")
FLAGS = list(product((False, True), repeat=3))

KINDS: tuple[DemandKind, ...] = ("help", "suggestion", "report")
ACCUSATIONS: tuple[AccusationKind, ...] = ("none", "complaint", "wrongdoing")


@pytest.fixture
async def store(servers: Servers, settings: Settings) -> AsyncIterator[Store]:
    client = open_client(servers.mongo_url)
    store = Store(client, f"{settings.database_prefix}_sight")
    await store.prepare([DEMANDS, ORDERS], {"outbox": INDEXES})
    yield store
    await store.drop()
    client.close()


def demands() -> list[Demand]:
    heard: list[Understood | None] = [None]
    heard += [
        Understood(accusation=accusation, against_community=against, accused=accused)  # type: ignore[arg-type]
        for accusation, against, accused in product(
            ("none", "complaint", "wrongdoing"), (False, True), (None, ("u1",), ("u2",))
        )
    ]
    handlers = (None, Handler("u1", "一家单位", "unit"))
    called = (None, Alarm("fire", AT, told=("x",)))
    every = product(heard, (None, False, True), KINDS, (None, "c1", "c2"), handlers, called)
    return [
        replace(
            a_demand(), id=DemandId(f"d{n}"), heard=h, private=p, about=a, compound=c, handler=by, alarm=alarm
        )
        for n, (h, p, a, c, by, alarm) in enumerate(every)
    ]


def orders() -> list[Order]:
    every = product(
        ACCUSATIONS,
        (False, True),
        (False, True),
        (None, "c1", "c2"),
        (None, "u1"),
        ((), ("u1",)),
    )
    return [
        replace(
            an_order(),
            id=OrderId(f"o{n}"),
            compound=c,
            heard=Heard(accusation=a, against_community=g, private=p, accused=who),
            provider=Who(u, "一家单位", "unit") if u else None,
            handover=None,
        )
        for n, (a, g, p, c, u, who) in enumerate(every)
    ]


def eyes(kind: Any) -> list[Any]:
    found = []
    for role, (confidential, supervisor, has) in product(ROLES, FLAGS):
        for subject, places in (("r1", ()), ("u1", ()), ("x", ("c1",))):
            found.append(
                kind(
                    subject,
                    role,
                    frozenset(places),
                    is_confidential=confidential,
                    is_supervisor=supervisor,
                    has_supervisor=has or supervisor,
                )
            )
    return found


async def keep(store: Store, collection: Any, things: list[Any]) -> None:
    changes = Changes()
    for thing in things:
        changes.insert(collection.name, to_document(Ref(collection, "jiwang", thing.id), Versioned(thing, 1)))
    await store.commit(changes)


async def test_of_demands(store: Store) -> None:
    things = demands()
    await keep(store, DEMANDS, things)
    for viewer in eyes(Viewer):
        found = await store.page(DEMANDS, "jiwang", viewer.where(), limit=10_000)
        assert {kept.value.id for kept in found if kept.value} == {
            thing.id for thing in things if viewer.may_see(thing)
        }, viewer


async def test_of_orders(store: Store) -> None:
    things = orders()
    await keep(store, ORDERS, things)
    for sight in eyes(Sight):
        found = await store.page(ORDERS, "jiwang", sight.where(), limit=10_000)
        assert {kept.value.id for kept in found if kept.value} == {
            thing.id for thing in things if sight.may_see(thing)
        }, sight


def test_whose_word_an_accusation_is_confidential_readers_alone_learn() -> None:
    accusing = [demand for demand in demands() if demand.accuses]
    for viewer, demand in product(eyes(Viewer), accusing):
        assert viewer.may_contact(demand) <= viewer.is_confidential
    plain = replace(a_demand(), heard=Understood(), private=False, handler=Handler("u1", "一家单位", "unit"))
    assert Viewer("u1", "unit").may_contact(plain)
    assert not Viewer("u1", "unit").may_contact(replace(plain, contact_withheld=True))
    assert not Viewer("r2", "resident").may_contact(plain)
