"""What has been kept long enough goes: a portion at a time, whoever's it is, and nothing else with it."""

from datetime import UTC, datetime, timedelta

import pytest

from services.chassis import retention
from services.chassis.clock import first_id_of, new_id, now
from services.chassis.mongo import Store
from services.chassis.retention import Retention
from services.composition import built_of
from services.notify.__main__ import SPEC
from services.notify.domain.tellings import Fact
from services.notify.store.notices import NOTICES, notice_ref

AT = datetime(2026, 6, 1, tzinfo=UTC)
OLD, NEW = AT - timedelta(days=31), AT - timedelta(days=29)


def made(at: datetime, number: int) -> str:
    """Return an id as it is made at a moment."""
    return f"{first_id_of(at)}7{number:019x}"


async def keep(store: Store, *ids: str) -> None:
    await store.plain("notices").put_many([{"_id": one} for one in ids])


async def left(store: Store) -> list[str]:
    return [row["_id"] for row in await store.plain("notices").find({})]


def of_days(store: Store, days: int = 30) -> Retention:
    return Retention(store, "notices", days, lambda: AT)


def test_ids_made_before_a_moment_are_less_and_later_ones_are_not() -> None:
    before = new_id()
    assert first_id_of(now() - timedelta(seconds=1)) < before < first_id_of(now() + timedelta(seconds=1))
    assert made(OLD, 1) < first_id_of(AT - timedelta(days=30)) <= made(NEW, 1)


async def test_of_every_community_the_old_goes_and_the_new_stays(store: Store) -> None:
    communities = ("a", "a-b", "a0", "b", "z-9")
    old = [f"{name}/{made(OLD, n)}.0" for name in communities for n in range(3)]
    new = [f"{name}/{made(NEW, n)}.0" for name in communities for n in range(2)]
    await keep(store, *old, *new)
    assert await of_days(store).look() == len(old)
    assert await left(store) == sorted(new)
    assert await of_days(store).look() == 0


async def test_ids_that_name_no_community_go_as_well(store: Store) -> None:
    await keep(store, made(OLD, 1), made(OLD, 2), made(NEW, 1))
    job = of_days(store)
    assert await job.look() == 2
    assert await job.look() == 0
    assert await left(store) == [made(NEW, 1)]


async def test_a_look_deletes_a_portion_and_the_next_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE_MAX", 4)
    monkeypatch.setattr(retention, "COMMUNITIES_AT_ONCE_MAX", 2)
    old = [f"{name}/{made(OLD, n)}" for name in ("a", "b", "c", "d") for n in range(3)]
    await keep(store, *old, f"a/{made(NEW, 1)}")
    job = of_days(store)
    looks = [await job.look() for _ in range(6)]
    assert max(looks) <= 4
    assert sum(looks) == len(old)
    assert await left(store) == [f"a/{made(NEW, 1)}"]


async def test_for_ever_is_for_ever_and_an_empty_collection_is_no_fault(store: Store) -> None:
    assert await of_days(store).look() == 0
    await keep(store, f"a/{made(OLD, 1)}")
    assert await of_days(store, 0).look() == 0
    assert await left(store) == [f"a/{made(OLD, 1)}"]


async def test_two_replicas_at_once_delete_everything_once(store: Store) -> None:
    await keep(store, *(f"a/{made(OLD, n)}" for n in range(30)))
    assert await of_days(store).look() + await of_days(store).look() == 30


def test_notices_have_an_end_and_their_ids_begin_as_retention_takes_for_granted() -> None:
    assert built_of(SPEC).kept_days == {NOTICES.name: 1_095}
    fact = Fact(new_id(), "order.settled.v1", None, None, AT, "off")
    notice = notice_ref("a", fact.notice("0", "staff", "好").id)
    around = [f"a/{first_id_of(now() + timedelta(seconds=late))}" for late in (-1, 1)]
    assert around[0] < notice.key < around[1]
