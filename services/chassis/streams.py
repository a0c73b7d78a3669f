"""Each event once and in order: a cursor per stream, kept in the transaction of the effect.

A stream is one thing's facts, counted from one. The cursor is how far a service has come; an older
fact is a repetition, the next is applied, and one that came too early waits inside the cursor.

Where all that a stream does is done to one document, that document keeps the place (`heard`) whenever it is
written, and no other is written for it; what waits, and what changes nothing, stands in a cursor of its own.
The further of the two counts. Where what an effect writes shows by itself that it was done, no place is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from services.chassis.documents import Collection, Heard, Index, Ref, Versioned
from services.chassis.failures import NotYet
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.envelope import Envelope, Unreadable
from services.contracts.refusal import Refused
from services.contracts.values import replace

WAITING_MAX = 500
WAITING_BYTES_MAX = 4 * 1024 * 1024
WAITS_SINCE = "waits_since"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A fact that came before its predecessor."""

    version: int
    wire: bytes


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a service has come in a stream, and what waits for the gap to close.

    Arguments:
        version: of the last fact that was applied.
        waiting: what came too early.
        last: digest of the last fact; empty where an earlier release applied it.
        waits_since: when the first of what waits came.
    """

    version: int = 0
    waiting: tuple[Waiting, ...] = ()
    last: str = ""
    waits_since: datetime | None = None


STREAMS = Collection("streams", Cursor, Index((WAITS_SINCE,), due=True))


@dataclass(frozen=True, slots=True)
class Measured:
    """What a decision may answer when it found something worth measuring.

    A decision runs as often as its batch is tried, so it measures nothing itself: who commits does, once.

    Arguments:
        figure: a name among the `measures` of the service.
        value: in the unit of the figure.
    """

    figure: str
    value: float


@dataclass(frozen=True, slots=True)
class Repeated:
    """What a decision answers that finds its own effect done already."""


REPEATED = Repeated()


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of an envelope.

    Arguments:
        result: applied, repeated, waits, refused or skipped.
        refusal: the rule's answer when it was refused.
        released: envelopes that waited for this one and can be applied now.
        measured: what the effect found worth measuring.
    """

    result: str
    refusal: Refused | None = None
    released: tuple[bytes, ...] = ()
    measured: Measured | None = None


def follow(
    envelope: Envelope,
    wire: bytes,
    work: Work[Any] | None,
    *,
    skip: bool = False,
    guarded: Ref[Any] | None = None,
    keep_all: bool = False,
) -> Work[Followed]:
    """Return the work that applies an envelope once and in its turn.

    Arguments:
        envelope: what arrived.
        wire: the bytes it came as.
        work: its effect; None where the service has none.
        skip: a person decided that the stream goes on without this fact.
        guarded: the document to which all is done that the stream does; it keeps the place where the effect
            writes it.
        keep_all: a cursor of its own keeps the place all the same.

    The work raises Unreadable when another fact was applied under the same number: one of them is not true.
    """
    stream, version = envelope.stream, envelope.version
    ref = Ref(STREAMS, envelope.community, stream)
    origin = work.origin if work else origin_of(envelope)
    said = digest_of(wire)

    def followed(uow: UnitOfWork) -> Followed:
        cursor = _further(uow.find(ref) or Cursor(), uow.versioned(guarded) if guarded else None, stream)
        if version == cursor.version and cursor.last and said != cursor.last and not skip:
            raise Unreadable("contradiction", f"{stream} has another fact number {version}")
        if version <= cursor.version:
            return Followed("repeated", released=_released(cursor))
        if version > cursor.version + 1:
            if skip:
                raise NotYet(f"what comes after {cursor.version} holds the stream up first")
            uow.put(ref, _with_waiting(cursor, version, wire, uow.at))
            return Followed("waits")
        answer = None if skip or work is None else _apply(uow, work)
        after = _past(cursor, version, said)
        placed = guarded is not None and _placed(uow, guarded, Heard(stream, version, said))
        if not placed or keep_all or cursor.waiting:
            uow.put(ref, after)
        refusal = answer if isinstance(answer, Refused) else None
        result = "skipped" if skip else "refused" if refusal else "applied"
        measured = answer if isinstance(answer, Measured) else None
        return Followed(result, refusal, _released(after), measured)

    mine = (ref,) if guarded is None else (ref, guarded)
    return Work(origin, (*mine, *(work.reads if work else ())), followed, work.more_reads if work else None)


def recognised(envelope: Envelope, work: Work[Any] | None) -> Work[Followed]:
    """Return the work that applies an envelope whose effect answers REPEATED where it was done before.

    In whatever order the facts of its stream come, they come to the same, so no place is kept.
    """
    if work is None:
        return Work(origin_of(envelope), (), lambda _: Followed("applied"))
    effect = work

    def applied(uow: UnitOfWork) -> Followed:
        answer = _apply(uow, effect)
        if isinstance(answer, Repeated):
            return Followed("repeated")
        refusal = answer if isinstance(answer, Refused) else None
        return Followed("refused" if refusal else "applied", refusal)

    return Work(work.origin, work.reads, applied, work.more_reads)


def passed_by(envelope: Envelope, wire: bytes) -> Work[None]:
    """Return the work that notes how far a stream was heard whose order makes no difference here.

    A release that follows it in order can take it up from there; what one has left waiting waits no longer.
    """
    ref = Ref(STREAMS, envelope.community, envelope.stream)

    def noted(uow: UnitOfWork) -> None:
        cursor = uow.find(ref) or Cursor()
        newest = max(envelope.version, cursor.version, *(early.version for early in cursor.waiting))
        if newest > cursor.version:
            uow.put(ref, Cursor(newest, last=digest_of(wire) if newest == envelope.version else ""))

    return Work(origin_of(envelope), (ref,), noted)


def digest_of(wire: bytes) -> str:
    """Return 16 characters that stand for the very bytes of a fact."""
    return blake2b(wire, digest_size=8).hexdigest()


def origin_of(envelope: Envelope) -> Origin:
    """Return where the effects of an envelope come from."""
    return Origin(envelope.community, envelope.actor, envelope.correlation, envelope.id)


def _apply(uow: UnitOfWork, work: Work[Any]) -> object:
    """Return what the effect answers, or the rule's refusal, which leaves nothing of it."""
    branch = uow.branch()
    try:
        answer: object = work.decide(branch)
    except Refused as refusal:
        return refusal
    uow.adopt(branch)
    return answer


def _further(cursor: Cursor, kept: Versioned[Any] | None, stream: str) -> Cursor:
    """Return the cursor, or how far the document says that the stream was heard, if that is further."""
    for heard in kept.heard if kept is not None else ():
        if heard.stream == stream and heard.version > cursor.version:
            return replace(cursor, version=heard.version, last=heard.last)
    return cursor


def _placed(uow: UnitOfWork, guarded: Ref[Any], heard: Heard) -> bool:
    """Keep the place in the document if this decision writes it; return whether it does."""
    kept = uow.changes.get(guarded)
    if kept is None:
        return False
    kept.heard = (*(one for one in kept.heard if one.stream != heard.stream), heard)
    return True


def _with_waiting(cursor: Cursor, version: int, wire: bytes, at: datetime) -> Cursor:
    if any(early.version == version for early in cursor.waiting):
        return cursor
    if len(cursor.waiting) >= WAITING_MAX:
        raise NotYet(f"{WAITING_MAX} facts wait for the one after {cursor.version}")
    if sum(len(early.wire) for early in cursor.waiting) + len(wire) > WAITING_BYTES_MAX:
        raise NotYet(f"what waits for the fact after {cursor.version} is too much to be kept")
    waiting = (*cursor.waiting, Waiting(version, wire))
    return replace(cursor, waiting=waiting, waits_since=cursor.waits_since or at)


def _past(cursor: Cursor, version: int, said: str) -> Cursor:
    waiting = tuple(early for early in cursor.waiting if early.version > version)
    return Cursor(version, waiting, said, cursor.waits_since if waiting else None)


def _released(cursor: Cursor) -> tuple[bytes, ...]:
    return tuple(early.wire for early in cursor.waiting if early.version == cursor.version + 1)


EffectOf = Callable[[Envelope], Work[Any]]
"""What a service does about a kind of event."""
GuardOf = Callable[[str, str], Ref[Any]]
"""Community and id of a stream's thing → the document to which all is done that the stream does."""
