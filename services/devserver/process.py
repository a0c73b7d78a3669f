"""A server's process: a session of its own, a file with its pid, and an end that is certain."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic, sleep

_POLL_SECONDS = 0.05


class ServerProcess:
    """One started program, whose pid is the server itself (the start script replaces itself with it)."""

    def __init__(self, child: "subprocess.Popen[bytes]", pid_file: Path) -> None:
        self._child = child
        self._pid_file = pid_file

    @classmethod
    def spawn(
        cls, command: Sequence[str], *, environment: Mapping[str, str], log: Path, pid_file: Path
    ) -> "ServerProcess":
        """Start `command` in a session of its own, output appended to `log`, pid written to `pid_file`."""
        with log.open("ab") as output:
            child = subprocess.Popen(  # noqa: S603 - programs and arguments are ours
                [*_ends_with_us(), *command],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=pid_file.parent,
                start_new_session=True,
            )
        pid_file.write_text(str(child.pid))
        return cls(child, pid_file)

    @property
    def pid(self) -> int:
        """The server's pid."""
        return self._child.pid

    @property
    def pids(self) -> tuple[int, ...]:
        """The server's pid and those of the helpers it started, while it lives."""
        return (self.pid, *descendants(self.pid)) if self.alive else ()

    @property
    def alive(self) -> bool:
        """Tell whether it still runs."""
        return self._child.poll() is None

    async def ended(self, within_seconds: float) -> bool:
        """Wait until it has ended; tell whether it did in time."""
        deadline = monotonic() + within_seconds
        while self.alive and monotonic() < deadline:  # noqa: ASYNC110 - a process sets no event
            await asyncio.sleep(_POLL_SECONDS)
        return not self.alive

    async def stop(self, grace_seconds: float) -> None:
        """Ask it to end; when it has not after `grace_seconds`, kill it."""
        if self.alive:
            self._child.terminate()
            await self.ended(grace_seconds)
        self.kill()

    def kill(self) -> None:
        """SIGKILL the server and every helper it started; it is dead and reaped on return."""
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._child.wait()
        self._pid_file.unlink(missing_ok=True)


def end_stale(pid_file: Path, belongs_to: Path, grace_seconds: float) -> None:
    """End the server a crashed owner left behind, if the pid in the file still works in `belongs_to`."""
    pid = _pid_in(pid_file)
    if pid is not None and works_in(pid, belongs_to):
        family = (pid, *descendants(pid))
        _signal(family[:1], signal.SIGTERM)
        deadline = monotonic() + grace_seconds
        while works_in(pid, belongs_to) and monotonic() < deadline:
            sleep(_POLL_SECONDS)
        _signal([each for each in family if works_in(each, belongs_to)], signal.SIGKILL)
    pid_file.unlink(missing_ok=True)


def works_in(pid: int, directory: Path) -> bool:
    """Tell whether a live process was started by us for this directory (it is its HOME)."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return b"HOME=" + os.fsencode(directory) in environment.split(b"\0")


def descendants(pid: int) -> tuple[int, ...]:
    """Return the pids of children, their children, and so on."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return ()
    return tuple(each for child in children for each in (child, *descendants(child)))


def _ends_with_us() -> list[str]:
    # The kernel sends SIGTERM to the server when our process dies without a chance to stop it.
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


def _pid_in(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text())
    except (OSError, ValueError):
        return None


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
