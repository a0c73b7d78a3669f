"""A server's own directory: locked by the process that uses it, so that no two run on the same data."""

import fcntl
import os
from pathlib import Path

from services.devserver.unavailable import ServersUnavailable


class Home:
    """The directory of one server: data, logs, ports, pids."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: int | None = None

    def take(self) -> None:
        """Create and lock the directory. Raises ServersUnavailable when a live process has it."""
        if self._lock is not None:
            return
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            os.close(lock)
            raise ServersUnavailable(
                f"{self.path} is in use by another running Sandan; stop that one first (`make down`). "
                f"{self.path} 正被另一个运行中的三单使用,请先停止它(`make down`)。"
            ) from taken
        self._lock = lock

    def leave(self) -> None:
        """Unlock it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
