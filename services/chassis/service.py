"""One service while it runs: its store, its exchange on the bus, and all that it does in the background."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import structlog

from services.chassis import metrics
from services.chassis.audit import AUDITS, Auditor, Listener
from services.chassis.batches import Batches
from services.chassis.bus import BrokerConnection, BusPublisher, ServiceExchange
from services.chassis.clock import now
from services.chassis.consumers import Partitions, QueueConsumer, queue_length
from services.chassis.documents import Watched
from services.chassis.handled_ids import HandledIds
from services.chassis.http.once import ANSWERS
from services.chassis.inbound import Handle, InboundBuffer
from services.chassis.interval import BatchInterval
from services.chassis.members import Members
from services.chassis.mongo import Client, PlainIndex, Store
from services.chassis.outbox import COLLECTION, INDEXES
from services.chassis.parking import ACTIONS, ParkingLot
from services.chassis.processor import MessageProcessor, RetryPolicy
from services.chassis.relay import Relay
from services.chassis.retention import Retention
from services.chassis.settings import Misconfigured, Settings
from services.chassis.spec import ServiceContext, ServiceSpec
from services.chassis.streams import STREAMS, WAITS_SINCE
from services.chassis.supervision import Broken, PeriodicJob, Supervisor
from services.chassis.topology import Names, subscribers_of
from services.chassis.waiting import WaitingFacts
from services.chassis.ways import WaysKept
from services.chassis.write_queue import WriteQueue

log = structlog.get_logger()

DEPLOYMENT = "deployment"
CANCELLED_TIMES = 3
GOODBYE_SECONDS = 2.0
PLAIN_COLLECTIONS: dict[str, Sequence[PlainIndex]] = {
    COLLECTION: INDEXES,
    AUDITS: (),
    "parked": (),
    ACTIONS: (),
    "members": (),
    DEPLOYMENT: (),
}
PREFETCH_DEAD = 10
LAG_SECONDS = 5.0
MEASURE_SECONDS = 5.0
FORGET_SECONDS = 60.0


@dataclass
class Service:
    """One running service: everything but a port of its own.

    Arguments:
        spec: what it consists of.
        settings: of the deployment.
        client: of the database.
        publisher: to the broker.
        consuming: connection to the broker, apart from the publisher's.
        broken: called when something cannot go on.
    """

    spec: ServiceSpec
    settings: Settings
    client: Client
    publisher: BusPublisher
    consuming: BrokerConnection
    broken: Callable[[Broken], None]
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings, name = self.settings, self.spec.name
        self.name = name
        self.names = Names(settings.bus_prefix)
        database = f"{settings.database_prefix}_{name}"
        self.store = Store(self.client, database, settings.commit_seconds)
        self.supervisor = Supervisor(name, self.broken)
        self.ways = WaysKept(name, self.consuming, settings)
        self.exchange = ServiceExchange(name, self.publisher, self.names, self.ways.miss)
        self.relay = Relay(
            self.store, self.exchange, settings.outbox_grace_seconds, name, settings.facts_kept_hours
        )
        before = self.spec.before_store
        documents = before(self.store) if before else self.store
        self.batches = Batches(documents, self.relay, settings.partitions, now)
        pace = BatchInterval(settings.http_pace_seconds)
        self.writes = WriteQueue(name, self.batches, settings.batch_max, settings.http_waiting_max, pace)
        self.parts = self.spec.build(ServiceContext(settings, self.store, self.batches, documents))
        self._receiving()

    def _receiving(self) -> None:
        """Put together what takes messages off the bus."""
        settings, name = self.settings, self.name
        self.processor = MessageProcessor(
            service=name,
            effects=self.parts.effects,
            batches=self.batches,
            parking=ParkingLot(self.store),
            retries=self.exchange,
            retry=RetryPolicy(settings.retry_tiers_seconds, settings.attempts_max),
            partitions=settings.partitions,
            measures=self.parts.measures,
            beside=self.parts.beside,
            positions=replace(self.parts.positions, keep_all=settings.keep_all_cursors),
        )
        self.members = Members(self.store, settings.member_seconds)
        self.partitions = Partitions(
            name,
            self.members,
            settings.partitions,
            self._reader,
            settings.member_seconds,
            lambda: self.store.oldest_call_seconds,
        )
        heard = HandledIds()
        self.auditor = Auditor(
            name,
            self.store,
            self.exchange,
            settings.partitions,
            self.partitions.is_first,
            settings.audit_seconds,
        )
        listener = Listener(name, self.exchange, heard, self.auditor, self.ways.lost_seconds)
        self.inbound = self._inbound(self.processor.handle, heard, listener)
        self.dead_inbound = self._inbound(self.processor.park_dead, HandledIds(), None)
        self.dead = QueueConsumer(
            self.consuming, self.names.dead(name), self.dead_inbound, PREFETCH_DEAD, self.ways.miss
        )

    def _inbound(self, handle: Handle, heard: HandledIds, listener: Listener | None) -> InboundBuffer:
        answer = listener.answer if listener else None
        pace = BatchInterval(self.settings.bus_pace_seconds)
        return InboundBuffer(handle, pace, self.processor.step_over, self.store.ping, answer, heard)

    def _reader(self, partition: int) -> QueueConsumer:
        queue = self.names.work(self.name, partition)
        return QueueConsumer(self.consuming, queue, self.inbound, self.settings.prefetch, self.ways.miss)

    async def prepare(self) -> None:
        """Make the database ready; repeating it is harmless.

        Raises:
            Away: it does not answer.
        """
        await self.store.prepare([*self.spec.collections, STREAMS, ANSWERS], PLAIN_COLLECTIONS)

    async def agree(self) -> None:
        """Make sure that the deployment is the one that the settings speak of; the first start decides.

        Raises:
            Misconfigured: it was made with another number of partitions.
            Away: the database does not answer.
        """
        ours = {"_id": "bus", "partitions": self.settings.partitions}
        kept = await self.store.plain(DEPLOYMENT).insert_if_absent(ours)
        if kept["partitions"] != ours["partitions"]:
            raise Misconfigured(
                f"SANDAN_PARTITIONS is {ours['partitions']}, but this deployment has {kept['partitions']}: "
                "it is the same everywhere, and changed only when all queues are empty (docs/operations.md)"
            )

    def start(self) -> None:
        """Take work. Called once, when everything is prepared."""
        loops = {
            "partitions": self.partitions.run,
            "dead": self.dead.run,
            "inbound": self.inbound.run,
            "dead_inbound": self.dead_inbound.run,
            "relay": self.relay.run,
            "writes": self.writes.run,
        }
        self.tasks = [self.supervisor.keep_running(name, run) for name, run in loops.items()]
        self.tasks += [self.supervisor.repeat(job) for job in (*self._jobs(), *self.parts.jobs)]

    def _jobs(self) -> Sequence[PeriodicJob]:
        settings = self.settings
        asking = (
            [PeriodicJob("audit", self.auditor.look, settings.audit_seconds)]
            if subscribers_of(self.name)
            else []
        )
        kept = {ACTIONS: settings.actions_kept_days, **self.parts.kept_days}
        old = [Retention(self.store, name, days, now) for name, days in kept.items() if days]
        return (
            *asking,
            *(PeriodicJob(f"{each.name}_retention", each.look, FORGET_SECONDS) for each in old),
            PeriodicJob("waiting", self._waiting().look, settings.audit_seconds),
            PeriodicJob("sweep", self.relay.sweep, min(1.0, settings.outbox_grace_seconds / 2)),
            PeriodicJob("measure", self.relay.measure, MEASURE_SECONDS),
            PeriodicJob("forget", self.relay.forget, FORGET_SECONDS),
            PeriodicJob("ways", self.ways.keep, 0.2),
            PeriodicJob("lag", self._measure_lag, LAG_SECONDS),
            PeriodicJob("watch", self._watch, settings.watch_seconds),
        )

    def _waiting(self) -> WaitingFacts:
        return WaitingFacts(
            self.name,
            self.store,
            self.names,
            self.settings.partitions,
            self.processor,
            self.partitions.is_first,
            now,
            self.settings.audit_seconds,
        )

    async def stop(self) -> None:
        """Take no more work, finish what is in hand, send what is announced."""
        partitions, dead, inbound, dead_inbound, relay, writes, *others = self.tasks
        for taking in (self.partitions, self.dead, self.inbound, self.dead_inbound):
            taking.stop()
        await asyncio.gather(partitions, dead, inbound, dead_inbound)
        self.writes.stop()
        await writes
        # What a job announced at last is still sent.
        await cancelled(others)
        self.relay.stop()
        await relay

    async def _measure_lag(self) -> None:
        queues = [self.names.work(self.name, n) for n in range(self.settings.partitions)]
        metrics.QUEUE_LAG.labels(self.name).set(await queue_length(self.consuming, queues))

    async def _watch(self) -> None:
        """Count what waits for something that should have come, and say for how long the oldest of it has."""
        at = datetime.now(UTC)
        for watched in (Watched("streams_with_a_gap", STREAMS, WAITS_SINCE), *self.parts.watched):
            backlog = await self.store.backlog(watched.collection, watched.since, **watched.only)
            metrics.WAITS.labels(self.name, watched.what).set(backlog.count)
            metrics.WAITS_OLDEST.labels(self.name, watched.what).set(backlog.age_seconds(at))


async def cancelled(tasks: Sequence["asyncio.Task[Any]"]) -> None:
    """Cancel tasks and wait for their ends; one that does not end is told of, and not waited for."""
    running = {task for task in tasks if not task.done()}
    for _ in range(CANCELLED_TIMES):
        for task in running:
            task.cancel()
        if not running:
            return
        _, running = await asyncio.wait(running, timeout=GOODBYE_SECONDS)
    if running:
        log.error("would_not_end", tasks=sorted(task.get_name() for task in running))
