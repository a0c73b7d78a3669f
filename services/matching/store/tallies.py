"""Where matching keeps what orders add up to."""

from typing import Any, TypeVar

from services.chassis.documents import Collection, Index, Ref
from services.matching.domain.load import Load, Tally

T = TypeVar("T")
TALLIES = Collection("loads", Tally, Index(("lessons",)))


class _Unwritten(Collection[T]):
    """A collection of values that are made of others and never written themselves."""

    def encode(self, value: T) -> dict[str, Any]:
        """Return nothing: what is left on it is not kept."""
        return {}


LOADS = _Unwritten("load", Load)


def load_ref(community: str) -> Ref[Load]:
    """Return where to find how things stand; made of orders and tallies when it is read (`Places`)."""
    return Ref(LOADS, community, "load")


def tally_ref(community: str, lane: str) -> Ref[Tally]:
    """Return where a lane's sums are kept; those of earlier releases are under the name `load`."""
    return Ref(TALLIES, community, f"tally-{lane}")
