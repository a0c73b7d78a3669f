"""Those who act by themselves: what could not be done is told in the log, and is not taken for done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.chassis.documents import Collection, Due, Versioned
from services.chassis.due import RunDue
from services.chassis.failures import Away
from services.chassis.work import Work
from services.contracts.ids import OrderId
from services.intake.jobs.timers import BY_ITSELF, DUE
from services.matching.handlers.context import Matching
from services.matching.jobs.departures import PORTION, ReclaimOrders
from services.matching.routing.solver import solve
from services.notify.domain.alarms import Outgoing
from services.notify.jobs.alarms import SendAlarms
from tests.builders import an_order
from tests.support.town import SharedModels

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@dataclass
class OneIsDue:
    """A store in which one thing is due, with so many orders of the one who left."""

    orders: int = 0

    async def due(self, *_: Any, after: Due | None = None, **__: Any) -> list[Due]:
        return [] if after else [Due(NOON, "jiwang/one", "jiwang")]

    async def page(
        self, collection: Collection[Any], community: str, where: Mapping[str, object], *, limit: int
    ) -> list[Versioned[Any]]:
        return [
            Versioned(replace(an_order(), id=OrderId(f"o{n}")), 1) for n in range(min(self.orders, limit))
        ]


@dataclass
class Answers:
    """Answers to batches, in turn; it keeps how many works each had."""

    turns: list[list[Any]]
    had: list[int] = field(default_factory=list)

    async def run(self, works: Sequence[Work[Any]]) -> list[Any]:
        self.had.append(len(works))
        return self.turns.pop(0)


def leavers(orders: int, *turns: list[Any]) -> tuple[ReclaimOrders, Answers]:
    answers = Answers(list(turns))
    return ReclaimOrders(OneIsDue(orders), answers, Matching(SharedModels(), solve), lambda: NOON), answers


class TestLeavers:
    async def test_who_left_is_forgotten_once_everything_was_taken_back(self) -> None:
        looking, answers = leavers(2, [True, True], [None])
        assert await looking.look() == 2
        assert answers.had == [2, 1]

    async def test_who_left_is_not_forgotten_while_an_order_could_not_be_taken_back(self) -> None:
        looking, answers = leavers(2, [True, Away("the database is away")])
        with capture_logs() as logs:
            assert await looking.look() == 1
        assert answers.had == [2], "nobody is forgotten"
        assert [line["event"] for line in logs] == ["not_taken_back"]

    async def test_who_left_more_than_a_portion_is_looked_at_again(self) -> None:
        looking, answers = leavers(PORTION, [True] * PORTION)
        assert await looking.look() == PORTION
        assert answers.had == [PORTION]


class TestTheCrier:
    @pytest.mark.parametrize(
        ("turns", "told"),
        [
            ([[Away("away")]], ["alarm_not_carried"]),
            ([[None]], []),
            (
                [[Outgoing("d1", 0, {}, NOON, NOON + timedelta(minutes=1))], [Away("away")]],
                ["alarm_not_noted"],
            ),
        ],
    )
    async def test_what_it_cannot_take_or_note_is_told(self, turns: list[list[Any]], told: list[str]) -> None:
        with capture_logs() as logs:
            assert await SendAlarms(OneIsDue(), Answers(turns), {}, lambda: NOON).look() == 0
        assert [line["event"] for line in logs] == told


class TestTheTimersOfDemands:
    @pytest.mark.parametrize(
        ("looks", "told"),
        [
            ([[False, False], [False, False], [True, True], [False, False]], [2, 0, 0, 2]),
            ([[False, True], [False, True], [True, True], [False, True]], [1, 0, 0, 1]),
        ],
        ids=["both", "the alarm alone"],
    )
    async def test_what_fails_look_after_look_is_told_once_until_it_was_done(
        self, looks: list[list[bool]], told: list[int]
    ) -> None:
        """A demand may have an alarm that fails and a rating that does not; one does not hide the other."""
        answers: list[list[Any]] = [[well or Away("away")] for look in looks for well in look]
        timers = RunDue(OneIsDue(), Answers(answers), lambda: NOON, DUE, BY_ITSELF)
        for well, lines in zip(looks, told, strict=True):
            with capture_logs() as logs:
                assert await timers.look() == sum(well)
            assert [line["event"] for line in logs] == ["watch_failed"] * lines
