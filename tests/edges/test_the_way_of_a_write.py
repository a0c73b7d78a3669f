"""How many functions a write passes from the socket to the rule: counted, so that it stays few.

Counted are the door and the decision, which change with what is asked; and then everything, with the
queue that many writes share, and the rule.
"""

import sys
from pathlib import Path
from typing import Any

import pytest

from services.chassis.write_queue import WriteQueue
from services.intake.handlers import demands
from services.matching.handlers import answering, rights
from tests.support.running import Running

SERVICES = str(Path(__file__).parents[2] / "services")
FUNCTIONS_MAX = 14
WITH_THE_QUEUE_MAX = 21


def functions_below() -> list[str]:
    """Return the functions of ours on the stack, the outermost first."""
    names, frame = [], sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.startswith(SERVICES):
            names.append(frame.f_code.co_name)
        frame = frame.f_back  # type: ignore[assignment]
    return names[::-1]


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Return, once a write was done, the functions to the queue and from the batch to the rule."""
    seen: dict[str, list[str]] = {}
    do, submitted, must_be_theirs = WriteQueue.do, demands._submitted, rights.must_be_theirs

    async def queued(queue: WriteQueue, work: Any) -> Any:
        seen["to the queue"] = functions_below()
        return await do(queue, work)

    def decided(*given: Any) -> Any:
        seen["to the rule"] = functions_below()
        return submitted(*given)

    def allowed(*given: Any) -> None:
        seen["to the rule"] = functions_below()
        must_be_theirs(*given)

    monkeypatch.setattr(WriteQueue, "do", queued)
    monkeypatch.setattr(demands, "_submitted", decided)
    monkeypatch.setattr(answering, "must_be_theirs", allowed)
    return seen


def from_the_door(names: list[str]) -> list[str]:
    return names[names.index("entrance") :]


def from_the_batch(names: list[str]) -> list[str]:
    return names[names.index("run", names.index("_outcomes")) :]


def assert_short(ways: dict[str, list[str]]) -> None:
    door, below = from_the_door(ways["to the queue"]), ways["to the rule"]
    way = [*door, *from_the_batch(below)]
    assert len(way) <= FUNCTIONS_MAX, way
    assert way.count("decide") == 1, way
    whole = [*door, "do", *below[below.index("_keep") :], "the rule"]
    assert len(whole) <= WITH_THE_QUEUE_MAX, whole


async def test_a_submission_passes_few_functions_and_one_decision(
    running: Running, ways: dict[str, list[str]]
) -> None:
    (await running.resident().post("/demands", {"text": "路灯不亮"}, idempotency_key="once")).ok()
    assert_short(ways)


async def test_a_step_of_an_order_passes_few_functions_and_one_decision(
    running: Running, ways: dict[str, list[str]]
) -> None:
    demand = await running.submitted("院里没个坐的地方，能不能放几条长凳", "jixiangyuan")
    unit = running.unit(demand["handler"]["id"])
    (await unit.post(f"/orders/{demand['order']}/accept", idempotency_key="once-too")).ok()
    assert_short(ways)
