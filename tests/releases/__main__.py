"""Records what this release stores and says: `python -m tests.releases NAME` writes tests/releases/NAME/.

The story of the replay test is played through a running house. Run it once per release, and never again
over a directory that is there: what is kept here is what that release wrote.
"""

import asyncio
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bson import json_util

from services.composition import Settings
from services.devserver import servers_from
from tests.support.deployment import Deployments, Keys
from tests.support.running import running_house
from tests.support.tape import Story, Tape, recorded

HERE = Path(__file__).parent
DATA = HERE.parents[1] / ".sandan" / "tests"
ALIKE = frozenset({"notify.notices", "intake.holders"})
"""There are many of these, and they are much alike ..."""
ALIKE_MAX = 4
"""... so that as many are kept of those whose fields are the same."""


async def record(name: str) -> Path:
    """Play the story and keep what was stored and said; return where."""
    into = HERE / name
    into.mkdir()
    given = Settings()
    async with servers_from(given.amqp_url, given.mongo_url, DATA, keep=False) as servers:
        keys = Keys()
        deployments = Deployments(servers, keys)
        async with running_house(deployments.new(), keys) as running:
            async with recorded(running) as tape:
                await Story(running).play()
                await running.drained()
            rows = await running.rows()
        await deployments.remove()
    for collection, documents in rows.items():
        chosen = _sample(documents) if collection in ALIKE else documents
        _write(into / f"{collection}.jsonl", chosen)
    _write(into / "messages.jsonl", _one_of_each(tape))
    return into


def _one_of_each(tape: Tape) -> list[dict[str, Any]]:
    return list({row["kind"]: row for _, _, row in tape.envelopes}.values())


def _sample(documents: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a few of each shape."""
    alike: dict[tuple[str, ...], int] = {}
    for document in documents:
        shape = tuple(sorted(_shape(document, "")))
        alike[shape] = alike.get(shape, 0) + 1
        if alike[shape] <= ALIKE_MAX:
            yield document


def _shape(part: Any, at: str) -> Iterator[str]:
    """Yield where a document has a value of which type."""
    if isinstance(part, dict):
        for key, below in part.items():
            yield from _shape(below, f"{at}.{key}")
    elif isinstance(part, list) and part:
        yield from _shape(part[0], f"{at}[]")
    else:
        yield f"{at}: {type(part).__name__}"


def _write(path: Path, documents: Iterable[dict[str, Any]]) -> None:
    options = json_util.RELAXED_JSON_OPTIONS
    lines = [
        json_util.dumps(row, json_options=options, ensure_ascii=False, sort_keys=True) for row in documents
    ]
    if lines:
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(record(sys.argv[1]))}\n")
