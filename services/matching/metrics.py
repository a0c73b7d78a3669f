"""What matching measures of its own."""

from prometheus_client import Counter, Gauge

from services.chassis.metrics import REGISTRY

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
