"""Background work never ends by itself, and never in silence."""

import asyncio

import pytest

from services.chassis import metrics, supervision
from services.chassis.failures import Away
from services.chassis.supervision import Broken, PeriodicJob, Supervisor, ended


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "PAUSE_SECONDS_MIN", 0.001)
    monkeypatch.setattr(supervision, "PAUSE_SECONDS_MAX", 0.002)


class Work:
    """Fails as often as it is told to."""

    def __init__(self, *failures: BaseException) -> None:
        self.failures = list(failures)
        self.tries = 0
        self.done = asyncio.Event()

    async def go(self) -> None:
        """Fail, or be done."""
        self.tries += 1
        if self.failures:
            raise self.failures.pop(0)
        self.done.set()


def supervisor(broken: list[Broken] | None = None) -> Supervisor:
    return Supervisor("test", (broken if broken is not None else []).append)


ODD = [Away("away"), ValueError("odd"), RuntimeError("odd"), asyncio.CancelledError()]


@pytest.mark.parametrize("failure", ODD, ids=lambda failure: type(failure).__name__)
async def test_a_loop_that_fails_however_is_started_again_and_counted(failure: BaseException) -> None:
    before = metrics.LOOPS_FAILED.labels("test", "loop")._value.get()
    work = Work(failure, failure)
    await asyncio.wait_for(supervisor().keep_running("loop", work.go), 5)
    assert work.tries == 3
    assert metrics.LOOPS_FAILED.labels("test", "loop")._value.get() - before == 2


@pytest.mark.parametrize("failure", ODD, ids=lambda failure: type(failure).__name__)
async def test_a_chore_that_fails_however_is_done_at_its_next_look(failure: BaseException) -> None:
    work = Work(failure)
    keeper = supervisor()
    task = keeper.repeat(PeriodicJob("chore", work.go, 0.001))
    await asyncio.wait_for(work.done.wait(), 5)
    await asyncio.sleep(0.01)
    assert keeper.failing == ()
    await ended(task)


async def test_what_fails_is_known_while_it_does() -> None:
    keeper = supervisor()
    task = keeper.repeat(PeriodicJob("chore", Work(*[ValueError("odd")] * 1_000).go, 0.001))
    await asyncio.sleep(0.05)
    assert keeper.failing == ("chore",)
    assert metrics.LOOPS_FAILING.labels("test")._value.get() == 1
    await ended(task)


async def test_a_loop_that_cannot_go_on_breaks_the_service_and_says_which() -> None:
    broken: list[Broken] = []
    work = Work(*[ValueError("a bug")] * supervision.FAILURES_MAX)
    await asyncio.wait_for(supervisor(broken).keep_running("tray", work.go), 5)
    assert [str(each) for each in broken] == [f"test.tray failed {supervision.FAILURES_MAX} times in a row"]


async def test_a_server_that_is_away_for_long_breaks_nothing() -> None:
    broken: list[Broken] = []
    work = Work(*[Away("no broker")] * (3 * supervision.FAILURES_MAX))
    await asyncio.wait_for(supervisor(broken).keep_running("tray", work.go), 5)
    assert broken == []
    assert work.done.is_set()


async def test_a_loop_that_is_told_to_stop_stops() -> None:
    async def forever() -> None:
        await asyncio.sleep(60)

    keeper = supervisor()
    for task in (keeper.keep_running("loop", forever), keeper.repeat(PeriodicJob("chore", forever, 1.0))):
        await asyncio.sleep(0)
        await ended(task)
        assert task.cancelled()
    assert keeper.failing == ()
