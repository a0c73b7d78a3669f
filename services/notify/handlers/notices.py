"""A notice is read."""

from services.chassis.documents import Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.refusal import NotFound
from services.notify.domain.notices import Notice
from services.notify.store.notices import notice_ref


def read_notice(origin: Origin, notice: str, inboxes: tuple[str, ...]) -> Work[Versioned[Notice]]:
    """Mark a notice as read."""
    ref = notice_ref(origin.community, notice)

    def decide(uow: UnitOfWork) -> Versioned[Notice]:
        before = uow.get(ref, NotFound())
        if before.recipient not in inboxes:
            raise NotFound
        after = before.read(uow.at)
        if after is not before:
            uow.put(ref, after)
        return uow.versioned(ref)

    return Work(origin, (ref,), decide)
