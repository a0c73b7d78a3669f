"""Where matching keeps what orders add up to."""

from typing import Any, TypeVar

from services.chassis.documents import Collection, Index, Ref
from services.matching.domain.workload import Tally, Workload

T = TypeVar("T")
TALLIES = Collection("loads", Tally, Index(("lessons",)))


class _Unwritten(Collection[T]):
    """A collection of values that are made of others and never written themselves."""

    def encode(self, value: T) -> dict[str, Any]:
        """Return nothing: what is left on it is not kept."""
        return {}


WORKLOADS = _Unwritten("load", Workload)


def workload_ref(community: str) -> Ref[Workload]:
    """Return where to find how things stand; made of orders and tallies when it is read (`WorkloadView`)."""
    return Ref(WORKLOADS, community, "load")


def tally_ref(community: str, shard: str) -> Ref[Tally]:
    """Return where a shard's sums are kept; those of earlier releases are under the name `load`."""
    return Ref(TALLIES, community, f"tally-{shard}")
