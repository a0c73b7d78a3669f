"""Messages as the broker would bring them, put into a service's queue by hand, and what becomes of them."""

from typing import Any

import aio_pika
import orjson

from services.chassis.clock import new_id
from services.chassis.outbox import Parcel
from services.chassis.parking import Parked
from services.chassis.topology import Names
from services.contracts.catalogue import partition_of
from tests.support.running import Running, broker, envelope, eventually

SUBMITTED = "demand.submitted.v1"
TEXT = "下水道堵了，想找人疏通"


def submitted(demand: str, **changes: Any) -> dict[str, Any]:
    """Return the envelope of a demand that was submitted."""
    body = {"demand": demand, "text": TEXT, "asked_by": "r1", **changes.pop("body", {})}
    return envelope(SUBMITTED, body, **{"id": new_id(), "stream": f"demands/{demand}", **changes})


def urged(demand: str, times: int, **changes: Any) -> dict[str, Any]:
    """Return the envelope of a demand that was urged, which comes after its submission."""
    body = {"demand": demand, "times": times, "note": ""}
    stream = f"demands/{demand}"
    return envelope(
        "demand.urged.v1", body, **{"id": new_id(), "stream": stream, "version": times + 1, **changes}
    )


async def put(
    running: Running, service: str, body: object, *, partition: int | None = None, **headers: Any
) -> str:
    """Put a message into a service's queue, as if the broker had routed it there; return the queue."""
    names = Names(running.settings.bus_prefix)
    place = partition_of("jiwang", running.settings.partitions) if partition is None else partition
    queue = names.work(service, place)
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with broker(running.settings) as channel:
        message = aio_pika.Message(raw, headers=named, delivery_mode=2)
        await channel.default_exchange.publish(message, queue)
    return queue


async def parked_as(running: Running, service: str, reason: str) -> Parked:
    """Wait for the one message that was parked for a reason."""

    async def found() -> list[Parked]:
        return [message for message in await running.parked(service) if message.reason == reason]

    messages: list[Parked] = await eventually(found)
    assert len(messages) == 1, messages
    return messages[0]


async def orders(running: Running, *demands: str) -> int:
    """Return how many of the demands have an order."""
    ids = [f"jiwang/{demand}-1" for demand in demands]
    return await running.stores["matching"].plain("orders").count({"_id": {"$in": ids}})


async def has_order(running: Running, demand: str) -> None:
    """Wait until a demand has an order."""

    async def found() -> bool:
        return await orders(running, demand) == 1

    await eventually(found)


SUBMITTED_KEY = f"p{partition_of('jiwang', 2)}.{SUBMITTED}"


def parcel(key: str = SUBMITTED_KEY) -> Parcel:
    """Return a parcel with nothing in it."""
    return Parcel(new_id(), key, "jiwang", b"[]", 0)
