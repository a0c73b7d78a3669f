"""The write queue: HTTP writes that arrive together commit together, no community before its turn."""

import asyncio
from collections import deque
from typing import Any, ClassVar, TypeVar, cast

from services.chassis import metrics
from services.chassis.batches import Batches
from services.chassis.failures import Away
from services.chassis.interval import BatchInterval
from services.chassis.work import Work
from services.contracts.refusal import Refused

A = TypeVar("A")
_Waiting = tuple[Work[Any], "asyncio.Future[Any]"]


class TooManyWaiting(Refused):
    """One community has more writes waiting than may wait; the others go on."""

    slug = "too_many_waiting"
    status: ClassVar[int] = 429
    title = "请求太多，请稍后再试"


class WriteQueue:
    """Collects works, and runs what is waiting whenever the last batch is done.

    Arguments:
        service: label of the metrics.
        batches: runs them.
        batch_max: works in one batch.
        waiting_max: works of one community that may wait.
        pace: of the batches.
    """

    def __init__(
        self, service: str, batches: Batches, batch_max: int, waiting_max: int, pace: BatchInterval
    ) -> None:
        self._pace = pace
        self._service = service
        self._batches = batches
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._waiting: dict[str, deque[_Waiting]] = {}
        self._arrived = asyncio.Event()
        self._stopping = False

    async def do(self, work: Work[A]) -> A:
        """Run a work with whatever else is waiting, and return its answer.

        Raises:
            Refused: a rule said no.
            Away: the database does not answer; whether it was done is unknown.
        """
        queue = self._waiting.setdefault(work.origin.community, deque())
        if len(queue) >= self._waiting_max:
            raise TooManyWaiting
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        queue.append((work, answer))
        self._arrived.set()
        return await answer

    async def run(self) -> None:
        """Run batches until stopped, then what is still waiting."""
        while self._waiting or not self._stopping:
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            await self._pace.keep()
            taken = self._take()
            self._pace.took(len(taken), full=len(taken) >= self._batch_max)
            await self._run_batch(taken)

    def stop(self) -> None:
        """Ask `run` to come to its end."""
        self._stopping = True
        self._arrived.set()

    def _take(self) -> list[_Waiting]:
        """Take from every community in turn, so that a noisy one does not starve the others."""
        taken: list[_Waiting] = []
        while self._waiting and len(taken) < self._batch_max:
            for community in list(self._waiting):
                queue = self._waiting[community]
                taken.append(queue.popleft())
                if not queue:
                    del self._waiting[community]
                if len(taken) >= self._batch_max:
                    break
        return taken

    async def _run_batch(self, taken: list[_Waiting]) -> None:
        metrics.BATCH_SIZE.labels(self._service, "http").observe(len(taken))
        outcomes: list[object] = [Away("the batch was given up")] * len(taken)
        try:
            outcomes = list(await self._outcomes([work for work, _ in taken]))
        finally:
            for (_, answer), outcome in zip(taken, outcomes, strict=True):
                _tell(answer, outcome)

    async def _outcomes(self, works: list[Work[Any]]) -> list[object]:
        """Run works together; where they fail by a fault, each by itself, so that one harms no other."""
        try:
            return list(await self._batches.run(works))
        except Away as away:
            return [away] * len(works)
        except Exception as error:  # noqa: BLE001 - told to everybody who waits; the queue goes on
            if len(works) == 1:
                return [error]
            return [outcome for work in works for outcome in await self._outcomes([work])]


def _tell(answer: "asyncio.Future[Any]", outcome: object) -> None:
    if answer.done():  # the client went away; the work is done all the same
        return
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
    else:
        answer.set_result(cast(Any, outcome))
