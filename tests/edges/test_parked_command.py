"""`sandan parked`: an operator finds what needs a person, looks at it, and sends it back or gives it up."""

import re

import orjson
import pytest

from services.chassis.clock import new_id
from services.chassis.parking import ParkingLot
from services.cli import parked as command
from services.cli.tools import wide_console
from services.composition import Settings
from tests.support.commands import sandan
from tests.support.messages import put
from tests.support.running import Running, envelope, eventually


@pytest.fixture
async def parked(running: Running) -> str:
    """The beginning of the id of a message that was parked: it speaks of a demand that nobody knows."""
    lot = ParkingLot(running.stores["intake"])
    before = {message.id for message in await lot.list()}
    unknown = new_id()
    fact = {
        "demand": unknown,
        "order": f"{unknown}-1",
        "asked_by": "r1",
        "category": "x",
        "provider": PROVIDER,
    }
    told = envelope("order.accepted.v1", fact, id=new_id(), stream=f"orders/{unknown}-1")
    await put(running, "intake", told)
    (message,) = await eventually(lambda: _new_ones(lot, before))
    return str(message)[:12]


PROVIDER = {"id": "a-unit", "name": "某单位", "kind": "unit"}


async def _new_ones(lot: ParkingLot, before: set[str]) -> list[str]:
    return [message.id for message in await lot.list() if message.id not in before]


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "console", wide_console())


async def test_what_is_parked_is_listed_with_the_reason(running: Running, parked: str) -> None:
    listed = await sandan(running.settings, "parked", "list")
    assert listed.exit_code == 0, listed.output
    (line,) = [line for line in listed.output.splitlines() if parked in line]
    assert "unknown_demand" in line
    assert "intake" in line


async def test_it_is_shown_whole_by_the_beginning_of_its_id(running: Running, parked: str) -> None:
    shown = await sandan(running.settings, "parked", "show", parked)
    assert shown.exit_code == 0, shown.output
    body = orjson.loads(shown.output[shown.output.index("{") :])
    assert body["kind"] == "order.accepted.v1"


async def test_a_replay_fails_again_and_stays_parked_and_is_recorded(running: Running, parked: str) -> None:
    lot = ParkingLot(running.stores["intake"])
    replayed = await sandan(running.settings, "parked", "replay", parked, "--by", "wang")
    assert replayed.exit_code == 0, replayed.output
    await eventually(lambda: lot.find(parked))
    done = [action for action in await lot.actions() if action["parked"].startswith(parked)]
    assert [(action["action"], action["by"]) for action in done] == [("replayed", "wang")]


async def test_what_is_given_up_is_gone_and_its_stream_goes_on(running: Running, parked: str) -> None:
    lot = ParkingLot(running.stores["intake"])
    stream = orjson.loads(await _body(lot, parked))["stream"]
    discarded = await sandan(running.settings, "parked", "discard", parked, "--by", "wang")
    assert discarded.exit_code == 0, discarded.output
    assert await lot.find(parked) is None
    streams = running.stores["intake"].plain("streams")

    async def is_past() -> bool:
        return [row["version"] for row in await streams.find({"_id": f"jiwang/{stream}"})] == [1]

    await eventually(is_past)


async def _body(lot: ParkingLot, beginning: str) -> bytes:
    message = await lot.find(beginning)
    assert message is not None
    return message.body


@pytest.mark.parametrize("words", [("show", "nothing"), ("replay", "nothing"), ("discard", "nothing")])
async def test_what_nobody_parked_is_not_found_and_nothing_is_done(
    running: Running, words: tuple[str, str]
) -> None:
    said = await sandan(running.settings, "parked", *words)
    assert said.exit_code == 2
    assert "no parked message begins with" in re.sub(r"[\s│]+", " ", said.output)


async def test_without_a_deployment_it_says_what_to_set() -> None:
    said = await sandan(Settings(amqp_url="", mongo_url=""), "parked", "list")
    assert said.exit_code == 2
    assert "SANDAN_MONGO_URL" in said.output
