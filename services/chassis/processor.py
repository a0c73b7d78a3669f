"""The one acknowledgement policy: what becomes of each message that a service receives.

done → acknowledged after the commit · refused by a rule → acknowledged, and said so · cannot be read →
parked at once · failed → tried again later, a bounded number of times, then parked · cancelled →
neither, and the broker delivers it again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson
import structlog
from prometheus_client import Histogram

from services.chassis import metrics
from services.chassis.batches import Batches
from services.chassis.bus import SKIP
from services.chassis.clock import now
from services.chassis.failures import Away, NotYet
from services.chassis.parking import Parked, parked_id
from services.chassis.streams import EffectOf, Followed, Positions, passed_by
from services.chassis.work import Work
from services.contracts.catalogue import KINDS, partition_of
from services.contracts.envelope import Envelope, Unreadable, open_parcel, read_envelope, read_outside

log = structlog.get_logger()
ATTEMPT = "x-sandan-attempt"
ROUNDS_MAX = 1_000
PARKED_BYTES_MAX = 4 * 1024 * 1024
PARKED_TOLD_MAX = 5
"""Ids of parked messages in one line of the log; `sandan parked list` has them all."""
ATTEMPTS_TOLD_MAX = 1_000_000
"""A header may claim more attempts than the database can count."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as the broker delivered it."""

    queue: str
    body: bytes
    headers: Mapping[str, Any]


@dataclass(slots=True)
class _Received:
    """One envelope in hand, the delivery it came in, and the very bytes it came as."""

    queue: str
    envelope: Envelope
    wire: bytes
    attempt: int = 0
    skip: bool = False

    @property
    def kind(self) -> str:
        """Return its kind for metrics: what nobody knows has one name, whatever it calls itself."""
        return self.envelope.kind if self.envelope.kind in KINDS else "unknown"


class Parking(Protocol):
    """Where messages are put that need a person."""

    async def park(self, messages: Sequence[Parked]) -> None: ...


class Retries(Protocol):
    """Who sends a message back to its queue after a while."""

    async def publish_later(
        self, queue: str, seconds: float, body: bytes, headers: Mapping[str, Any]
    ) -> None: ...


class Beside(Protocol):
    """What a service does about a family of events beside the way: after everything else of a batch.

    However often and in whatever order it hears of them, it comes to the same, so no cursor is kept.
    """

    @property
    def family(self) -> str: ...

    async def plan(self, envelopes: Sequence[Envelope]) -> Sequence[Work[Any] | None]: ...

    def done(self, envelope: Envelope) -> None: ...


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to wait before which try, and how many tries there are."""

    tiers_seconds: tuple[float, ...]
    attempts_max: int

    def wait_seconds(self, attempt: int) -> float:
        """Return the wait after the attempt given, counted from one."""
        return self.tiers_seconds[min(attempt, len(self.tiers_seconds)) - 1]


@dataclass(slots=True)
class MessageProcessor:
    """Applies what a service receives.

    Arguments:
        service: its name.
        effects: kind → what the service does about it; a kind it hears but does nothing about is absent.
        batches: runs the effects.
        parking: where messages go that need a person.
        retries: where messages go that are to be tried again.
        retry: when and how often.
        partitions: of the bus.
        measures: what decisions measure, by the name that they give it.
        beside: what is done about the events of a family after everything else.
        positions: where it keeps how far it has come in the streams that it hears.
    """

    service: str
    effects: Mapping[str, EffectOf]
    batches: Batches
    parking: Parking
    retries: Retries
    retry: RetryPolicy
    partitions: int
    measures: Mapping[str, Histogram] = field(default_factory=dict)
    beside: Beside | None = None
    positions: Positions = field(default_factory=Positions)

    async def handle(self, deliveries: Sequence[Delivery]) -> None:
        """Settle every delivery; when this returns, all of them may be acknowledged.

        A batch that breaks us is split until the culprit stands alone, which is parked.

        Raises:
            Away: broker or database does not answer; do the same again, repetitions are recognised.
        """
        try:
            await self._handle(deliveries)
        except Away:
            raise
        except Exception as error:
            log.error("fault", service=self.service, deliveries=len(deliveries), exc_info=error)
            parts = deliveries if len(deliveries) > 1 else _split(deliveries[0])
            if len(parts) == 1:
                fault = type(error).__name__
                await self._park([self._parked(parts[0].queue, "fault", fault, 1, parts[0].body)])
                return
            for part in parts:
                await self.handle([part])

    async def _handle(self, deliveries: Sequence[Delivery]) -> None:
        unreadable: list[Parked] = []
        incoming = [received for delivery in deliveries for received in self._open(delivery, unreadable)]
        await self._park(unreadable)
        beside = [received for received in incoming if self._is_beside(received.envelope.kind)]
        incoming = [received for received in incoming if not self._is_beside(received.envelope.kind)]
        for _ in range(ROUNDS_MAX):
            if not incoming:
                break
            incoming = await self._apply(incoming)
        else:
            raise RuntimeError("the same streams keep releasing envelopes")
        if beside:
            await self._apply_beside(beside)

    def keeps_position(self, kind: str) -> bool:
        """Return whether it is kept how far streams with facts of a kind were heard."""
        return not self._is_beside(kind) and not self.positions.is_recognised(kind)

    def _is_beside(self, kind: str) -> bool:
        return self.beside is not None and kind.partition(".")[0] == self.beside.family

    async def _apply_beside(self, incoming: Sequence[_Received]) -> None:
        """Do what is done beside the way; for what is only to be skipped nothing waits any more."""
        assert self.beside is not None, "whoever asks has looked"
        heard = [received for received in incoming if not received.skip]
        works = await self.beside.plan([received.envelope for received in heard])
        planned = [(received, work) for received, work in zip(heard, works, strict=True) if work is not None]
        passed = incoming if self.positions.keep_all else [received for received in incoming if received.skip]
        noted = [passed_by(one.envelope, one.wire) for one in passed]
        outcomes = (
            await self.batches.run([*(work for _, work in planned), *noted]) if planned or noted else []
        )
        failed = {id(received): outcome for (received, _), outcome in zip(planned, outcomes, strict=False)}
        for received in heard:
            outcome = failed.get(id(received))
            if isinstance(outcome, Exception):
                await self._try_again(received, outcome)
            else:
                self.beside.done(received.envelope)
                metrics.HANDLED.labels(self.service, received.kind).inc()
        self._log((received, "beside") for received in heard)

    async def park_dead(self, deliveries: Sequence[Delivery]) -> None:
        """Park what the broker gave up on delivering, each envelope by itself."""
        told = "delivered too often without an answer"
        parts = (part for delivery in deliveries for part in _split(delivery))
        await self._park([self._parked(part.queue, "delivery_limit", told, 0, part.body) for part in parts])

    async def step_over(self, delivery: Delivery, error: Exception) -> None:
        """Put off a delivery that fails by itself, again and again, while everything it needs is there.

        Raises:
            Away: it could not be sent on its way round.
        """
        await self._put_off(
            delivery.queue, delivery.body, _attempt_of(delivery.headers), delivery.headers, error
        )

    def _open(self, delivery: Delivery, unreadable: list[Parked]) -> list[_Received]:
        """Return a delivery's envelopes; what cannot be read is added to `unreadable`."""
        attempt = _attempt_of(delivery.headers)
        try:
            rows = open_parcel(delivery.body)
        except Unreadable as error:
            unreadable.append(
                self._parked(delivery.queue, error.reason, error.detail, attempt, delivery.body)
            )
            return []
        incoming: list[_Received] = []
        for row in rows:
            wire = _bytes(row, delivery)
            try:
                incoming.append(self._received(delivery, row, wire, attempt))
            except Unreadable as error:
                if delivery.headers.get(SKIP):
                    log.info("discarded", service=self.service, because=error.reason)
                    continue
                unreadable.append(self._parked(delivery.queue, error.reason, error.detail, attempt, wire))
        return incoming

    def _received(self, delivery: Delivery, row: object, wire: bytes, attempt: int) -> _Received:
        skip = bool(delivery.headers.get(SKIP))
        # What is only skipped need not be understood: its place in the stream is enough.
        envelope = read_outside(row) if skip else read_envelope(row)
        self._check_address(delivery, envelope)
        return _Received(delivery.queue, envelope, wire, attempt, skip)

    def _check_address(self, delivery: Delivery, envelope: Envelope) -> None:
        """Where a community stands on the message, all inside are its own; the partition agrees with each."""
        outside = delivery.headers.get("community") or envelope.community
        partition = partition_of(envelope.community, self.partitions)
        if outside != envelope.community or not delivery.queue.endswith(f".p{partition}"):
            raise Unreadable("wrong_community", f"{envelope.community} on {delivery.queue}")

    async def _apply(self, incoming: list[_Received]) -> list[_Received]:
        """Apply what can be applied; return what was released by it."""
        planned: list[tuple[_Received, Work[Followed]]] = []
        for received in incoming:
            try:
                planned.append((received, self._work(received)))
            except Exception as error:  # noqa: BLE001 - a fault in one message must not stop the others
                await self._try_again(received, error)
        if not planned:
            return []
        metrics.BATCH_SIZE.labels(self.service, "bus").observe(len(planned))
        outcomes = await self.batches.run([work for _, work in planned])
        followed = zip(planned, outcomes, strict=True)
        self._log((received, one.result) for (received, _), one in followed if isinstance(one, Followed))
        released: list[_Received] = []
        wrong: list[Parked] = []
        for (received, _), outcome in zip(planned, outcomes, strict=True):
            if isinstance(outcome, Unreadable):
                why = (outcome.reason, outcome.detail, received.attempt)
                wrong.append(self._parked(received.queue, *why, received.wire))
            elif isinstance(outcome, Exception):
                await self._try_again(received, outcome)
            else:
                released.extend(self._settle(received, outcome))
        await self._park(wrong)
        return released

    def _work(self, received: _Received) -> Work[Followed]:
        kind = received.envelope.kind
        effect = self.effects.get(kind)
        work = effect(received.envelope) if effect and not received.skip else None
        return self.positions.follow(received.envelope, received.wire, work, skip=received.skip)

    def _settle(self, received: _Received, followed: Followed) -> list[_Received]:
        kind = received.kind
        if followed.result == "repeated":
            metrics.REPEATED.labels(self.service).inc()
        elif followed.result == "refused" and followed.refusal is not None:
            metrics.REFUSED.labels(self.service, kind).inc()
            log.warning(
                "refused",
                service=self.service,
                kind=kind,
                rule=followed.refusal.slug,
                correlation=received.envelope.correlation,
                id=received.envelope.id,
            )
        else:
            metrics.HANDLED.labels(self.service, kind).inc()
        if followed.measured is not None:
            self.measures[followed.measured.figure].observe(followed.measured.value)
        return [
            _Received(received.queue, read_envelope(open_parcel(wire)[0]), wire) for wire in followed.released
        ]

    async def _try_again(self, received: _Received, error: Exception) -> None:
        metrics.FAILED.labels(self.service, received.kind).inc()
        log.warning(
            "tried_again_later",
            service=self.service,
            kind=received.kind,
            correlation=received.envelope.correlation,
            attempt=received.attempt + 1,
            because=_in_words(error),
            exc_info=None if isinstance(error, NotYet) else error,
        )
        headers = {"community": received.envelope.community, **({SKIP: True} if received.skip else {})}
        await self._put_off(received.queue, received.wire, received.attempt, headers, error)

    async def _put_off(
        self, queue: str, body: bytes, attempts: int, headers: Mapping[str, Any], error: Exception
    ) -> None:
        """Send something on its way round once more, or park it when that was tried often enough."""
        attempt = attempts + 1
        if attempt >= self.retry.attempts_max:
            await self._park([self._parked(queue, "failed_too_often", _in_words(error), attempt, body)])
            return
        kept = {name: headers[name] for name in ("community", SKIP) if name in headers}
        seconds = self.retry.wait_seconds(attempt)
        await self.retries.publish_later(queue, seconds, body, {ATTEMPT: attempt, **kept})

    def _parked(self, queue: str, reason: str, detail: str, attempts: int, body: bytes) -> Parked:
        cut = f"cut from {len(body)} bytes; " if len(body) > PARKED_BYTES_MAX else ""
        return Parked(
            id=parked_id(queue, body),
            service=self.service,
            queue=queue,
            reason=reason,
            detail=f"{cut}{detail}"[:500],
            attempts=min(attempts, ATTEMPTS_TOLD_MAX),
            at=now(),
            body=body[:PARKED_BYTES_MAX],
        )

    async def _park(self, messages: Sequence[Parked]) -> None:
        """Put messages aside together, and say so: once for each reason, with the first few."""
        if not messages:
            return
        await self.parking.park(messages)
        by_reason: dict[str, list[Parked]] = {}
        for message in messages:
            by_reason.setdefault(message.reason, []).append(message)
        for reason, some in by_reason.items():
            metrics.PARKED.labels(self.service, reason).inc(len(some))
            told = {"parked": [message.id for message in some[:PARKED_TOLD_MAX]], "detail": some[0].detail}
            log.error("parked", service=self.service, reason=reason, messages=len(some), **told)

    def _log(self, results: Iterable[tuple[_Received, str]]) -> None:
        """Write one line a batch and kind; it carries every correlation id, so a demand can be found."""
        by_kind: dict[tuple[str, str], list[str]] = {}
        for received, result in results:
            by_kind.setdefault((received.kind, result), []).append(received.envelope.correlation)
        for (kind, result), correlations in by_kind.items():
            log.info("handled", service=self.service, kind=kind, result=result, correlation=correlations)


def _in_words(error: Exception) -> str:
    """Return what may be told of a failure: our own words, of others only the name."""
    return f"{type(error).__name__}: {error}" if isinstance(error, NotYet) else type(error).__name__


def _attempt_of(headers: Mapping[str, Any]) -> int:
    attempt = headers.get(ATTEMPT, 0)
    return max(0, attempt) if isinstance(attempt, int) else 0


def _split(delivery: Delivery) -> list[Delivery]:
    """Return a delivery of its own for every envelope; what is no parcel stays as it is."""
    try:
        rows = open_parcel(delivery.body)
    except Unreadable:
        return [delivery]
    bodies = [_bytes(row, delivery) for row in rows]
    if len(rows) < 2 or delivery.body in bodies:
        return [delivery]
    return [Delivery(delivery.queue, body, delivery.headers) for body in bodies]


def _bytes(row: object, delivery: Delivery) -> bytes:
    """Return a part of a delivery as it came; one nested too deeply to be written again is left inside."""
    try:
        return orjson.dumps(row)
    except orjson.JSONEncodeError:
        return delivery.body
