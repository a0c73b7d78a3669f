"""What is kept here of earlier releases, and a town that an earlier release has left."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import bson
from bson import json_util

from services.chassis.documents import Collection
from services.chassis.streams import STREAMS
from services.composition import SPECS
from tests.support.deployment import jiwang
from tests.support.documents import MemoryDocuments
from tests.support.town import Town

HERE = Path(__file__).parent
RELEASES = sorted(path.name for path in HERE.iterdir() if (path / "messages.jsonl").exists())
_OPTIONS = json_util.JSONOptions(tz_aware=True)


GIVEN_UP = ("intake.holders",)
"""What earlier releases kept and nobody reads any more: likely duplicates are looked up in memory."""


def collections(release: str) -> list[str]:
    """Return the collections of a release, as `service.name`."""
    found = sorted(path.name.removesuffix(".jsonl") for path in (HERE / release).glob("*.jsonl"))
    return [name for name in found if name not in ("messages", *GIVEN_UP)]


@cache
def _lines(release: str, collection: str) -> list[str]:
    return (HERE / release / f"{collection}.jsonl").read_text(encoding="utf-8").splitlines()


def records(release: str, collection: str) -> list[dict[str, Any]]:
    """Return the records of a collection as that release wrote them."""
    return [json_util.loads(line, json_options=_OPTIONS) for line in _lines(release, collection)]


def messages(release: str) -> list[dict[str, Any]]:
    """Return one envelope of every kind that was said."""
    return [json.loads(line) for line in _lines(release, "messages")]


def collection_of(collection: str) -> Collection[Any]:
    """Return today's collection by its name."""
    service, name = collection.split(".")
    return next(
        collection for collection in (*SPECS[service].collections, STREAMS) if collection.name == name
    )


def town_left_by(release: str) -> Town:
    """Return Jiwang as a release left it, a minute after the last thing that happened."""
    documents = {service: MemoryDocuments() for service in SPECS}
    for collection in collections(release):
        service, name = collection.split(".")
        rows = documents[service].rows.setdefault(name, {})
        rows.update({row["_id"]: bson.encode(row) for row in records(release, collection)})
    last = max(datetime.fromisoformat(row["at"]) for row in messages(release))
    return Town(documents, jiwang(), now=last)
