"""A message that breaks us: it is found among the others of its batch and parked, and they are done."""

from collections.abc import Sequence

import orjson

from services.chassis.clock import new_id
from services.chassis.documents import Ref
from services.chassis.processor import Delivery, MessageProcessor
from services.chassis.streams import origin_of
from services.chassis.work import UnitOfWork, Work
from services.contracts.catalogue import partition_of
from services.contracts.envelope import Envelope
from tests.support.running import envelope
from tests.support.town import PARTITIONS, Town

WITHDRAWN = "demand.withdrawn.v1"


def breaking(room: MessageProcessor, done: set[str]) -> None:
    """Let a room's effect break the whole batch, before anything is decided, for the demand `poison`."""

    def effect(letter: Envelope) -> Work[None]:
        demand = letter.body.demand

        def more_reads(_: UnitOfWork) -> Sequence[Ref[object]]:
            if demand == "poison":
                raise KeyError("a bug of ours")
            return ()

        return Work(origin_of(letter), (), lambda _: done.add(demand), more_reads)

    room.effects = {WITHDRAWN: effect}


def letter(town: Town, demand: str) -> dict[str, object]:
    stream = f"demands/{demand}"
    return envelope(WITHDRAWN, {"demand": demand}, id=new_id(), stream=stream, community=town.community)


async def test_in_a_delivery_of_its_own(town: Town) -> None:
    done: set[str] = set()
    breaking(town.rooms["matching"], done)
    queue = f"test.matching.p{partition_of(town.community, PARTITIONS)}"
    demands = ["d1", "d2", "poison", "d3", "d4"]
    bodies = [orjson.dumps(letter(town, demand)) for demand in demands]
    await town.rooms["matching"].handle([Delivery(queue, body, {}) for body in bodies])
    assert done == {"d1", "d2", "d3", "d4"}
    (parked,) = town.parking.parked
    assert (parked.reason, parked.detail, parked.body) == ("fault", "KeyError", bodies[2])


async def test_inside_a_parcel(town: Town) -> None:
    done: set[str] = set()
    breaking(town.rooms["matching"], done)
    queue = f"test.matching.p{partition_of(town.community, PARTITIONS)}"
    parcel = [letter(town, demand) for demand in ("d1", "poison", "d2")]
    await town.rooms["matching"].handle([Delivery(queue, orjson.dumps(parcel), {})])
    assert done == {"d1", "d2"}
    (parked,) = town.parking.parked
    assert orjson.loads(parked.body)["body"] == {"demand": "poison"}
