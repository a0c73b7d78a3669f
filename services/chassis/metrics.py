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
QUEUE_LAG = Gauge(
    "sandan_queue_messages", "Messages waiting in the partition queues", ["service"], registry=REGISTRY
)
PARTITIONS_HELD = Gauge(
    "sandan_partitions_held", "Partitions this replica works on", ["service"], registry=REGISTRY
)
TIMERS = Counter(
    "sandan_timers_total", "Deadlines that passed and were acted upon", ["kind"], registry=REGISTRY
)
TIMERS_FAILED = Counter(
    "sandan_timers_failed_total",
    "Deadlines that are tried again",
    registry=REGISTRY,
)
TIMER_LATE = Gauge(
    "sandan_timer_late_seconds",
    "Age of the oldest deadline not acted upon yet",
    registry=REGISTRY,
)
DISPATCH_SECONDS = Histogram(
    "sandan_submitted_to_dispatched_seconds",
    "From the demand's submission to its order's dispatch",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600, 86400),
    registry=REGISTRY,
)


def exposition() -> bytes:
    """Return all figures in Prometheus' text format."""
    return generate_latest(REGISTRY)
