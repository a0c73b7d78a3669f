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
    parking = ParkingLot(store)
    await parking.park([message()])
    await parking.park([message()])
    assert [parked.body for parked in await parking.list()] == [BODY]


async def test_a_message_is_found_by_the_beginning_of_its_id_if_it_is_the_only_one(store: Store) -> None:
    parking = ParkingLot(store)
    one = message()
    await parking.park([one])
    assert await parking.find(one.id[:6]) == one
    await parking.park([replace(one, id=one.id[:6] + "0" * 18)])
    assert await parking.find(one.id[:6]) is None
    assert await parking.find(".*") is None


async def test_what_a_person_did_is_recorded_and_the_message_is_gone(store: Store) -> None:
    parking = ParkingLot(store)
    await parking.park([message()])
    await parking.take_off(message_of(await parking.list()), "discarded", "operator-1")
    assert await parking.list() == []
    (record,) = await parking.actions()
    assert (record["action"], record["by"], record["reason"]) == ("discarded", "operator-1", "not_json")


async def test_a_message_that_was_parked_again_while_it_was_replayed_is_not_lost(store: Store) -> None:
    parking = ParkingLot(store)
    seen = message()
    await parking.park([seen])
    again = replace(seen, at=seen.at + timedelta(milliseconds=5))
    await parking.park([again])
    await parking.take_off(seen, "replayed", "operator-1")
    assert await parking.list() == [again]


def message_of(parked: list[Parked]) -> Parked:
    """Return the only one."""
    (only,) = parked
    return only
