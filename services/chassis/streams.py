"""Each event once and in order: a cursor per stream, kept in the transaction of the effect.

A stream is one thing's facts, counted from one. The cursor is how far a service has come; an older
fact is a repetition, the next is applied, and one that came too early waits inside the cursor.

Where all that a stream does is done to one document, that document keeps the position (`heard`) whenever it
is written, and no other is written for it; what waits, or changes nothing, stands in a cursor of its own.
The further of the two counts. Where what an effect writes shows by itself that it was done, none is kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

from services.chassis.documents import Collection, Heard, Index, Ref
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


GuardOf = Callable[[str, str], Ref[Any]]
"""Community and id of a stream's thing → the document to which all is done that the stream does."""


@dataclass(frozen=True, slots=True)
class Positions:
    """Where a service keeps how far it has come in the streams of each family.

    Arguments:
        guards: family → the document to which all is done that one of its streams does; it keeps the position
            where the effect writes it. Of other families a cursor does.
        recognised: families whose effects answer REPEATED where they were done before: in whatever order the
            facts of a stream come, they come to the same, so no position is kept.
        in_part: those of them that are heard in part, so that their streams have gaps here.
        keep_all: a cursor keeps every position all the same.
    """

    guards: Mapping[str, GuardOf] = field(default_factory=dict)
    recognised: frozenset[str] = frozenset()
    in_part: frozenset[str] = frozenset()
    keep_all: bool = False

    def follow(
        self, envelope: Envelope, wire: bytes, work: Work[Any] | None, *, skip: bool = False
    ) -> Work[Followed]:
        """Return the work that applies an envelope once and, where order makes a difference, in its turn.

        Arguments:
            envelope: what arrived.
            wire: the bytes it came as.
            work: its effect; None where the service has none.
            skip: a person decided that the stream goes on without this fact.

        The work raises Unreadable when another fact was applied under the number: one of them is not true.
        """
        family = envelope.kind.partition(".")[0]
        if self.is_recognised(envelope.kind):
            return _recognised(envelope, work)
        guard = self.guards.get(family)
        guarded = guard(envelope.community, envelope.stream.partition("/")[2]) if guard else None
        return _Stream(envelope, wire, work, guarded, skip, self.keep_all).work()

    def is_recognised(self, kind: str) -> bool:
        """Return whether facts of a kind are recognised when they come again, and keep no position."""
        family = kind.partition(".")[0]
        return family in self.in_part or (family in self.recognised and not self.keep_all)


@dataclass(frozen=True, slots=True)
class _Stream:
    """One fact of a stream that is followed in order; what the fields are, `Positions` says."""

    envelope: Envelope
    wire: bytes
    effect: Work[Any] | None
    guarded: Ref[Any] | None
    skip: bool
    keep_all: bool

    def work(self) -> Work[Followed]:
        effect = self.effect
        origin = effect.origin if effect else origin_of(self.envelope)
        mine = (self.ref,) if self.guarded is None else (self.ref, self.guarded)
        reads = (*mine, *(effect.reads if effect else ()))
        return Work(origin, reads, self.followed, effect.more_reads if effect else None)

    @property
    def ref(self) -> Ref[Cursor]:
        return Ref(STREAMS, self.envelope.community, self.envelope.stream)

    def followed(self, uow: UnitOfWork) -> Followed:
        """Decide what becomes of the fact."""
        version, cursor, said = self.envelope.version, self._cursor(uow), digest_of(self.wire)
        if version == cursor.version and cursor.last and said != cursor.last and not self.skip:
            raise Unreadable("contradiction", f"{self.envelope.stream} has another fact number {version}")
        if version <= cursor.version:
            return Followed("repeated", released=_released(cursor))
        if version > cursor.version + 1:
            return self._waits(uow, cursor)
        answer = None if self.skip or self.effect is None else _apply(uow, self.effect)
        after = _past(cursor, version, said)
        if not self._is_placed(uow, said) or self.keep_all or cursor.waiting:
            uow.put(self.ref, after)
        refusal = answer if isinstance(answer, Refused) else None
        result = "skipped" if self.skip else "refused" if refusal else "applied"
        measured = answer if isinstance(answer, Measured) else None
        return Followed(result, refusal, _released(after), measured)

    def _cursor(self, uow: UnitOfWork) -> Cursor:
        """Return the cursor, or how far the document says that the stream was heard, if that is further."""
        cursor = uow.find(self.ref) or Cursor()
        for heard in uow.versioned(self.guarded).heard if self.guarded else ():
            if heard.stream == self.envelope.stream and heard.version > cursor.version:
                return replace(cursor, version=heard.version, last=heard.last)
        return cursor

    def _waits(self, uow: UnitOfWork, cursor: Cursor) -> Followed:
        if self.skip:
            raise NotYet(f"what comes after {cursor.version} holds the stream up first")
        uow.put(self.ref, _with_waiting(cursor, self.envelope.version, self.wire, uow.at))
        return Followed("waits")

    def _is_placed(self, uow: UnitOfWork, said: str) -> bool:
        """Keep the position in the document if this decision writes it; return whether it does."""
        kept = uow.changes.get(self.guarded) if self.guarded else None
        if kept is None:
            return False
        heard = Heard(self.envelope.stream, self.envelope.version, said)
        kept.heard = (*(one for one in kept.heard if one.stream != heard.stream), heard)
        return True


def _recognised(envelope: Envelope, effect: Work[Any] | None) -> Work[Followed]:
    if effect is None:
        return Work(origin_of(envelope), (), lambda _: Followed("applied"))

    def applied(uow: UnitOfWork) -> Followed:
        answer = _apply(uow, effect)
        if isinstance(answer, Repeated):
            return Followed("repeated")
        refusal = answer if isinstance(answer, Refused) else None
        return Followed("refused" if refusal else "applied", refusal)

    return Work(effect.origin, effect.reads, applied, effect.more_reads)


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
