"""Where notify keeps alarms that go out of the house."""

from services.chassis.documents import Collection, Index, Ref
from services.notify.domain.alarms import Outgoing

OUTGOING_DUE = "due_at"
OUTGOING = Collection(
    "outgoing", Outgoing, Index((OUTGOING_DUE,), due=True), Index(("over_at",), expires=True)
)


def outgoing_ref(community: str, what: str) -> Ref[Outgoing]:
    """Return where it is kept what is told of an alarm outside."""
    return Ref(OUTGOING, community, what)
