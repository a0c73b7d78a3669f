"""Where notify keeps notices."""

from services.chassis.documents import Collection, Index, Ref
from services.notify.domain.notices import Notice

NOTICES = Collection("notices", Notice, Index(("recipient", "-_id")))


def notice_ref(community: str, notice: str) -> Ref[Notice]:
    """Return where a notice is kept."""
    return Ref(NOTICES, community, notice)
