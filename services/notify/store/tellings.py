"""Where notify keeps what many are to be told."""

from services.chassis.documents import Collection, Index, Ref
from services.notify.domain.tellings import Telling

DUE = "due_at"
TELLINGS = Collection("tellings", Telling, Index((DUE,), due=True), Index(("over_at",), expires=True))


def telling_ref(community: str, telling: str) -> Ref[Telling]:
    """Return where it is kept who is still to be told of something."""
    return Ref(TELLINGS, community, telling)
