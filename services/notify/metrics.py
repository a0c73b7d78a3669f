"""What notify measures of its own."""

from prometheus_client import Gauge

from services.chassis.metrics import REGISTRY

TELLINGS_LATE = Gauge(
    "sandan_tellings_oldest_seconds",
    "Age of the oldest fact that many are still to be told of",
    registry=REGISTRY,
)
