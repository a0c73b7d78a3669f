"""Where a demand's time goes: samples of what each service's interpreter does under load, by stage; what the
database is asked.

The samples are py-spy's, which looks from outside and slows down nothing that could be seen in the figures.
It may look at other processes as root, or where the system allows it.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from services.chassis.mongo import open_client

PY_SPY = Path(sys.executable).parent / "py-spy"
PER_SECOND = 200
SERVICES = ("intake", "matching", "notify")
STAGE = "stage_cpu_seconds_per_1000_demands"
SECONDS, CALLS = "database_seconds_per_1000_demands", "database_calls_per_1000_demands"
LISTED = 12
"""So many kinds of commands are told, those that took the longest."""
OTHER = "what else the machinery does"
STAGES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("reading what a text says", ("services/language/",)),
    ("likenesses, beside the way", ("_apply_beside",)),
    ("what a demand is compared by", ("voices/likeness.py", "domain/duplicates.py", "domain/voices/")),
    ("ranking providers", ("domain/ranking.py", "domain/evidence.py", "routing/models.py")),
    ("driver of the database", ("/pymongo/", "/motor/", "/bson/", "concurrent/futures/")),
    ("driver of the broker", ("/aio_pika/", "/aiormq/", "/pamqp/")),
    ("values to documents and back", ("chassis/documents.py", "type_adapter.py")),
    ("messages read and written", ("contracts/envelope.py", "chassis/outbox.py", "chassis/masking.py")),
    ("views and answers", ("/views/", "http/answers.py (show)")),
    ("deciding", ("/domain/", "/handlers/", "/consumers/", "/store/")),
    ("messages taken and settled", ("chassis/processor.py", "chassis/inbound.py", "chassis/streams.py")),
    ("HTTP, tokens, limits", ("/aiohttp/", "chassis/http/", "/jwt/", "/routes/")),
)
"""Stage → parts of its frames, functions with their files; the first that has one of a sample's counts."""


def stage_of(frames: Iterable[str]) -> str:
    """Return what was being done: the first stage of the list that any frame belongs to.

    Arguments:
        frames: function and file of each, as py-spy writes them, the outermost first.
    """
    whole = list(frames)
    for stage, parts in STAGES:
        if any(part in frame for frame in whole for part in parts):
            return stage
    return OTHER


def shares(samples: Iterable[str]) -> dict[str, float]:
    """Return stage → its share of the samples.

    Arguments:
        samples: lines of collapsed stacks: frames, separated by semicolons, and how often they were seen.
    """
    seen: Counter[str] = Counter()
    for line in samples:
        stack, _, count = line.rpartition(" ")
        if count.strip().isdecimal():
            seen[stage_of(stack.split(";"))] += int(count)
    total = seen.total() or 1
    return {stage: count / total for stage, count in seen.most_common()}


async def sampled(pids: Mapping[str, tuple[int, ...]], seconds: int) -> dict[str, dict[str, float]]:
    """Return for each service what its interpreter did in the seconds that follow, by stage.

    Raises:
        RuntimeError: py-spy is not there, or may not look.
    """
    if not PY_SPY.exists():
        raise RuntimeError(f"{PY_SPY} is not there: make setup-dev")
    with TemporaryDirectory() as place:
        files = {name: Path(place) / name for name in pids}
        processes = [
            await asyncio.create_subprocess_exec(
                *(str(PY_SPY), "record", "--gil", "--format", "raw", "--rate", str(PER_SECOND)),
                *("--duration", str(seconds), "--output", str(files[name]), "--pid", str(pid)),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
            for name, (pid, *_) in pids.items()
        ]
        told = [await process.communicate() for process in processes]
        for process, (_, error) in zip(processes, told, strict=True):
            if process.returncode:
                raise RuntimeError(f"py-spy cannot look: {error.decode().strip()}")
        return {name: shares(file.read_text().splitlines()) for name, file in files.items()}


async def asked(mongo_url: str, prefix: str) -> "Asked":
    """Return service, collection and kind of command → how often the database did it so far, and the seconds.

    The seconds are those that commands spent in the server, waiting for each other included.
    """
    client = open_client(mongo_url)
    try:
        totals: Mapping[str, Any] = (await client.admin.command("top"))["totals"]
    finally:
        client.close()
    found = {}
    for name, uses in totals.items():
        database, _, collection = name.partition(".")
        if isinstance(uses, dict) and database.startswith(f"{prefix}_"):
            for kind in ("queries", "insert", "update", "remove", "commands"):
                count, micros = uses[kind]["count"], uses[kind]["time"]
                found[f"{database.removeprefix(f'{prefix}_')}.{collection} {kind}"] = (count, micros / 1e6)
    return found


Asked = Mapping[str, tuple[int, float]]
"""Service, collection and command → how often, and the seconds."""


def since(before: "Asked", after: "Asked") -> "Asked":
    """Return what was asked between two looks, what took the longest first."""
    spent = {}
    for what, (count, seconds) in after.items():
        earlier, until = before.get(what, (0, 0.0))
        spent[what] = (count - earlier, seconds - until)
    longest = sorted(spent, key=lambda what: -spent[what][1])
    return {what: spent[what] for what in longest[:LISTED]}
