"""The gateway, with a real nginx: each operation comes to its service, and bounds and refusals are ours."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest

from services.chassis.http.limits import TooManyRequests
from services.chassis.http.once import problem
from services.chassis.http.rejections import BodyTooLarge, Unavailable
from services.cli import gateway as made
from services.composition import SPECS, Settings, reference, routes_of
from services.contracts.refusal import Refused
from tests.support.gateway import Gateway, gateway, is_there, told

OPERATIONS = [
    (method.upper(), path, operation["tags"][0])
    for path, operations in reference()["paths"].items()
    for method, operation in operations.items()
]
DEMAND = "01a2096da62e718f9e283a6e79741f88"
RATE = f"/api/v1/communities/jiwang/demands/{DEMAND}/rate"


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """A directory that everybody may pass through: started by root, nginx works as somebody else."""
    with TemporaryDirectory() as made_now:
        path = Path(made_now)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="module")
async def before(directory: Path) -> AsyncIterator[Gateway]:
    """The gateway, before stubs of all services."""
    if not is_there():
        pytest.skip("needs nginx: `make setup-dev` installs it")
    async with gateway(directory) as running:
        yield running


def test_what_is_made_of_the_routes_is_current() -> None:
    assert made.FILE.read_text(encoding="utf-8") == made.gateway(), "run `sandan docs`"


def test_every_service_has_operations_to_be_tried() -> None:
    assert {service for _, _, service in OPERATIONS} == set(SPECS)
    assert len(OPERATIONS) > 50


@pytest.mark.parametrize(("method", "path", "service"), OPERATIONS, ids=str)
async def test_an_operation_comes_to_its_service(
    before: Gateway, method: str, path: str, service: str
) -> None:
    # Ids that look like words of other paths lead nobody astray.
    for identifier in (DEMAND, "orders", "a.b-c_d"):
        address = re.sub(r"\{\w+\}", identifier, path)
        async with before.session.request(method, before.origin + address) as answer:
            reached = await told(answer)
        assert (reached["service"], reached["path"]) == (service, address)


def test_a_word_of_two_services_is_refused_when_the_map_is_made() -> None:
    paths = {
        "/api/v1/communities/{community}/orders": {"get": {"tags": ["matching"]}},
        "/api/v1/communities/{community}/orders/{order}": {"get": {"tags": ["points"]}},
    }
    with pytest.raises(made.Divided, match="orders"):
        made.owners({"paths": paths})


async def test_what_nobody_has_is_answered_by_a_service(before: Gateway) -> None:
    for path in ("/api/openapi.json", "/api/v1/communities/jiwang/nothing", "/"):
        async with before.session.get(before.origin + path) as answer:
            assert (await told(answer))["service"] == "intake"


async def test_what_operators_look_at_is_not_for_strangers(before: Gateway) -> None:
    for path in ("/metrics", "/readyz", "/%6detrics", "//metrics"):
        async with before.session.get(before.origin + path) as answer:
            assert answer.status == 404, path


async def test_the_largest_body_that_a_route_takes_passes_and_no_larger_one(before: Gateway) -> None:
    most = made.body_bytes_max(Settings())
    assert most == max(r.body_bytes_max or 0 for b in SPECS.values() for r in routes_of(b))
    address = f"{before.origin}/api/v1/communities/jiwang"
    async with before.session.put(address, data=BytesIO(b"x" * most)) as answer:
        assert (await told(answer))["bytes"] == most
    async with before.session.put(address, data=BytesIO(b"x" * (most + 1))) as answer:
        assert_refused_as_ours(await answer.json(content_type=None), BodyTooLarge(most_bytes=most))
        assert answer.content_type == "application/problem+json"


def assert_refused_as_ours(body: dict[str, Any], refusal: Refused) -> None:
    """Hold a refusal of the gateway's against the services' own."""
    assert re.fullmatch("[0-9a-f]{32}", body.pop("request_id"))
    assert body == orjson.loads(problem(refusal).body)


async def test_a_service_hears_who_asks_and_under_which_id(before: Gateway) -> None:
    lies = {"X-Forwarded-For": "203.0.113.7", "X-Request-Id": "made-up"}
    async with before.session.get(before.origin + RATE, headers=lies) as answer:
        heard = (await told(answer))["headers"]
    assert isinstance(heard, dict)
    assert heard["x-forwarded-for"] == "127.0.0.1"
    assert re.fullmatch("[0-9a-f]{32}", heard["x-request-id"])
    assert before.printed.rstrip().endswith(heard["x-request-id"]), "the log has the same"


async def test_a_service_that_is_away_is_an_answer_in_our_form_and_no_id_in_the_log(before: Gateway) -> None:
    await before.sites["intake"].stop()
    try:
        async with before.session.post(f"{before.origin}{RATE}?secret=1", data=b"{}") as answer:
            body = await answer.json(content_type=None)
    finally:
        await before.sites["intake"].start()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert answer.content_type == "application/problem+json"
    assert answer.headers["X-Request-Id"] == body["request_id"]
    assert_refused_as_ours(body, Unavailable())
    await until_printed(before, "Connection refused")
    for secret in (DEMAND, "jiwang", "secret"):
        assert secret not in before.printed


async def until_printed(before: Gateway, words: str) -> None:
    """Wait until the log has it: it goes through a pipe."""
    async with asyncio.timeout(5):
        while words not in before.printed:  # noqa: ASYNC110 - a file sets no event
            await asyncio.sleep(0.02)


async def test_one_address_has_so_many_requests_in_hand_and_no_more(before: Gateway) -> None:
    before.held.clear()
    address = f"{before.origin}/api/v1/communities/jiwang/orders?hold"
    waiting = [asyncio.create_task(ask(before, address)) for _ in range(105)]
    done, pending = await asyncio.wait(waiting, timeout=3, return_when=asyncio.ALL_COMPLETED)
    before.held.set()
    await asyncio.wait(pending)
    refused = [task.result() for task in done]
    assert [status for status, _ in refused] == [429] * 5
    assert [task.result()[0] for task in pending] == [200] * 100
    for _, body in refused:
        assert_refused_as_ours(orjson.loads(body), TooManyRequests())


async def ask(before: Gateway, address: str) -> tuple[int, bytes]:
    """Ask with a connection of one's own, as many as there are."""
    reader, writer = await asyncio.open_connection("127.0.0.1", before.port)
    path = address.removeprefix(before.origin)
    writer.write(f"GET {path} HTTP/1.0\r\nHost: gateway\r\n\r\n".encode())
    raw = await reader.read()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    head, _, body = raw.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def test_the_gateways_times_are_the_services() -> None:
    settings, text = Settings(), made.gateway()
    for name, seconds in (
        ("client_header_timeout", settings.http_header_seconds),
        ("client_body_timeout", settings.http_body_seconds),
        ("keepalive_timeout", settings.http_idle_seconds),
    ):
        assert f"\n{name} {round(seconds * 1000)}ms;\n" in text
    waits = re.search(r"proxy_read_timeout (\d+)ms", text)
    assert waits is not None
    assert int(waits[1]) > settings.http_request_seconds * 1000, "a service says itself that it took too long"


def test_only_the_directory_given_is_written_to() -> None:
    template = (Path(made.FILE).parent / "nginx.conf.template").read_text(encoding="utf-8")
    for line in re.findall(r"^\s*(?:pid|error_log|\w+_temp_path)\s.*$", template, flags=re.MULTILINE):
        assert "@HERE@/" in line, "the container's file system is read-only but for that"
