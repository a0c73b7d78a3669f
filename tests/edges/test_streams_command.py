"""`sandan streams`: an operator finds a stream that waits, has it said again, or lets it go on without."""

import pytest

from services.chassis.clock import new_id
from services.chassis.parking import ParkingLot
from services.cli import streams as command
from services.cli.tools import wide_console
from tests.support.commands import sandan
from tests.support.messages import TEXT, has_order, put, urged
from tests.support.running import Running, eventually


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "console", wide_console())


@pytest.fixture
async def waiting(running: Running) -> str:
    """A stream of which matching heard the third fact, and neither the first nor the second."""
    demand = new_id()
    await put(running, "matching", urged(demand, 2))

    async def waits() -> bool:
        rows = await running.stores["matching"].plain("streams").find({"_id": f"jiwang/demands/{demand}"})
        return [len(row["waiting"]) for row in rows] == [1]

    await eventually(waits)
    return f"demands/{demand}"


async def test_a_stream_that_waits_is_listed_with_what_is_missing(running: Running, waiting: str) -> None:
    listed = await sandan(running.settings, "streams", "waiting")
    assert listed.exit_code == 0, listed.output
    (line,) = [line for line in listed.output.splitlines() if waiting in line]
    assert "matching" in line
    assert "1, 2" in line


async def test_who_lets_a_stream_go_on_without_is_recorded(running: Running, waiting: str) -> None:
    said = await sandan(running.settings, "streams", "skip", "matching", "jiwang", waiting, "--by", "wang")
    assert said.exit_code == 0, said.output
    assert "skipped 2" in said.output
    await running.drained()
    listed = await sandan(running.settings, "streams", "waiting")
    assert waiting not in listed.output
    done = await ParkingLot(running.stores["matching"]).actions()
    assert [(one["action"], one["by"]) for one in done if one["parked"] == waiting] == [("skipped", "wang")]


@pytest.mark.parametrize(
    ("service", "why"), [("matching", "waits for nothing in"), ("nobody", "nobody: there are")]
)
async def test_what_does_not_wait_is_not_skipped(running: Running, service: str, why: str) -> None:
    said = await sandan(running.settings, "streams", "skip", service, "jiwang", f"demands/{new_id()}")
    assert said.exit_code == 2
    assert why in " ".join(said.output.replace("│", " ").split())


async def test_what_is_kept_is_said_again_and_harms_nobody(running: Running) -> None:
    demand = (await running.resident().post("/demands", {"text": TEXT})).ok()["id"]
    await has_order(running, demand)
    await running.drained()
    said = await sandan(running.settings, "streams", "announce", "jiwang", f"demands/{demand}")
    assert said.exit_code == 0, said.output
    assert "said again" in said.output
    await running.drained()
    assert await running.parked("matching") == []


async def test_what_is_not_kept_cannot_be_said_again(running: Running) -> None:
    said = await sandan(running.settings, "streams", "announce", "jiwang", f"demands/{new_id()}")
    assert said.exit_code == 1
    assert "sandan streams skip" in said.output
