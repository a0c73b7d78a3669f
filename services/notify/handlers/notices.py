"""A notice is read."""

from services.chassis.desk import Desk, Origin, Work
from services.chassis.shelf import Kept
from services.contracts.refusal import NotFound
from services.notify.domain.notice import Notice
from services.notify.store.notices import notice_ref


def read_notice(origin: Origin, notice: str, inboxes: tuple[str, ...]) -> Work[Kept[Notice]]:
    """Mark a notice as read."""
    ref = notice_ref(origin.community, notice)

    def decide(desk: Desk) -> Kept[Notice]:
        before = desk.get(ref, NotFound())
        if before.recipient not in inboxes:
            raise NotFound
        after = before.read(desk.at)
        if after is not before:
            desk.put(ref, after)
        return desk.kept(ref)

    return Work(origin, (ref,), decide)
