"""The outbox: announcements are kept in the transaction that causes them, and for days after they went."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal

from services.chassis.clock import new_id
from services.contracts.catalogue import partition_of, topic_of
from services.contracts.envelope import (
    EVENTS_PER_PARCEL_MAX,
    PARCEL_BYTES_MAX,
    Envelope,
    parcel_of,
    to_wire,
)

ROW_BYTES_MAX = 4 * 1024 * 1024
SHARED_MAX = 4
"""A community that says no more than this at once shares its parcels with others."""
SEVERAL = ""
COLLECTION = "outbox"
INDEXES = (("sent_at", "claimed_until", "_id"),)
"""What is not sent has no `sent_at`: it stands first, what was never tried before what failed."""


class NotTaken(Exception):
    """The broker says no to this very message; others may be taken.

    Arguments:
        why: `refused`: a queue that should take it is full · `nobody_listens`: no queue is bound for it ·
            `gone`: the exchange is not there.
    """

    def __init__(self, detail: str, why: Literal["refused", "nobody_listens", "gone"]) -> None:
        super().__init__(detail)
        self.why = why


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message for the broker: envelopes that the same services hear.

    Arguments:
        community: of all of them; `SEVERAL` where they are of several, which share a partition.
    """

    id: str
    routing_key: str
    community: str
    body: bytes
    envelopes: int

    @property
    def way(self) -> str:
        """Return partition and family: what shares them goes to the same queues, and is blocked together."""
        return ".".join(self.routing_key.split(".", 2)[:2])


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """The parcels of one transaction, and since when they wait."""

    id: str
    at: datetime
    parcels: tuple[Parcel, ...]

    def to_document(self) -> dict[str, Any]:
        """Return the outbox row; once every parcel is confirmed it has a `sent_at`, in database time."""
        rows = [[p.routing_key, p.community, p.body, p.envelopes] for p in self.parcels]
        return {"_id": self.id, "at": self.at, "claimed_until": None, "parcels": rows}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "OutboxRow":
        """Return the outbox row of a document: of one sent in part, what is left."""
        left = document.get("left")
        parcels = tuple(
            Parcel(parcel_id(document["_id"], n), key, who, bytes(body), envelopes)
            for n, (key, who, body, envelopes) in enumerate(document["parcels"])
            if left is None or n in left
        )
        return cls(document["_id"], document["at"], parcels)


def parcel_id(outbox_row: str, number: int) -> str:
    """Return the id of an outbox row's parcel, the same whenever it is sent."""
    return f"{outbox_row}.{number}"


def number_of(parcel: Parcel) -> int:
    """Return which of its row's parcels it is."""
    return int(parcel.id.rpartition(".")[2])


def outbox_rows_of(said: Sequence[Envelope], partitions: int, at: datetime) -> list[OutboxRow]:
    """Return the envelopes as outbox rows, in their order; several only where one would grow too large."""
    outbox_rows: list[list[tuple[str, str, bytes, int]]] = []
    size = ROW_BYTES_MAX
    for row in _rows(said, partitions):
        if size + len(row[2]) > ROW_BYTES_MAX:
            outbox_rows.append([])
            size = 0
        outbox_rows[-1].append(row)
        size += len(row[2])
    return [_outbox_row(new_id(), at, rows) for rows in outbox_rows]


def _outbox_row(outbox_row: str, at: datetime, rows: list[tuple[str, str, bytes, int]]) -> OutboxRow:
    return OutboxRow(
        outbox_row, at, tuple(Parcel(parcel_id(outbox_row, n), *row) for n, row in enumerate(rows))
    )


def _rows(said: Sequence[Envelope], partitions: int) -> Iterator[tuple[str, str, bytes, int]]:
    """Put together what travels together; only within a community does the order matter.

    Who says much has parcels of their own, and a line of their own where they arrive; those who say little
    share parcels, by partition: a message costs as much with one fact in it as with thirty.
    """
    by_community: dict[str, list[Envelope]] = {}
    for envelope in said:
        by_community.setdefault(envelope.community, []).append(envelope)
    shared: dict[tuple[int, str], list[Envelope]] = {}
    for community, envelopes in by_community.items():
        for turn, (topic, run) in enumerate(groupby(envelopes, key=lambda one: topic_of(one.kind))):
            key = f"p{partition_of(community, partitions)}.{topic}"
            if len(envelopes) > SHARED_MAX:
                yield from _parcels(key, run)
            else:
                shared.setdefault((turn, key), []).extend(run)
    for (_, key), several in sorted(shared.items(), key=itemgetter(0)):
        yield from _parcels(key, several)


def _parcels(key: str, envelopes: Iterable[Envelope]) -> Iterator[tuple[str, str, bytes, int]]:
    for chunk in _bounded((envelope.community, to_wire(envelope)) for envelope in envelopes):
        communities = {community for community, _ in chunk}
        own = communities.pop() if len(communities) == 1 else SEVERAL
        yield key, own, parcel_of(fact for _, fact in chunk), len(chunk)


def _bounded(facts: Iterator[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    chunk: list[tuple[str, bytes]] = []
    size = 0
    for community, fact in facts:
        if chunk and (len(chunk) == EVENTS_PER_PARCEL_MAX or size + len(fact) > PARCEL_BYTES_MAX):
            yield chunk
            chunk, size = [], 0
        chunk.append((community, fact))
        size += len(fact) + 1
    if chunk:
        yield chunk
