"""A flood of demands, or of messages that nobody can read: in a process apart from whoever measures.

Reads one JSON object, `flood` or `hostile` with what it needs, and prints one.
"""

import asyncio
import sys
from typing import Any

import aio_pika
import aiohttp
import orjson
import uvloop

AT_ONCE = 500


async def flood(url: str, tokens: list[str], count: int, body: dict[str, Any]) -> dict[str, Any]:
    """Ask as fast as the answers come, a client for each token; tell how often it was accepted."""
    numbers, accepted = iter(range(count)), 0

    async def client(session: aiohttp.ClientSession, token: str) -> None:
        nonlocal accepted
        headers = {"Authorization": f"Bearer {token}"}
        for _ in numbers:
            async with session.post(url, json=body, headers=headers) as answer:
                await answer.read()
                accepted += answer.status == 201

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(client(session, token) for token in tokens))
    return {"accepted": accepted}


async def hostile(amqp_url: str, queue: str, count: int) -> dict[str, Any]:
    """Publish messages that are no JSON, and tell how many."""
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        for at in range(0, count, AT_ONCE):
            bodies = (aio_pika.Message(f"junk {at + n}".encode()) for n in range(AT_ONCE))
            await asyncio.gather(*(channel.default_exchange.publish(body, queue) for body in bodies))
    return {"published": count}


if __name__ == "__main__":
    wanted = orjson.loads(sys.stdin.buffer.read())
    done = flood(**wanted["flood"]) if "flood" in wanted else hostile(**wanted["hostile"])
    sys.stdout.buffer.write(orjson.dumps(uvloop.run(done)))
