"""The floor: as many durable writes and confirmed messages as a demand needs, and nothing else.

Per demand, as counted in the running system: intake inserts a demand and an answer, matching inserts an
order and a cursor, notify two cursors and two notices, intake a cursor and replaces the demand; and two
facts are published, each heard by two services. Writes and messages go in batches of the size given.
"""

import asyncio
import sys
from time import monotonic
from typing import Any

import aio_pika
import orjson
import uvloop
from pymongo import ReplaceOne

from services.chassis.mongo import open_client

WRITES = (("demands", 1_100), ("answers", 1_200), ("orders", 2_400), ("streams", 60), ("streams", 60))
LATER = (("streams", 60), ("streams", 60), ("notices", 320), ("notices", 280))
LETTER = b"x" * 520


async def run(mongo_url: str, amqp_url: str, count: int, batch: int) -> dict[str, float]:
    """Write and publish for `count` demands; return how long it took."""
    client = open_client(mongo_url)
    database = client["bench_floor"]
    for name in {name for name, _ in (*WRITES, *LATER)}:
        await database.create_collection(name)
    connection = await aio_pika.connect(amqp_url)
    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
    exchange = await channel.declare_exchange("bench_floor", aio_pika.ExchangeType.FANOUT, durable=True)
    received = [asyncio.Event() for _ in range(2)]
    consuming = await aio_pika.connect(amqp_url)
    for number in range(2):
        await _consume(consuming, exchange, number, 2 * (count // batch), received[number])
    began = monotonic()
    for start in range(0, count, batch):
        await _write(client, database, WRITES, start, batch)
        body = b"[" + b",".join([LETTER] * batch) + b"]"
        for fact in range(2):
            message = aio_pika.Message(
                body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT, message_id=f"{start}.{fact}"
            )
            await exchange.publish(message, "", mandatory=True)
        await _write(client, database, LATER, start, batch, replaces=True)
    await asyncio.gather(*(event.wait() for event in received))
    seconds = monotonic() - began
    await client.drop_database("bench_floor")
    for number in range(2):
        await channel.queue_delete(f"bench_floor.{number}")
    await channel.exchange_delete("bench_floor")
    await connection.close()
    await consuming.close()
    client.close()
    return {"seconds": seconds, "count": count}


async def _consume(connection: Any, exchange: Any, number: int, expected: int, done: asyncio.Event) -> None:
    channel = await connection.channel()
    await channel.set_qos(64)
    arguments = {"x-queue-type": "quorum", "x-single-active-consumer": True}
    queue = await channel.declare_queue(f"bench_floor.{number}", durable=True, arguments=arguments)
    await queue.bind(exchange)
    count = 0

    async def received(message: Any) -> None:
        nonlocal count
        count += 1
        await message.ack()
        if count == expected:
            done.set()

    await queue.consume(received)


async def _write(
    client: Any,
    database: Any,
    shapes: tuple[tuple[str, int], ...],
    start: int,
    batch: int,
    *,
    replaces: bool = False,
) -> None:
    async with await client.start_session() as session, session.start_transaction():
        for number, (name, size) in enumerate(shapes):
            rows = [{"_id": f"{replaces}{number}/{n}", "v": "x" * size} for n in range(start, start + batch)]
            await database[name].insert_many(rows, session=session)
        if replaces:
            changes = [
                ReplaceOne({"_id": f"False0/{n}"}, {"v": "y" * 1_400}) for n in range(start, start + batch)
            ]
            await database["demands"].bulk_write(changes, session=session)


if __name__ == "__main__":
    given = orjson.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(orjson.dumps(uvloop.run(run(**given))))
