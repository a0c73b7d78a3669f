"""What a day has earned is counted under its cap; what is taken back is counted no longer."""

from collections.abc import Sequence
from typing import Any

from services.chassis.documents import Ref
from services.chassis.work import UnitOfWork
from services.points.domain.services import EarnedDay
from services.points.store.services import earned_day_ref, service_ref


def counted_refs(uow: UnitOfWork, award: str) -> Sequence[Ref[Any]]:
    """Return what is read before a service is counted no longer: it, and once it is loaded, its day."""
    community = uow.origin.community
    ref = service_ref(community, award)
    service = uow.find(ref) if uow.is_loaded(ref) else None
    return (ref,) if service is None else (ref, earned_day_ref(community, service.partner, service.day))


def count_no_longer(uow: UnitOfWork, award: str) -> bool:
    """Take a service from what its day has earned, once; return whether it counted."""
    community = uow.origin.community
    ref = service_ref(community, award)
    service = uow.find(ref)
    if service is None or service.taken_back_at is not None:
        return False
    uow.put(ref, service.taken_back(uow.at))
    that_day = earned_day_ref(community, service.partner, service.day)
    earned = uow.find(that_day)
    if earned is not None:
        uow.put(that_day, EarnedDay(max(0, earned.points - service.amount_points)))
    return True
