"""What is measured while it runs, in Prometheus' names; docs/operations.md says what to look at."""

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

CONTENT_TYPE = CONTENT_TYPE_LATEST
REGISTRY = CollectorRegistry(auto_describe=True)

REQUESTS = Counter(
    "sandan_http_requests_total", "HTTP requests answered", ["service", "route", "status"], registry=REGISTRY
)
REQUEST_SECONDS = Histogram(
    "sandan_http_request_seconds",
    "Time to answer a request",
    ["service"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
CONNECTIONS_CLOSED = Counter(
    "sandan_http_connections_closed_total",
    "Connections closed by us: full, header, unread, answer",
    ["reason"],
    registry=REGISTRY,
)
HANDLED = Counter(
    "sandan_messages_handled_total", "Envelopes whose effect is done", ["service", "kind"], registry=REGISTRY
)
REPEATED = Counter(
    "sandan_messages_repeated_total", "Envelopes that had been handled before", ["service"], registry=REGISTRY
)
REFUSED = Counter(
    "sandan_messages_refused_total", "Envelopes a rule said no to", ["service", "kind"], registry=REGISTRY
)
FAILED = Counter(
    "sandan_messages_failed_total", "Envelopes to be tried again", ["service", "kind"], registry=REGISTRY
)
PARKED = Counter(
    "sandan_messages_parked_total", "Messages parked for a person", ["service", "reason"], registry=REGISTRY
)
BATCH_SIZE = Histogram(
    "sandan_batch_size",
    "Works that committed together",
    ["service", "door"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
    registry=REGISTRY,
)
OUTBOX_OLDEST = Gauge(
    "sandan_outbox_oldest_seconds",
    "Age of the oldest announcement not yet sent",
    ["service"],
    registry=REGISTRY,
)
WAYS_MISSING = Gauge(
    "sandan_ways_missing", "Queues and exchanges of ours that are not there", ["service"], registry=REGISTRY
)
WAYS_BLOCKED = Gauge(
    "sandan_ways_blocked",
    "Ways (partition and family) that do not take what is sent",
    ["service"],
    registry=REGISTRY,
)
LOOPS_FAILED = Counter(
    "sandan_loops_failed_total",
    "Failures of background work; it goes on",
    ["service", "loop"],
    registry=REGISTRY,
)
LOOPS_FAILING = Gauge(
    "sandan_loops_failing", "Background work whose last try failed", ["service"], registry=REGISTRY
)
UNHEARD_SECONDS = Gauge(
    "sandan_unheard_seconds",
    "For how long a subscriber has not confirmed what this service said",
    ["service", "subscriber"],
    registry=REGISTRY,
)
SAID_AGAIN = Counter(
    "sandan_parcels_said_again_total", "Parcels that a subscriber had missed", ["service"], registry=REGISTRY
)
WAITS = Gauge(
    "sandan_waiting",
    "What waits longer than it should, by what it waits for",
    ["service", "what"],
    registry=REGISTRY,
)
WAITS_OLDEST = Gauge(
    "sandan_waiting_oldest_seconds", "Age of the oldest of it", ["service", "what"], registry=REGISTRY
)
QUEUE_LAG = Gauge(
    "sandan_queue_messages", "Messages waiting in the partition queues", ["service"], registry=REGISTRY
)
PARTITIONS_HELD = Gauge(
    "sandan_partitions_held", "Partitions this replica works on", ["service"], registry=REGISTRY
)

BUILD = Gauge("sandan_build_info", "Which version runs", ["version", "build"], registry=REGISTRY)


def exposition() -> bytes:
    """Return all figures in Prometheus' text format."""
    return generate_latest(REGISTRY)
