"""Demands with everybody who stands behind them, loaded and kept, whether these are few or many."""

from collections.abc import Callable, Sequence
from typing import Any

from services.chassis.documents import Ref
from services.chassis.work import UnitOfWork
from services.intake.domain.crowds import Portion
from services.intake.domain.demands import Demand
from services.intake.domain.supporters import beside, endorsed, have_same_voices, is_supported_by, kept, whole
from services.intake.store.demands import portion_ref, portion_refs

MoreReads = Callable[[UnitOfWork], Sequence[Ref[Any]]]


def all_of(ref: Ref[Demand]) -> MoreReads:
    """Return what has to be read, once a demand is, to know everybody behind it."""
    return lambda uow: _portion_refs(uow, ref)


def one_of(ref: Ref[Demand], subject: str) -> MoreReads:
    """Return what has to be read, once a demand is, to know whether somebody stands behind it."""
    return lambda uow: _portion_refs(uow, ref, subject)


def _portion_refs(uow: UnitOfWork, ref: Ref[Demand], subject: str | None = None) -> Sequence[Ref[Portion]]:
    demand = uow.find(ref) if uow.is_loaded(ref) else None
    return portion_refs(ref.community, demand, subject) if demand else ()


def named(uow: UnitOfWork, demand: Demand) -> Demand:
    """Return a demand with all its supporters by name; their portions are loaded, or left by this batch."""
    refs = portion_refs(uow.origin.community, demand)
    return whole(demand, [uow.find(ref) or Portion() for ref in refs])


def stands_behind(uow: UnitOfWork, demand: Demand, subject: str) -> bool:
    """Return whether somebody supports a demand; where its supporters are many, their portion is loaded."""
    refs = portion_refs(uow.origin.community, demand, subject)
    portions = [uow.find(ref) for ref in refs if uow.is_loaded(ref)]
    return is_supported_by(demand, portions[0] if portions else None, subject)


def keep_named(uow: UnitOfWork, ref: Ref[Demand], demand: Demand, by_name_max: int) -> None:
    """Keep a demand that names all its supporters.

    Arguments:
        by_name_max: beyond so many they go into portions beside it.
    """
    before = uow.find(ref)
    if before is not None and before.crowd and have_same_voices(named(uow, before), demand):
        uow.put(ref, beside(demand, before.crowd))
        return
    # Seconds, where it has no crowd: it may have had one that another release has forgotten since.
    last = before.crowd.last if before is not None and before.crowd else int(uow.at.timestamp())
    after, portions = kept(demand, by_name_max, last)
    uow.put(ref, after)
    for left in portion_refs(ref.community, before) if before else ():
        uow.put(left, Portion())
    for number, portion in portions.items():
        uow.put(portion_ref(ref.community, demand.id, number), portion)


def endorse_among_many(uow: UnitOfWork, ref: Ref[Demand], before: Demand, subject: str) -> Demand:
    """Keep one supporter more of a demand that has many; returns it as it is now.

    The demand is written with every change, so that its revision fences those of the portions.
    """
    (where,) = portion_refs(ref.community, before, subject)
    after, portions = endorsed(before, uow.find(where) or Portion(), subject, uow.at)
    if portions:
        uow.put(ref, after)
    for number, portion in portions.items():
        uow.put(portion_ref(ref.community, before.id, number), portion)
    return after
