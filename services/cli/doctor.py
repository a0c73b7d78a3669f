"""Looks at this machine and says what is there, what is missing, and how to mend it."""

import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.table import Table

from services.chassis.printing import PRESS
from services.devserver import find_mongod, find_rabbitmq

PYTHON_MIN = (3, 11)
MEMORY_MB_MIN = 1_000
DISK_MB_MIN = 2_000
HTTP_PORT = 8080
_ANSWER_SECONDS_MAX = 3.0
_SETUP = "run `make setup` · 运行 make setup"
_PDF_PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-wqy-microhei"
_PORTS_OF = {"amqp": 5672, "amqps": 5671, "mongodb": 27017}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Arguments:
        what: its name.
        seen: what is there.
        mend: what to do about it; empty when all is well.
        fatal: whether Sandan cannot run like this.
    """

    what: str
    seen: str
    mend: str = ""
    fatal: bool = False

    @property
    def sign(self) -> str:
        """A word and a colour for it."""
        if not self.mend:
            return "[green]ok[/]"
        return "[red]missing[/]" if self.fatal else "[yellow]look[/]"


def doctor() -> None:
    """Look at this machine: Python, packages, servers, PDF, memory, disk, port; say how to mend each."""
    findings = tuple(examine())
    console = Console()
    console.print(as_table(findings))
    if not is_well(findings):
        console.print("Sandan cannot run here yet; see the last column. 还不能运行,请按最后一列处理。")
        raise typer.Exit(1)
    console.print("Sandan can run here. 可以运行。")


def examine() -> Iterator[Finding]:
    """Look at everything, one after the other."""
    yield python()
    yield packages()
    yield server("RabbitMQ", "SANDAN_AMQP_URL", find_rabbitmq, rabbitmq_version)
    yield server("MongoDB", "SANDAN_MONGO_URL", find_mongod, mongod_version)
    yield pdf()
    yield memory()
    yield disk(Path.cwd())
    yield port(int(os.environ.get("SANDAN_HTTP_PORT") or HTTP_PORT))


def is_well(findings: Iterable[Finding]) -> bool:
    """Tell whether nothing is so wrong that Sandan cannot run."""
    return not any(finding.mend and finding.fatal for finding in findings)


def as_table(findings: Iterable[Finding]) -> Table:
    """Return the findings for a terminal."""
    table = Table("", "", "", "", show_header=False, title="Sandan 三单 · doctor")
    for finding in findings:
        table.add_row(finding.sign, finding.what, finding.seen, finding.mend)
    return table


def python() -> Finding:
    """The interpreter that runs this."""
    seen = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info[:2] >= PYTHON_MIN:
        return Finding("Python", seen)
    return Finding("Python", seen, "install Python 3.11 or later · 安装 Python 3.11 或更高版本", fatal=True)


def packages(requirements: Path = Path("requirements.txt")) -> Finding:
    """Whether what is installed is what the project asks for."""
    if not requirements.is_file():
        return Finding("packages", "no requirements.txt here, not compared")
    pins = re.findall(r"(?m)^([A-Za-z0-9_.-]+)==([0-9A-Za-z.]+)", requirements.read_text())
    others = [
        f"{name} {_installed(name)} (wants {version})"
        for name, version in pins
        if _installed(name) != version
    ]
    if others:
        return Finding("packages", ", ".join(others), _SETUP, fatal=any(" none " in each for each in others))
    return Finding("packages", f"all {len(pins)} as pinned")


def server(
    name: str, setting: str, find: Callable[[], Path | None], version_of: Callable[[Path], str]
) -> Finding:
    """A server: the one the setting names, if it answers, or a program to start one of our own."""
    url = os.environ.get(setting, "")
    if url:
        return reachable(name, setting, url)
    program = find()
    if program is None:
        return Finding(name, "none", f"{_SETUP}, or set {setting}", fatal=True)
    return Finding(name, f"{version_of(program)} ({program})")


def reachable(name: str, setting: str, url: str) -> Finding:
    """Whether every host of a URL (or of several, separated by commas) takes a connection."""
    silent = [f"{host}:{at}" for host, at in addresses(url) if not _answers(host, at)]
    if silent:
        mend = f"start it, or correct {setting} · 启动它,或更正 {setting}"
        return Finding(name, f"no answer from {', '.join(silent)}", mend, fatal=True)
    return Finding(name, f"answers at {', '.join(f'{host}:{at}' for host, at in addresses(url))}")


def addresses(url: str) -> list[tuple[str, int]]:
    """Return host and port of each server named in the URL(s), without the password."""
    found: list[tuple[str, int]] = []
    scheme = urlsplit(url).scheme
    for part in url.split(","):
        parsed = urlsplit(part if "://" in part else f"{scheme}://{part}")
        found.append((parsed.hostname or "localhost", parsed.port or _PORTS_OF.get(scheme, 0)))
    return found


def rabbitmq_version(script: Path) -> str:
    """Return the version of the RabbitMQ behind its start script, read from where it is unpacked."""
    home = script.resolve().parent.parent
    names = [each.name for each in (home / "plugins").glob("rabbit-[0-9]*")]
    return names[0].removeprefix("rabbit-").removesuffix(".ez") if names else home.name


def mongod_version(program: Path) -> str:
    """Return the version that mongod says it has, or why it cannot run."""
    words = [str(program), "--version"]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - found by us
    first = (ran.stdout or ran.stderr).splitlines()[:1]
    return first[0].removeprefix("db version v") if first else f"does not run (status {ran.returncode})"


def pdf(press: tuple[str, ...] = PRESS) -> Finding:
    """Whether passbooks can be printed; everything else runs without."""
    ran = subprocess.run(  # noqa: S603 - a module of ours
        press, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
    )
    if ran.returncode == 0:
        return Finding("PDF", "passbooks can be printed")
    why = (ran.stderr.strip().splitlines() or [f"status {ran.returncode}"])[-1]
    mend = f"passbooks are not printed; {_SETUP} as root, or install {_PDF_PACKAGES} · 不能打印存折"
    return Finding("PDF", why, mend)


def memory() -> Finding:
    """Memory that is free for use."""
    available = _available_memory_mb()
    if available >= MEMORY_MB_MIN:
        return Finding("memory", f"{available} MB available")
    return Finding("memory", f"{available} MB available", f"{MEMORY_MB_MIN} MB are better · 建议至少 1 GB")


def disk(directory: Path) -> Finding:
    """Room for data."""
    free = shutil.disk_usage(directory).free // 1_000_000
    if free >= DISK_MB_MIN:
        return Finding("disk", f"{free} MB free in {directory}")
    return Finding("disk", f"{free} MB free in {directory}", f"{DISK_MB_MIN} MB are better · 建议至少 2 GB")


def port(number: int) -> Finding:
    """Whether the port of the website is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            mend = "Sandan runs already, or set SANDAN_HTTP_PORT · 已在运行,或另设 SANDAN_HTTP_PORT"
            return Finding("port", f"{number} is taken", mend)
    return Finding("port", f"{number} is free")


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"


def _answers(host: str, at: int) -> bool:
    try:
        with socket.create_connection((host, at), timeout=_ANSWER_SECONDS_MAX):
            return True
    except OSError:
        return False


def _available_memory_mb() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1_000
    return 0
