"""What operators see of a request: its id from the gateway to the log and back, and which version it is."""

from collections.abc import Iterator

import pytest
import structlog
from typer.testing import CliRunner

from services import __version__
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route
from services.chassis.logs import set_up_logs
from services.cli.main import app
from tests.support.deployment import Deployments, Keys
from tests.support.running import running_house
from tests.support.threshold import EVERYBODY, Said, threshold

GIVEN = "5b3f0c9e7a1d4c6f8e2b9a0d1c3e5f70"
DEMAND = "01a2096da62e718f9e283a6e79741f88"


@pytest.fixture
def talkative() -> Iterator[None]:
    """A log that tells what operators are told."""
    set_up_logs("INFO")
    yield
    set_up_logs("ERROR")


async def broken(_: ApiRequest[None]) -> Reply:
    """Break."""
    raise LookupError("王小明的电话是13912345678")


BROKEN = Route("GET", "/demands/{demand}", EVERYBODY, broken, "Break", Said)


async def test_an_id_that_is_well_formed_comes_back(keys: Keys) -> None:
    async with threshold(keys) as door:
        for given in (GIVEN, "a", "req_1.2-3", "x" * 64):
            answer = await door.visitor().ask("GET", "/words", headers={"X-Request-Id": given})
            assert answer.headers["X-Request-Id"] == given


async def test_another_is_made_where_there_is_none_or_a_wrong_one(keys: Keys) -> None:
    async with threshold(keys) as door:
        made = set()
        for given in (None, "", "x" * 65, "two words", '"quoted"', "a;b"):
            headers = {} if given is None else {"X-Request-Id": given}
            answer = await door.visitor().ask("GET", "/words", headers=headers)
            assert answer.headers["X-Request-Id"] != given
            made.add(answer.headers["X-Request-Id"])
        assert len(made) == 6
        assert all(len(one) == 32 for one in made)


async def test_a_refusal_tells_it_whatever_refuses(keys: Keys) -> None:
    async with threshold(keys) as door:
        for visitor, path, status in (
            (door.stranger(), "/words", 401),
            (door.visitor(), "/nowhere", 404),
            (door.visitor(), "/words?x=1", 422),
        ):
            answer = await visitor.ask("GET", path, headers={"X-Request-Id": GIVEN})
            assert (answer.status, answer.body["request_id"]) == (status, GIVEN)
        wrong = await door.visitor().ask("DELETE", "/words", headers={"X-Request-Id": GIVEN})
        assert (wrong.status, wrong.body["request_id"]) == (405, GIVEN)


@pytest.mark.usefixtures("talkative")
async def test_the_lines_of_a_request_carry_it_and_no_demands_id(keys: Keys) -> None:
    merge = structlog.contextvars.merge_contextvars
    async with threshold(keys, BROKEN) as door:
        with structlog.testing.capture_logs(processors=[merge]) as lines:
            headers = {"X-Request-Id": GIVEN}
            answer = await door.visitor().ask("GET", f"/demands/{DEMAND}", headers=headers)
            answer.refused(500, "internal_error")
            other = await door.visitor().get(f"/demands/{DEMAND}")
        events = [(line["event"], line["request_id"]) for line in lines]
        own = other.headers["X-Request-Id"]
        assert events == [
            ("internal_error", GIVEN),
            ("request_failed", GIVEN),
            ("internal_error", own),
            ("request_failed", own),
        ]
        assert lines[1]["route"] == "/api/v1/communities/{community}/demands/{demand}"
        assert (lines[1]["method"], lines[1]["status"]) == ("GET", 500)
        assert DEMAND not in str([{**line, "exc_info": ""} for line in lines])


@pytest.mark.usefixtures("talkative")
async def test_what_is_answered_well_or_refused_is_no_line(keys: Keys) -> None:
    async with threshold(keys) as door:
        with structlog.testing.capture_logs() as lines:
            (await door.visitor().get("/words")).ok()
            (await door.stranger().get("/words")).refused(401, "token_missing")
        assert lines == []


@pytest.mark.usefixtures("talkative")
async def test_which_version_runs_is_seen_in_health_figures_and_log(
    deployments: Deployments, keys: Keys
) -> None:
    settings = deployments.new(build="abc1234")
    with structlog.testing.capture_logs() as lines:
        async with running_house(settings, keys) as running:
            visitor = running.bearer(None)
            alive = (await visitor.ask_at("GET", "/healthz")).ok()
            assert (alive["version"], alive["build"]) == (__version__, "abc1234")
            figures = (await visitor.ask_at("GET", "/metrics")).raw.decode()
            assert f'sandan_build_info{{build="abc1234",version="{__version__}"}} 1.0' in figures
    (ready,) = [line for line in lines if line["event"] == "ready"]
    assert (ready["version"], ready["build"]) == (__version__, "abc1234")


def test_the_command_line_says_its_version() -> None:
    plain = CliRunner().invoke(app, ["--version"])
    assert (plain.exit_code, plain.stdout.strip()) == (0, f"sandan {__version__}")
    built = CliRunner().invoke(app, ["--version"], env={"SANDAN_BUILD": "abc1234"})
    assert built.stdout.strip() == f"sandan {__version__} (abc1234)"
