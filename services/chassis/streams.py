"""Each event once and in order: a cursor per stream, kept in the transaction of the effect.

A stream is one thing's facts, counted from one. The cursor is how far a service has come; an older
fact is a repetition, the next is applied, and one that came too early waits inside the cursor.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from services.chassis.desk import Desk, Origin, Work
from services.chassis.failures import NotYet
from services.chassis.shelf import Ref, Shelf
from services.contracts.envelope import Envelope, to_wire
from services.contracts.refusal import Refused

WAITING_MAX = 500


@dataclass(frozen=True, slots=True)
class Waiting:
    """A fact that came before its predecessor."""

    version: int
    wire: bytes


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a service has come in a stream, and what waits for the gap to close."""

    version: int = 0
    waiting: tuple[Waiting, ...] = ()


STREAMS = Shelf("streams", Cursor)


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of an envelope.

    Arguments:
        result: applied, repeated, waits, refused or skipped.
        refusal: the rule's answer when it was refused.
        released: envelopes that waited for this one and can be applied now.
    """

    result: str
    refusal: Refused | None = None
    released: tuple[bytes, ...] = ()


def follow(
    envelope: Envelope, work: Work[Any] | None, *, in_order: bool, skip: bool = False
) -> Work[Followed]:
    """Return the work that applies an envelope once and in its turn.

    Arguments:
        envelope: what arrived.
        work: its effect; None where the service has none.
        in_order: the service hears the whole stream; otherwise the event's id alone is remembered.
        skip: a person decided that the stream goes on without this fact.
    """
    stream, version = (envelope.stream, envelope.version) if in_order else (f"event/{envelope.id}", 1)
    ref = Ref(STREAMS, envelope.community, stream)
    origin = work.origin if work else origin_of(envelope)

    def decide(desk: Desk) -> Followed:
        cursor = desk.find(ref) or Cursor()
        if version <= cursor.version:
            return Followed("repeated", released=_released(cursor))
        if version > cursor.version + 1:
            if skip:
                raise NotYet(f"what comes after {cursor.version} holds the stream up first")
            desk.put(ref, _with_waiting(cursor, version, envelope))
            return Followed("waits")
        refusal = None if skip or work is None else _apply(desk, work)
        after = _past(cursor, version)
        desk.put(ref, after)
        result = "skipped" if skip else "refused" if refusal else "applied"
        return Followed(result, refusal, _released(after))

    return Work(origin, (ref, *(work.reads if work else ())), decide, work.then_reads if work else None)


def origin_of(envelope: Envelope) -> Origin:
    """Return where the effects of an envelope come from."""
    return Origin(envelope.community, envelope.actor, envelope.correlation, envelope.id)


def _apply(desk: Desk, work: Work[Any]) -> Refused | None:
    branch = desk.branch()
    try:
        work.decide(branch)
    except Refused as refusal:
        return refusal
    desk.adopt(branch)
    return None


def _with_waiting(cursor: Cursor, version: int, envelope: Envelope) -> Cursor:
    if any(early.version == version for early in cursor.waiting):
        return cursor
    if len(cursor.waiting) >= WAITING_MAX:
        raise NotYet(f"{WAITING_MAX} facts wait for the one after {cursor.version}")
    return replace(cursor, waiting=(*cursor.waiting, Waiting(version, to_wire(envelope))))


def _past(cursor: Cursor, version: int) -> Cursor:
    return Cursor(version, tuple(early for early in cursor.waiting if early.version > version))


def _released(cursor: Cursor) -> tuple[bytes, ...]:
    return tuple(early.wire for early in cursor.waiting if early.version == cursor.version + 1)


EffectOf = Callable[[Envelope], Work[Any]]
"""What a service does about a kind of event."""
