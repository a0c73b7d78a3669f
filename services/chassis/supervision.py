"""Background work, supervised in one place: it never ends by itself, and never in silence.

What fails is logged, counted and tried again. A loop that cannot go on, because it fails again and again
without having worked in between, ends the process with an error, so that whoever runs it starts it anew.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

import structlog

from services.chassis import metrics
from services.chassis.failures import Away, cancellation_heeded

log = structlog.get_logger()

PAUSE_SECONDS_MIN = 0.1
PAUSE_SECONDS_MAX = 5.0
FAILURES_MAX = 20
"""So many failures of a loop in a row, none of them an `Away`, are the end: about a minute and a half."""
STEADY_SECONDS = 30.0
"""A loop that ran for so long has worked; its failures are counted anew."""


class Broken(Exception):
    """A loop without which the service does nothing cannot go on."""


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """Something a service does by itself, again and again.

    Arguments:
        name: for log and metrics.
        look: does what there is to do now; what it returns is of no interest here.
        every_seconds: pause between two looks.
    """

    name: str
    look: Callable[[], Awaitable[object]]
    every_seconds: float


@dataclass
class Supervisor:
    """Runs one service's background work.

    Arguments:
        service: label of logs and metrics.
        broken: called when something cannot go on.
    """

    service: str
    broken: Callable[[Broken], None]
    _failing: set[str] = field(default_factory=set)

    @property
    def failing(self) -> tuple[str, ...]:
        """Return what failed at its last try."""
        return tuple(sorted(self._failing))

    def keep_running(self, name: str, run: Callable[[], Awaitable[None]]) -> "asyncio.Task[None]":
        """Start a loop that returns when it is told to, and only then."""
        return asyncio.create_task(self._keep(name, run), name=f"{self.service}.{name}")

    def repeat(self, job: PeriodicJob) -> "asyncio.Task[None]":
        """Start a job, which goes on until it is cancelled; it may fail for ever, and says so each time."""
        return asyncio.create_task(self._repeat(job), name=f"{self.service}.{job.name}")

    async def _keep(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        failures, pause = 0, PAUSE_SECONDS_MIN
        while True:
            began = monotonic()
            try:
                await _uncancelled(run)
            except Exception as error:  # noqa: BLE001 - the one place where no failure may end a loop unseen
                if monotonic() - began > STEADY_SECONDS:
                    failures, pause = 0, PAUSE_SECONDS_MIN
                failures += not isinstance(error, Away)
                self._failed(name, error)
                if failures >= FAILURES_MAX:
                    self.broken(Broken(f"{self.service}.{name} failed {failures} times in a row"))
                    return
                await asyncio.sleep(pause)
                pause = min(2 * pause, PAUSE_SECONDS_MAX)
            else:
                self._went_well(name)
                return

    async def _repeat(self, job: PeriodicJob) -> None:
        while True:
            pause = job.every_seconds
            try:
                await _uncancelled(job.look)
            except Exception as error:  # noqa: BLE001 - as above: said, counted, tried again
                self._failed(job.name, error)
                pause = min(pause, PAUSE_SECONDS_MAX)  # what is done once an hour is not put off for an hour
            else:
                self._went_well(job.name)
            await asyncio.sleep(pause)

    def _failed(self, name: str, error: Exception) -> None:
        metrics.LOOPS_FAILED.labels(self.service, name).inc()
        self._note(name, failed=True)
        if isinstance(error, Away):
            log.warning("loop_waits", service=self.service, loop=name, because=str(error))
        else:
            log.error("loop_failed", service=self.service, loop=name, exc_info=error)

    def _went_well(self, name: str) -> None:
        if name in self._failing:
            log.info("loop_goes_on", service=self.service, loop=name)
        self._note(name, failed=False)

    def _note(self, name: str, *, failed: bool) -> None:
        if failed:
            self._failing.add(name)
        else:
            self._failing.discard(name)
        metrics.LOOPS_FAILING.labels(self.service).set(len(self._failing))


async def _uncancelled(work: Callable[[], Awaitable[object]]) -> None:
    """Do some work; a cancellation that nobody asked for is a failure like any other."""
    with cancellation_heeded("what it waited for was cancelled"):
        await work()


async def ended(task: "asyncio.Task[None]") -> None:
    """Cancel a task and wait for its end."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
