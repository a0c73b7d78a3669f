"""How an alarm leaves the house: a signed webhook, and the robot of a chat group (WeCom's protocol).

Only the operator names them (`SANDAN_ALARM_WAYS`), since they hold secrets. What goes out names the matter
and whom to call, never a resident's name or phone.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Literal

import aiohttp
import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter

SIGNATURE, TIMESTAMP, DELIVERY = "X-Sandan-Signature", "X-Sandan-Timestamp", "X-Sandan-Delivery"
ANSWER_BYTES_MAX = 65_536
SECONDS_MAX = 10.0
OK = 200
REDIRECTS_AND_MORE = 300


class Way(BaseModel):
    """One way out of one community.

    `url` may hold a key, as a group robot's does, and is told nobody.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["webhook", "robot"]
    url: SecretStr
    secret: SecretStr = SecretStr("")


Ways = Mapping[str, Sequence[Way]]
_WAYS: TypeAdapter[dict[str, list[Way]]] = TypeAdapter(dict[str, Annotated[list[Way], Field(max_length=10)]])


def read_ways(written: str) -> Ways:
    """Return the ways by community.

    Arguments:
        written: JSON, as `{"jiwang": [{"kind": "webhook", "url": "https://…", "secret": "…"}]}`; empty: none.

    Raises:
        ValidationError: it is of another form.
    """
    return _WAYS.validate_json(written) if written.strip() else {}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try: delivered, or what was answered instead."""

    delivered: bool
    why: str = ""


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return what the receiver compares: HMAC-SHA256 over the timestamp, a dot and the body, in hex."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, sha256).hexdigest()


async def send(
    session: aiohttp.ClientSession, way: Way, delivery: str, alarm: Mapping[str, object], at: datetime
) -> Outcome:
    """Try to send an alarm once.

    Arguments:
        delivery: the same for every try, so that the receiver can tell a repetition.
        alarm: what is told; `words` is the sentence for people.
    """
    robot = {"msgtype": "text", "text": {"content": alarm["words"]}}
    body = orjson.dumps(robot if way.kind == "robot" else {**alarm, "delivery": delivery})
    timestamp = str(int(at.timestamp()))
    headers = {"Content-Type": "application/json", DELIVERY: delivery, TIMESTAMP: timestamp}
    if secret := way.secret.get_secret_value():
        headers[SIGNATURE] = f"sha256={signature(secret, timestamp, body)}"
    limit = aiohttp.ClientTimeout(total=SECONDS_MAX)
    try:
        async with session.post(
            way.url.get_secret_value(), data=body, headers=headers, timeout=limit, allow_redirects=False
        ) as answer:
            told = await answer.content.read(ANSWER_BYTES_MAX)
            return _outcome(way, answer.status, told)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return Outcome(delivered=False, why=type(error).__name__)


def _outcome(way: Way, status: int, told: bytes) -> Outcome:
    if not OK <= status < REDIRECTS_AND_MORE:
        return Outcome(delivered=False, why=f"HTTP {status}")
    if way.kind == "webhook":
        return Outcome(delivered=True)
    try:
        code = orjson.loads(told).get("errcode")
    except (orjson.JSONDecodeError, AttributeError):
        return Outcome(delivered=False, why="answer is no JSON object")
    return Outcome(delivered=code == 0, why="" if code == 0 else f"errcode {code}")
