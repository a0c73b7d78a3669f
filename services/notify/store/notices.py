"""Where notify keeps notices."""

from collections.abc import Mapping
from types import MappingProxyType

from services.chassis.documents import Collection, Index, Ref
from services.notify.domain.notices import Notice

UNPRINTED: Mapping[str, object] = MappingProxyType({"console": "pending"})
"""What a notice looks like that is still to be printed; there are none where nothing is printed."""
NOTICES = Collection(
    "notices",
    Notice,
    Index(("recipient", "-_id")),
    Index(("at",), due=True, only=UNPRINTED),
)


def notice_ref(community: str, notice: str) -> Ref[Notice]:
    """Return where a notice is kept."""
    return Ref(NOTICES, community, notice)
