"""Emergencies leave the house: a signed webhook and a group's robot, here doubles that answer as those do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson
import pytest
from aiohttp import web
from pydantic import ValidationError

from services.chassis.settings import Misconfigured
from services.notify.channels.alarms import DELIVERY, SIGNATURE, TIMESTAMP, read_ways, signature
from services.notify.domain.alarms import TRIED_FOR, Outgoing
from tests.support.deployment import Deployments, jiwang, roomy
from tests.support.running import Running, eventually, running_house

FIRE = "三号楼车棚着火了，快来人，我电话13812345678"
SECRET = "a-secret-of-the-tests"


@dataclass
class Receiver:
    """Takes what is sent, and answers as it is told to."""

    answers: list[Callable[[], web.Response]] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    async def take(self, request: web.Request) -> web.Response:
        """Note a request, and answer."""
        self.got.append((dict(request.headers), await request.read()))
        return self.answers.pop(0)() if self.answers else web.json_response({"errcode": 0, "errmsg": "ok"})


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    double = Receiver()
    app = web.Application()
    app.router.add_post("/{way}", double.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    double.port = runner.addresses[0][1]
    yield double
    await runner.cleanup()


@pytest.fixture
async def house_with_ways(deployments: Deployments, receiver: Receiver) -> AsyncIterator[Running]:
    base = f"http://127.0.0.1:{receiver.port}"
    ways = [
        {"kind": "webhook", "url": f"{base}/webhook", "secret": SECRET},
        {"kind": "robot", "url": f"{base}/robot?key=k"},
    ]
    settings = deployments.new(alarm_ways=orjson.dumps({"jiwang": ways}).decode())
    async with running_house(settings, deployments.keys) as running:
        await running.load(roomy(jiwang()))
        yield running


async def submit_fire(running: Running) -> str:
    demand = (await running.resident().post("/demands", {"text": FIRE, "compound": "yuxiuyuan"})).ok()
    return str(demand["id"])


async def test_both_are_told_what_where_and_whom_to_call_signed_and_without_a_phone(
    house_with_ways: Running, receiver: Receiver
) -> None:
    demand = await submit_fire(house_with_ways)

    async def both() -> bool:
        return len(receiver.got) >= 2

    await eventually(both)
    told = {b"robot" if b"msgtype" in body else b"webhook": (headers, body) for headers, body in receiver.got}
    headers, body = told[b"webhook"]
    said = orjson.loads(body)
    assert (said["demand"], said["danger"], said["place"], said["call"]) == (
        demand,
        "fire",
        "毓秀苑小区",
        ["119"],
    )
    assert said["delivery"] == headers[DELIVERY]
    assert headers[SIGNATURE] == f"sha256={signature(SECRET, headers[TIMESTAMP], body)}"
    robot = orjson.loads(told[b"robot"][1])
    assert robot["msgtype"] == "text"
    assert robot["text"]["content"].startswith("【紧急·火情】毓秀苑小区")
    assert b"13812345678" not in body + told[b"robot"][1]


@pytest.mark.parametrize(
    "odd",
    [
        lambda: web.Response(status=500),
        lambda: web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"}),
        lambda: web.json_response({"errcode": 45009, "errmsg": "api freq out of limit"}, status=429),
    ],
    ids=["5xx", "redirect", "too many"],
)
async def test_what_is_not_taken_is_sent_again_with_the_same_delivery(
    house_with_ways: Running, receiver: Receiver, odd: Callable[[], web.Response]
) -> None:
    receiver.answers = [odd, odd]
    await submit_fire(house_with_ways)
    outgoing = house_with_ways.stores["notify"].plain("outgoing")

    async def tried_once() -> bool:
        rows = await outgoing.find({})
        return len(rows) == 2 and all(row["tries"] == 1 and row["outcome"] for row in rows)

    await eventually(tried_once)
    rows = await outgoing.find({})
    await outgoing.update({}, {"$set": {"due_at": rows[0]["since"]}})

    async def arrived() -> bool:
        return all(row["due_at"] is None and row["outcome"] == "delivered" for row in await outgoing.find({}))

    await eventually(arrived)
    deliveries = [headers[DELIVERY] for headers, _ in receiver.got]
    assert len(deliveries) == 4
    assert len(set(deliveries)) == 2


async def test_a_receiver_that_answers_nonsense_stops_nobody(
    house_with_ways: Running, receiver: Receiver
) -> None:
    receiver.answers = [lambda: web.Response(text="<html>", status=200)] * 2
    demand = await submit_fire(house_with_ways)
    kind = "demand.alarmed.v1"
    await house_with_ways.staff().until(
        "/notices", lambda page: any(n["kind"] == kind and n["demand"] == demand for n in page["items"])
    )
    await asyncio.sleep(0)


def test_it_is_tried_for_an_hour_and_then_given_up() -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    out = Outgoing("x.0", 0, {}, at, at)
    tries = 0
    while out.due_at is not None:
        out = out.tried(out.due_at)
        tries += 1
    assert 60 <= tries <= 70
    assert out.over_at is not None
    assert out.over_at > at + TRIED_FOR


@pytest.mark.parametrize(
    "written", ["{", '{"jiwang": [{"kind": "pigeon", "url": "x"}]}', '{"jiwang": {"kind": "robot"}}', "[]"]
)
def test_ways_of_another_form_are_refused(written: str) -> None:
    with pytest.raises(ValidationError):
        read_ways(written)
    assert read_ways("  ") == {}


async def test_a_wrong_setting_ends_the_start_and_does_not_say_what_is_in_it(
    deployments: Deployments,
) -> None:
    settings = deployments.new(alarm_ways='{"jiwang": [{"kind": "pigeon", "url": "http://secret.test/key"}]}')
    with pytest.raises(Misconfigured) as refused:
        async with running_house(settings, deployments.keys):
            pass
    assert "secret" not in str(refused.value)
