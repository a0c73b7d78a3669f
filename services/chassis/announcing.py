"""Streams that wait for a fact: which they are, saying a stream's facts again, and going on without one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from services.chassis.bus import SKIP, ServiceExchange
from services.chassis.clock import new_id, now
from services.chassis.mongo import Store
from services.chassis.outbox import COLLECTION, SEVERAL, OutboxRow, Parcel
from services.chassis.parking import ACTIONS
from services.chassis.streams import STREAMS, WAITS_SINCE
from services.contracts.catalogue import partition_of

ROWS_AT_ONCE = 500
LISTED_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Gap:
    """A stream that waits.

    Arguments:
        service: which waits.
        version: the last fact it applied.
        waiting: numbers of the facts that wait.
        since: when the first of them came.
    """

    service: str
    community: str
    stream: str
    version: int
    waiting: tuple[int, ...]
    since: datetime

    @property
    def missing(self) -> tuple[int, ...]:
        """Return the numbers of the facts that never came."""
        return tuple(range(self.version + 1, min(self.waiting)))


async def gaps(store: Store, service: str, limit: int = LISTED_MAX) -> list[Gap]:
    """Return a service's streams that wait for a fact, the longest waiting first.

    Raises:
        Away: the database does not answer.
    """
    query = {WAITS_SINCE: {"$gt": datetime.fromtimestamp(0).astimezone()}}
    fields = ("community", "version", "waiting.version", WAITS_SINCE)
    rows = await store.plain(STREAMS.name).find(query, sort=WAITS_SINCE, limit=limit, fields=fields)
    return [_gap(service, row) for row in rows]


def _gap(service: str, row: dict[str, Any]) -> Gap:
    community = row["community"]
    stream = row["_id"].removeprefix(f"{community}/")
    waiting = tuple(early["version"] for early in row["waiting"])
    return Gap(service, community, stream, row["version"], waiting, row[WAITS_SINCE])


async def kept_parcels(store: Store, community: str, stream: str) -> list[Parcel]:
    """Return what a publisher has kept of a stream, oldest first: parcels with one of its facts at least.

    Raises:
        Away: the database does not answer.
    """
    outbox, found, last = store.plain(COLLECTION), list[Parcel](), ""
    of_community = {"parcels": {"$elemMatch": {"$elemMatch": {"$in": [community, SEVERAL]}}}}
    while rows := await outbox.find({**of_community, "_id": {"$gt": last}}, limit=ROWS_AT_ONCE):
        for row in rows:
            whole = OutboxRow.from_document({**row, "left": None})
            found += [parcel for parcel in whole.parcels if _tells_of(parcel, community, stream)]
        last = rows[-1]["_id"]
    return found


def _tells_of(parcel: Parcel, community: str, stream: str) -> bool:
    if parcel.community not in (community, SEVERAL):
        return False
    facts = orjson.loads(parcel.body)
    return any(fact.get("stream") == stream and fact.get("community") == community for fact in facts)


async def announce_again(exchange: ServiceExchange, parcels: Sequence[Parcel]) -> int:
    """Publish parcels again; what was heard of them before is recognised. Returns how many there were.

    Raises:
        Away, NotTaken: one was not confirmed.
    """
    for failure in await exchange.publish(parcels):
        if failure is not None:
            raise failure
    return len(parcels)


async def skip_missing(store: Store, exchange: ServiceExchange, gap: Gap, partitions: int, by: str) -> int:
    """Let a stream go on without the facts that never came, and record who decided so; return how many.

    Raises:
        Away: database or broker do not answer.
    """
    at = now()
    record = {"action": "skipped", "reason": "gap", "parked": gap.stream, "community": gap.community}
    missing = list(gap.missing)
    await store.plain(ACTIONS).put({"_id": new_id(), "by": by, "at": at, "missing": missing, **record})
    kind = await _kind_that_waits(store, gap)
    queue = exchange.names.work(gap.service, partition_of(gap.community, partitions))
    for version in gap.missing:
        envelope = {
            "id": new_id(),
            "kind": kind,
            "community": gap.community,
            "stream": gap.stream,
            "version": version,
            "at": at,
            "actor": {"subject": by, "role": "operator"},
            "correlation": gap.stream,
            "body": None,
        }
        headers = {SKIP: True, "community": gap.community}
        await exchange.publish_back(queue, orjson.dumps(envelope), headers)
    return len(gap.missing)


async def _kind_that_waits(store: Store, gap: Gap) -> str:
    """Return a kind of the stream's family, by which the reader knows that it is followed in order."""
    (row,) = await store.plain(STREAMS.name).find({"_id": f"{gap.community}/{gap.stream}"})
    kind: str = orjson.loads(row["waiting"][0]["wire"])["kind"]
    return kind
