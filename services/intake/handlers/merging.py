"""What intake does when two demands are one matter: merge, opt out, take it back."""

from collections.abc import Sequence
from typing import Any

from services.chassis.documents import Ref
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts import demands as facts
from services.contracts.ids import DemandId
from services.contracts.refusal import NotFound
from services.intake.domain import merging as joining
from services.intake.domain.crowds import BY_NAME_MAX
from services.intake.domain.demands import Demand, Line, SameDemand
from services.intake.domain.merging import Regrouped
from services.intake.handlers import supporters
from services.intake.handlers.readings import reading_told
from services.intake.store.demands import VersionedDemand, demand_ref


def merge_demand(
    origin: Origin, demand: DemandId, into: DemandId, by_name_max: int = BY_NAME_MAX
) -> Work[VersionedDemand]:
    """Merge a demand into another about the same matter; its people come along as supporters.

    Arguments:
        by_name_max: beyond so many supporters stand beside their demand.
    """
    ref, target = demand_ref(origin.community, demand), demand_ref(origin.community, into)

    def decide(uow: UnitOfWork) -> VersionedDemand:
        before = uow.get(ref, NotFound())
        if uow.find(target) is None:
            raise SameDemand(into=into)
        family = _family(uow, before) | {into: supporters.named(uow, uow.get(target, SameDemand(into=into)))}
        after = joining.merged(family, demand, into, uow.at)
        _keep(uow, after, by_name_max)
        carried = after.gained[into]
        merged = facts.DemandMerged(demand=demand, into=into, carried=carried, round=before.round)
        uow.announce(ref, merged)
        count = len(after.family[into].supporters)
        joined = facts.DemandJoined(demand=into, merged=demand, carried=carried, supporters=count)
        uow.announce(target, joined)
        return uow.versioned(ref)

    return Work(origin, (ref, target), decide, _relatives_of(ref)).reading(supporters.all_of(target))


def unmerge_demand(
    origin: Origin, demand: DemandId, reason: str, by_name_max: int = BY_NAME_MAX
) -> Work[VersionedDemand]:
    """Take a merge back: the demand stands on its own again and gets a new order, with all its people.

    Arguments:
        by_name_max: beyond so many supporters stand beside their demand.
    """
    ref = demand_ref(origin.community, demand)

    def decide(uow: UnitOfWork) -> VersionedDemand:
        before = uow.get(ref, NotFound())
        because = f"恢复单独办理：{reason}" if reason else "恢复单独办理"
        line = Line(uow.at, origin.actor.role.value, "unmerged", because)
        after = joining.unmerged(_family(uow, before), demand, line)
        _keep(uow, after, by_name_max)
        _announce_revived(uow, before, after.family[demand], reason)
        _announce_lost(uow, after, joining.ancestors(before), demand)
        return uow.versioned(ref)

    return Work(origin, (ref,), decide, _relatives_of(ref))


def opt_out(
    origin: Origin, demand: DemandId, subject: str, by_name_max: int = BY_NAME_MAX
) -> Work[VersionedDemand]:
    """Let somebody whom a merge has carried take their voice back (不同意合并).

    Arguments:
        by_name_max: beyond so many supporters stand beside their demand.
    """
    ref = demand_ref(origin.community, demand)

    def decide(uow: UnitOfWork) -> VersionedDemand:
        before = _family(uow, uow.get(ref, NotFound()))
        after = joining.opted_out(before, demand, subject, uow.at, origin.actor.role.value)
        _keep(uow, after, by_name_max)
        for revived in after.revived:
            _announce_revived(uow, before[revived], after.family[revived], "提出人不同意合并")
        for above, left in after.lost.items():
            parted = next((r for r in after.revived if above in joining.ancestors(before[r])), None)
            if parted is not None:
                _announce_lost(uow, after, (above,), parted)
                continue
            count = len(after.family[above].supporters)
            fact = facts.DemandOptedOut(demand=above, left=left, supporters=count)
            uow.announce(demand_ref(origin.community, above), fact)
        return uow.versioned(ref)

    return Work(origin, (ref,), decide, _relatives_of(ref))


def _relatives_of(ref: Ref[Demand]) -> supporters.MoreReads:
    """Return what has to be read, once a demand is: its relatives, then everybody behind all of them."""

    def more_reads(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        before = uow.find(ref)
        family = (
            [ref, *(demand_ref(ref.community, one) for one in joining.relatives(before))] if before else []
        )
        return [*family, *(portion for one in family for portion in supporters.all_of(one)(uow))]

    return more_reads


def _family(uow: UnitOfWork, demand: Demand) -> dict[DemandId, Demand]:
    """Return a demand with all that a step of it may touch; a batch has read or left all of it before."""
    ids = (demand.id, *joining.relatives(demand))
    found = {one: uow.get(demand_ref(uow.origin.community, one), NotFound()) for one in ids}
    return {one: supporters.named(uow, kept) for one, kept in found.items()}


def _keep(uow: UnitOfWork, after: Regrouped, by_name_max: int) -> None:
    for one, demand in after.family.items():
        supporters.keep_named(uow, demand_ref(uow.origin.community, one), demand, by_name_max)


def _announce_revived(uow: UnitOfWork, before: Demand, after: Demand, because: str) -> None:
    fact = facts.DemandUnmerged(
        demand=after.id,
        text=after.text,
        title=after.title,
        compound=after.compound,
        about=after.about,
        asked_by=after.asked_by,
        urgent=after.meaning.danger == "now",
        reading=reading_told(after.meaning, private=after.is_private),
        round=after.round,
        parted_from=before.merged_into or "",
        because=because,
    )
    uow.announce(demand_ref(uow.origin.community, after.id), fact)


def _announce_lost(
    uow: UnitOfWork, after: Regrouped, ancestors: Sequence[DemandId], unmerged: DemandId
) -> None:
    for above in ancestors:
        count = len(after.family[above].supporters)
        left = after.lost.get(above, ())
        fact = facts.DemandParted(demand=above, unmerged=unmerged, left=left, supporters=count)
        uow.announce(demand_ref(uow.origin.community, above), fact)
