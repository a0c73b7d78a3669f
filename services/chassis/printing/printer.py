"""Prints sheets as PDF beside the loop: one at a time, each in a process of its own, few that wait.

It takes seconds of a processor, and memory that an interpreter does not give back: in a thread the loop would
share its interpreter with it. A process that hangs is ended, and whatever it comes to ends with it.
"""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import orjson
import structlog

from services.chassis.http.rejections import Unavailable
from services.chassis.printing import NOTHING_TO_PRINT_WITH, PRESS, SERVICES
from services.chassis.write_queue import TooManyWaiting
from services.contracts.refusal import Refused

log = structlog.get_logger()
MEDIA_PDF = "application/pdf"
AT_ONCE = 1
WAITING_MAX = 6
"""Sheets that may wait or be printed at the same time in one process."""
PRINT_SECONDS_MAX = 30.0
_WAIT_SECONDS = 5


class PdfNotAvailable(Refused):
    """Pango or a Chinese font is not installed where the service runs."""

    slug = "pdf_not_available"
    status: ClassVar[int] = 503
    title = "本机缺少 PDF 组件"


class PrintFailed(Exception):
    """A sheet could not be printed, though everything is there for it."""


@dataclass
class Printer:
    """Prints what is asked of it.

    Arguments:
        command: starts the press; the template is added to it.
        seconds_max: after which a press is ended.
    """

    command: tuple[str, ...] = PRESS
    seconds_max: float = PRINT_SECONDS_MAX
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE), init=False)
    _waiting: int = field(default=0, init=False)

    async def pdf(self, template: str, values: Mapping[str, Any]) -> bytes:
        """Return a sheet as PDF.

        Arguments:
            template: below `services/`.
            values: plain values that the template names.

        Raises:
            TooManyWaiting: others wait already.
            PdfNotAvailable: this machine cannot print.
            Unavailable: it took too long, and was ended.
            PrintFailed: the press failed.
        """
        if self._waiting >= WAITING_MAX:
            raise TooManyWaiting(retry_after_seconds=_WAIT_SECONDS)
        self._waiting += 1
        try:
            async with self._turn:
                return await self._printed(template, values)
        finally:
            self._waiting -= 1

    async def _printed(self, template: str, values: Mapping[str, Any]) -> bytes:
        pipe = asyncio.subprocess.PIPE
        press = await asyncio.create_subprocess_exec(
            *self.command,
            template,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            cwd=SERVICES.parent,
            env=_surroundings(),
        )
        try:
            async with asyncio.timeout(self.seconds_max):
                pdf, said = await press.communicate(orjson.dumps(values))
        except TimeoutError as error:
            log.warning("print_too_long", template=template, seconds=self.seconds_max)
            raise Unavailable("打印时间太长，请减少行数后再试") from error
        finally:
            if press.returncode is None:
                press.kill()
                await press.wait()
        if press.returncode == NOTHING_TO_PRINT_WITH:
            log.warning("print_not_available", because=_last_of(said))
            raise PdfNotAvailable
        if press.returncode != 0:
            raise PrintFailed(f"{template}: status {press.returncode}: {_last_of(said)}")
        return pdf


def _surroundings() -> dict[str, str]:
    """Return the environment without what is ours in it: a press needs no address and no password."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SANDAN_")}


def _last_of(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else ""
