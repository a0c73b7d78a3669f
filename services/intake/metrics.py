"""What intake measures of its own."""

from collections.abc import Mapping
from types import MappingProxyType

from prometheus_client import Histogram

from services.chassis.metrics import REGISTRY

DISPATCH_SECONDS = Histogram(
    "sandan_submitted_to_dispatched_seconds",
    "From the demand's submission to its order's dispatch",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600, 86400),
    registry=REGISTRY,
)

MEASURES: Mapping[str, Histogram] = MappingProxyType({"submitted_to_dispatched_seconds": DISPATCH_SECONDS})
"""What decisions measure, by the name that they give it."""
