"""The load: demands over HTTP from 64 clients, and when each provider's notice was stored.

Runs as a process of its own and prints one JSON object: how many, how long, and, when paced, the latencies.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic, process_time
from typing import Any

import orjson
import uvloop

from services.chassis.mongo import open_client
from tests.bench.wire import Connection, connect, post

CLIENTS = 64
DRAIN_SECONDS_MAX = 120.0
NOTICES_PER_DEMAND = 2
_PROVIDER = {"$regex": "^provider:"}
LEFT_TO_A_PERSON = {"recipient": {"$regex": "^staff"}, "kind": "order.proposed.v1"}
"""A few that are nearly unsure become so when their provider has had more than its share."""
DECIDED = {"$or": [{"recipient": _PROVIDER}, LEFT_TO_A_PERSON]}
"""A notice to whoever has to act next."""
HAS_ORDER = {"status": {"$in": ["dispatched", "in_review"]}}


@dataclass(frozen=True, slots=True)
class Order:
    """What to send.

    Arguments:
        per_second: arrivals; 0 is as fast as the answers come.
        people: who asks, each with a community and a token; they take turns.
        key: of its own where several loads follow each other.
    """

    port: int
    count: int
    per_second: float
    people: list[tuple[str, str]]
    texts: list[tuple[str, str]]
    mongo_url: str
    prefix: str
    key: str = ""


@dataclass(slots=True)
class Seen:
    """What was observed: when each demand was accepted, and when its provider's notice was there."""

    began: float = 0.0
    asked: dict[str, float] = field(default_factory=dict)
    accepted: dict[str, float] = field(default_factory=dict)
    noticed: dict[str, float] = field(default_factory=dict)
    refused: int = 0


async def run(order: Order) -> dict[str, Any]:
    """Send the load, wait until it came through, and return the figures."""
    client = open_client(order.mongo_url)
    seen = Seen()
    notices = client[f"{order.prefix}_notify"]["notices"]
    demands = client[f"{order.prefix}_intake"]["demands"]
    watching = asyncio.create_task(_watch(notices, seen)) if order.per_second else None
    await asyncio.sleep(0.3)
    seen.began = monotonic()
    await _send(order, seen)
    sent = monotonic()
    wanted = order.count - seen.refused
    async with asyncio.timeout(DRAIN_SECONDS_MAX):
        if watching is not None:
            # Others may ask meanwhile, so only one's own are waited for.
            await _until(lambda: _noticed(seen), wanted)
            watching.cancel()
        else:
            # Counting exactly reads everything, so it waits until the rough count says that it is time.
            await _until(notices.estimated_document_count, wanted * NOTICES_PER_DEMAND)
            await _until(lambda: notices.count_documents(DECIDED), wanted)
            await _until(lambda: demands.count_documents(HAS_ORDER), wanted)
    ended = monotonic()
    left = await notices.count_documents(LEFT_TO_A_PERSON)
    client.close()
    return {
        "count": wanted,
        "left_to_a_person": left,
        "refused": seen.refused,
        "http_seconds": sent - seen.began,
        "seconds": ended - seen.began,
        "cpu_seconds": process_time(),
        **_waits(seen),
    }


def _waits(seen: Seen) -> dict[str, float]:
    """Return median and 99th percentile from accepted, and from asked, to noticed, if they were watched."""
    found: dict[str, float] = {}
    for name, since in (("", seen.accepted), ("asked_", seen.asked)):
        waits = sorted(seen.noticed[demand] - at for demand, at in since.items() if demand in seen.noticed)
        if waits:
            found[f"{name}p50"], found[f"{name}p99"] = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
    return found


async def _until(count: Callable[[], Awaitable[int]], wanted: int) -> None:
    began = monotonic()
    while await count() < wanted:
        # Looking costs the database processor time that is not the system's: little of it.
        await asyncio.sleep(max(0.02, 4 * (monotonic() - began)))
        began = monotonic()


async def _noticed(seen: Seen) -> int:
    return len(seen.accepted.keys() & seen.noticed.keys())


async def _watch(notices: Any, seen: Seen) -> None:
    """Note when each notice appears. It costs processor time, so only the paced load is watched."""
    left = {f"fullDocument.{name}": value for name, value in LEFT_TO_A_PERSON.items()}
    decided = [{"fullDocument.recipient": _PROVIDER}, left]
    match = {"operationType": "insert", "$or": decided}
    pipeline: list[dict[str, Any]] = [{"$match": match}, {"$project": {"fullDocument.demand": 1}}]
    async with notices.watch(pipeline, max_await_time_ms=20, batch_size=1_000) as stream:
        async for change in stream:
            seen.noticed.setdefault(change["fullDocument"]["demand"], monotonic())


async def _send(order: Order, seen: Seen) -> None:
    numbers = iter(range(order.count))
    connections = [await connect("127.0.0.1", order.port) for _ in range(CLIENTS)]
    await asyncio.gather(*(_client(order, connection, numbers, seen) for connection in connections))
    for connection in connections:
        connection.close()


async def _client(order: Order, connection: Connection, numbers: Any, seen: Seen) -> None:
    name = order.prefix + order.key
    for n in numbers:
        if order.per_second:
            due = seen.began + n / order.per_second
            await asyncio.sleep(max(0.0, due - monotonic()))
        community, token = order.people[n % len(order.people)]
        text, compound = order.texts[n % len(order.texts)]
        body = orjson.dumps({"text": text, "compound": compound})
        path = f"/api/v1/communities/{community}/demands"
        asked = monotonic()
        status, answer = await connection.ask(post(path, "bench", token, body, f"{name}-{n}"))
        if status == 201:
            demand = orjson.loads(answer)["id"]
            seen.asked[demand], seen.accepted[demand] = asked, monotonic()
        else:
            seen.refused += 1


if __name__ == "__main__":
    given = orjson.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(orjson.dumps(uvloop.run(run(Order(**given)))))
