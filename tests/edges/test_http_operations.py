"""What operators ask: is it alive, is it ready, what does it measure."""

import asyncio
from urllib.parse import urlsplit

import aiohttp
import pytest

from services import __version__
from services.composition import SERVICES
from tests.support.deployment import Deployments, Keys
from tests.support.running import Running, eventually, running_house
from tests.support.wire import Wire

FIGURES = (
    "sandan_http_requests_total",
    "sandan_http_request_seconds_bucket",
    "sandan_messages_handled_total",
    "sandan_messages_repeated_total",
    "sandan_messages_refused_total",
    "sandan_messages_failed_total",
    "sandan_messages_parked_total",
    "sandan_batch_size_bucket",
    "sandan_outbox_oldest_seconds",
    "sandan_queue_messages",
    "sandan_partitions_held",
    "sandan_submitted_to_dispatched_seconds_bucket",
)

BUILD = {"version": __version__, "build": ""}


async def test_a_running_house_is_alive_and_ready(running: Running) -> None:
    visitor = running.bearer(None)
    alive = await visitor.ask_at("GET", "/healthz")
    assert (alive.status, alive.body) == (200, {"status": "alive", "broken": [], "failing": [], **BUILD})
    ready = await visitor.ask_at("GET", "/readyz")
    assert (ready.status, ready.body) == (200, {"ready": True, "missing": []})


async def test_a_service_whose_work_has_stopped_is_not_alive(own_house: Running) -> None:
    async def gone() -> None:
        raise LookupError("a bug")

    points = own_house.process.services[2]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.chassis.supervision.PAUSE_SECONDS_MAX", 0.001)
        await points.supervisor.keep_running("tray", gone)
    answer = await own_house.bearer(None).ask_at("GET", "/healthz")
    broken = {
        "status": "broken",
        "broken": ["points.tray failed 20 times in a row"],
        "failing": ["points.tray"],
    }
    assert (answer.status, answer.body) == (500, {**broken, **BUILD})


async def test_the_figures_have_the_names_that_dashboards_ask_for(running: Running) -> None:
    await running.submitted("下水道堵了")
    answer = await running.bearer(None).ask_at("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    text = answer.raw.decode()
    assert [name for name in FIGURES if f"# TYPE {name.removesuffix('_bucket')}" not in text
            and f"# TYPE {name.removesuffix('_total')}" not in text] == []  # fmt: skip
    assert 'sandan_http_requests_total{route="POST /api/v1/communities/{community}/demands"' in text
    for service in SERVICES:
        assert f'sandan_partitions_held{{service="{service}"}} 2.0' in text


async def test_no_figure_names_a_person_or_a_demand(running: Running) -> None:
    demand = await running.submitted("家里水管漏水 13812345678")
    text = (await running.bearer(None).ask_at("GET", "/metrics")).raw.decode()
    assert demand["id"] not in text
    assert "resident-1" not in text
    assert "13812345678" not in text


async def test_while_the_broker_is_away_it_is_not_ready_takes_words_and_sends_them_later(
    deployments: Deployments, keys: Keys
) -> None:
    wire = Wire(urlsplit(deployments.servers.amqp_url).port or 5672)
    await wire.mend()
    parts = urlsplit(deployments.servers.amqp_url)
    who = f"{parts.username}:{parts.password}@" if parts.username else ""
    settings = deployments.new(amqp_url=f"amqp://{who}127.0.0.1:{wire.port}{parts.path}")
    async with running_house(settings, keys) as running:
        visitor = running.bearer(None)
        await wire.cut()
        await eventually(lambda: _missing(running, ["rabbitmq"]))
        demand = (await running.resident().post("/demands", {"text": "下水道堵了"})).ok()
        assert (await visitor.ask_at("GET", "/healthz")).status == 200
        await wire.mend()
        await eventually(lambda: _missing(running, []), 20)
        await running.resident().until(f"/demands/{demand['id']}", lambda seen: seen["order"], 20)
    await wire.cut()


async def test_while_the_database_is_away_it_is_not_ready_and_says_try_again(
    deployments: Deployments, keys: Keys
) -> None:
    wire = Wire(urlsplit(deployments.servers.mongo_url).port or 27017)
    await wire.mend()
    settings = deployments.new(mongo_url=f"mongodb://127.0.0.1:{wire.port}/?directConnection=true")
    async with running_house(settings, keys) as running:
        demand = await running.submitted("下水道堵了")
        await wire.cut()
        answer = await running.bearer(None).ask_at("GET", "/readyz")
        assert (answer.status, answer.body["missing"]) == (503, ["mongodb"])
        refused = await running.resident().post("/demands", {"text": "路灯"}, Idempotency_Key="once")
        refused.refused(503, "temporarily_unavailable")
        assert refused.headers["Retry-After"] == "1"
        await wire.mend()
        await eventually(lambda: _missing(running, []), 20)
        again = await running.resident().post("/demands", {"text": "路灯"}, Idempotency_Key="once")
        assert again.status == 201
        assert (await running.resident().get(f"/demands/{demand['id']}")).status == 200
    await wire.cut()


async def _missing(running: Running, wanted: list[str]) -> bool:
    answer = await running.bearer(None).ask_at("GET", "/readyz")
    assert answer.status == (503 if answer.body["missing"] else 200)
    return bool(answer.body["missing"] == wanted)


async def test_before_broker_and_database_answer_nobody_is_let_in(
    deployments: Deployments, keys: Keys
) -> None:
    from services.composition import process_of

    settings = deployments.new(
        amqp_url="amqp://127.0.0.1:1/", mongo_url="mongodb://127.0.0.1:1/?directConnection=true"
    )
    built = process_of(settings)
    starting = asyncio.create_task(built.start())
    async with aiohttp.ClientSession() as session:
        running = Running(built, settings, keys, session, {})

        async def open_port() -> bool:
            return built.port != 0

        await eventually(open_port)
        # Whoever sends requests round asks another replica; one that listened would have to say 503.
        with pytest.raises(aiohttp.ClientConnectorError):
            await running.resident().post("/demands", {"text": "路灯"})
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await built.stop()
    deployments.made.remove(settings)


async def test_while_it_stops_it_finishes_what_it_has_and_takes_nothing_new(own_house: Running) -> None:
    resident = own_house.resident()

    async def ask(number: int) -> int | None:
        await asyncio.sleep(number / 500)
        try:
            return (await resident.post("/demands", {"text": f"第 {number} 件事"})).status
        except aiohttp.ClientError:
            return None  # the port is closed, which says the same as 503

    async def stop() -> None:
        await asyncio.sleep(0.1)
        await own_house.process.stop()

    *statuses, _ = await asyncio.gather(*(ask(number) for number in range(200)), stop())
    kept = await own_house.stores["intake"].plain("demands").count({})
    assert statuses.count(201) == kept > 0
    assert set(statuses) <= {201, 503, None}
    assert await own_house.stores["intake"].plain("outbox").count({"sent_at": None}) == 0
