"""The load: demands over HTTP from many clients, and when whoever must act had the notice.

Runs as a process of its own and prints one JSON object: how many, how long, and, when paced, the latencies.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic, process_time
from typing import Any

import orjson
import uvloop

from services.chassis.mongo import open_client
from tests.bench.wire import Connection, connect, post

CLIENTS = 256
DRAIN_SECONDS_MAX = 300.0
DISPATCHED = {"recipient": {"$regex": "^provider:"}, "kind": "order.dispatched.v1"}
LEFT_TO_A_PERSON = {"recipient": {"$regex": "^staff"}, "kind": "order.proposed.v1"}
DECIDED = (DISPATCHED, LEFT_TO_A_PERSON)
"""Notices to whoever has to act next: a demand is through once there is one of them."""
ALIKE_SECONDS_MAX = 3.0
"""After the last notice, so long likenesses are waited for."""
HAS_ORDER = {"status": {"$in": ["dispatched", "in_review"]}}


@dataclass(frozen=True, slots=True)
class Order:
    """What to send.

    Arguments:
        per_second: arrivals; 0 is as fast as the answers come.
        people: who asks, each with a community and a token.
        said: text, compound, number of the person or none (then they take turns), whether it is like an
            earlier one; said over and over.
        key: of its own where several loads follow each other.
        watched: each notice is noted as it appears, as it is when paced; else they are counted at the end.
    """

    port: int
    count: int
    per_second: float
    people: list[tuple[str, str]]
    said: list[tuple[str, str, int | None, bool]]
    mongo_url: str
    prefix: str
    key: str = ""
    watched: bool = False

    def request(self, n: int) -> bytes:
        """Return the n-th request."""
        text, compound, person, _ = self.said[n % len(self.said)]
        community, token = self.people[n % len(self.people) if person is None else person]
        body = orjson.dumps({"text": text, "compound": compound})
        path = f"/api/v1/communities/{community}/demands"
        return post(path, "bench", token, body, f"{self.prefix}{self.key}-{n}")

    def is_like(self, n: int) -> bool:
        """Return whether the n-th is like an earlier one."""
        return self.said[n % len(self.said)][3]


@dataclass(slots=True)
class Seen:
    """What was observed, by demand: when it was asked and accepted, decided, and found to be like another.

    Arguments:
        like: those that are like an earlier one.
    """

    began: float = 0.0
    asked: dict[str, float] = field(default_factory=dict)
    accepted: dict[str, float] = field(default_factory=dict)
    noticed: dict[str, float] = field(default_factory=dict)
    alike: dict[str, float] = field(default_factory=dict)
    like: set[str] = field(default_factory=set)
    refused: int = 0


async def run(order: Order) -> dict[str, Any]:
    """Send the load, wait until it came through, and return the figures."""
    client = open_client(order.mongo_url)
    seen = Seen()
    intake, notify = (client[f"{order.prefix}_{service}"] for service in ("intake", "notify"))
    orders = client[f"{order.prefix}_matching"]["orders"]
    watches = []
    watched = order.watched or order.per_second > 0
    if watched:
        watches.append(asyncio.create_task(_watch_notices(notify["notices"], seen)))
        watches.append(asyncio.create_task(_watch_likenesses(intake["kin"], seen)))
    decided, left = {"$or": list(DECIDED)}, LEFT_TO_A_PERSON
    earlier, ordered = [0, 0], 0
    if not watched:
        earlier = [await notify["notices"].count_documents(which) for which in (decided, left)]
        ordered = await intake["demands"].count_documents(HAS_ORDER)
    await asyncio.sleep(0.3)
    seen.began = monotonic()
    await _send(order, seen)
    sent = monotonic()
    wanted = order.count - seen.refused
    async with asyncio.timeout(DRAIN_SECONDS_MAX):
        if watched:
            # Others may ask meanwhile, so only one's own are waited for.
            await _until(lambda: _noticed(seen), wanted)
        else:
            # Counting exactly reads everything, so it waits until the rough count says that it is time.
            await _until(orders.estimated_document_count, wanted + ordered)
            await _until(lambda: notify["notices"].count_documents(decided), wanted + earlier[0])
            await _until(lambda: intake["demands"].count_documents(HAS_ORDER), wanted + ordered)
    ended = monotonic()
    cpu = process_time()
    if order.per_second:
        await asyncio.sleep(ALIKE_SECONDS_MAX)
    for watch in watches:
        watch.cancel()
    left_now = 0 if watched else await notify["notices"].count_documents(left)
    client.close()
    return {
        "count": wanted,
        "left_to_a_person": left_now - earlier[1],
        "refused": seen.refused,
        "http_seconds": sent - seen.began,
        "seconds": ended - seen.began,
        "cpu_seconds": cpu,
        **_waits("", seen.accepted, seen.noticed),
        **_waits("asked_", seen.asked, seen.noticed),
        **_waits("alike_", {d: seen.accepted[d] for d in seen.like}, seen.alike),
    }


def _waits(name: str, since: Mapping[str, float], until: Mapping[str, float]) -> dict[str, float]:
    """Return how many came to the second from the first, median and 99th percentile; nothing if none did."""
    waits = sorted(until[demand] - at for demand, at in since.items() if demand in until)
    if not waits:
        return {}
    p50, p99 = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
    return {f"{name}share": len(waits) / len(since), f"{name}p50": p50, f"{name}p99": p99}


async def _until(count: Callable[[], Awaitable[int]], wanted: int) -> None:
    began = monotonic()
    while await count() < wanted:
        # Looking costs the database processor time that is not the system's: little of it.
        await asyncio.sleep(max(0.02, 4 * (monotonic() - began)))
        began = monotonic()


async def _noticed(seen: Seen) -> int:
    return len(seen.accepted.keys() & seen.noticed.keys())


async def _watch_notices(notices: Any, seen: Seen) -> None:
    """Note when each notice appears. It costs processor time, so only the paced load is watched."""
    decided = [{f"fullDocument.{name}": value for name, value in one.items()} for one in DECIDED]
    match = {"operationType": "insert", "$or": decided}
    pipeline: list[dict[str, Any]] = [{"$match": match}, {"$project": {"fullDocument.demand": 1}}]
    async with notices.watch(pipeline, max_await_time_ms=20, batch_size=1_000) as stream:
        async for change in stream:
            seen.noticed.setdefault(change["fullDocument"]["demand"], monotonic())


async def _watch_likenesses(found: Any, seen: Seen) -> None:
    """Note when a demand is first found to be like another."""
    pipeline: list[dict[str, Any]] = [{"$project": {"documentKey": 1}}]
    async with found.watch(pipeline, max_await_time_ms=20, batch_size=1_000) as stream:
        async for change in stream:
            seen.alike.setdefault(change["documentKey"]["_id"].partition("/")[2], monotonic())


async def _send(order: Order, seen: Seen) -> None:
    numbers = iter(range(order.count))
    connections = [await connect("127.0.0.1", order.port) for _ in range(CLIENTS)]
    await asyncio.gather(*(_client(order, connection, numbers, seen) for connection in connections))
    for connection in connections:
        connection.close()


async def _client(order: Order, connection: Connection, numbers: Any, seen: Seen) -> None:
    for n in numbers:
        if order.per_second:
            due = seen.began + n / order.per_second
            await asyncio.sleep(max(0.0, due - monotonic()))
        request = order.request(n)
        asked = monotonic()
        status, answer = await connection.ask(request)
        if status == 201:
            demand = orjson.loads(answer)["id"]
            seen.asked[demand], seen.accepted[demand] = asked, monotonic()
            if order.is_like(n):
                seen.like.add(demand)
        else:
            seen.refused += 1


if __name__ == "__main__":
    given = orjson.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(orjson.dumps(uvloop.run(run(Order(**given)))))
