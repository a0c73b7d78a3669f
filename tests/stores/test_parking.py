"""The parking lot: what is put aside stays until a person has dealt with it, and that is recorded."""

from dataclasses import replace
from datetime import timedelta

from services.chassis.clock import now
from services.chassis.mongo import Store
from services.chassis.parking import Parked, ParkingLot, parked_id

BODY = b"not json"


def message(service: str = "matching") -> Parked:
    queue = f"sandan.{service}.p0"
    return Parked(parked_id(queue, BODY), service, queue, "not_json", "line 1", 0, now(), BODY)


async def test_the_same_message_twice_is_parked_once(store: Store) -> None:
    lot = ParkingLot(store)
    await lot.park([message()])
    await lot.park([message()])
    assert [parked.body for parked in await lot.list()] == [BODY]


async def test_a_message_is_found_by_the_beginning_of_its_id_if_it_is_the_only_one(store: Store) -> None:
    lot = ParkingLot(store)
    one = message()
    await lot.park([one])
    assert await lot.find(one.id[:6]) == one
    await lot.park([replace(one, id=one.id[:6] + "0" * 18)])
    assert await lot.find(one.id[:6]) is None
    assert await lot.find(".*") is None


async def test_what_a_person_did_is_recorded_and_the_message_is_gone(store: Store) -> None:
    lot = ParkingLot(store)
    await lot.park([message()])
    await lot.take_off(message_of(await lot.list()), "discarded", "operator-1")
    assert await lot.list() == []
    (record,) = await lot.actions()
    assert (record["action"], record["by"], record["reason"]) == ("discarded", "operator-1", "not_json")


async def test_a_message_that_was_parked_again_while_it_was_replayed_is_not_lost(store: Store) -> None:
    lot = ParkingLot(store)
    seen = message()
    await lot.park([seen])
    again = replace(seen, at=seen.at + timedelta(milliseconds=5))
    await lot.park([again])
    await lot.take_off(seen, "replayed", "operator-1")
    assert await lot.list() == [again]


def message_of(parked: list[Parked]) -> Parked:
    """Return the only one."""
    (only,) = parked
    return only
