"""What intake does when two demands are one matter: merge, opt out, take it back."""

from collections.abc import Callable, Sequence

from services.chassis.desk import Desk, Origin, Work
from services.chassis.shelf import Kept, Ref
from services.contracts import demands as facts
from services.contracts.ids import DemandId
from services.contracts.refusal import NotFound
from services.intake.domain import joining
from services.intake.domain.demand import Demand, Line, SameDemand
from services.intake.domain.joining import Regrouped
from services.intake.handlers.readings import reading_told
from services.intake.store.demands import demand_ref

KeptDemand = Kept[Demand]


def merge_demand(origin: Origin, demand: DemandId, into: DemandId) -> Work[KeptDemand]:
    """Merge a demand into another about the same matter; its people come along as supporters."""
    ref, target = demand_ref(origin.community, demand), demand_ref(origin.community, into)

    def decide(desk: Desk) -> KeptDemand:
        before = desk.get(ref, NotFound())
        if desk.find(target) is None:
            raise SameDemand(into=into)
        family = _family(desk, before) | {into: desk.get(target, SameDemand(into=into))}
        after = joining.merged(family, demand, into, desk.at)
        _keep(desk, after)
        carried = after.gained[into]
        merged = facts.DemandMerged(demand=demand, into=into, carried=carried, round=before.round)
        desk.announce(ref, merged)
        supporters = len(after.family[into].supporters)
        joined = facts.DemandJoined(demand=into, merged=demand, carried=carried, supporters=supporters)
        desk.announce(target, joined)
        return desk.kept(ref)

    return Work(origin, (ref, target), decide, _relatives_of(ref))


def unmerge_demand(origin: Origin, demand: DemandId, reason: str) -> Work[KeptDemand]:
    """Take a merge back: the demand stands on its own again and gets a new order, with all its people."""
    ref = demand_ref(origin.community, demand)

    def decide(desk: Desk) -> KeptDemand:
        before = desk.get(ref, NotFound())
        because = f"恢复单独办理：{reason}" if reason else "恢复单独办理"
        line = Line(desk.at, origin.actor.role.value, "unmerged", because)
        after = joining.unmerged(_family(desk, before), demand, line)
        _keep(desk, after)
        _announce_revived(desk, before, after.family[demand], reason)
        _announce_lost(desk, after, joining.ancestors(before), demand)
        return desk.kept(ref)

    return Work(origin, (ref,), decide, _relatives_of(ref))


def opt_out(origin: Origin, demand: DemandId, subject: str) -> Work[KeptDemand]:
    """Let somebody whom a merge has carried take their voice back (不同意合并)."""
    ref = demand_ref(origin.community, demand)

    def decide(desk: Desk) -> KeptDemand:
        before = _family(desk, desk.get(ref, NotFound()))
        after = joining.opted_out(before, demand, subject, desk.at, origin.actor.role.value)
        _keep(desk, after)
        for revived in after.revived:
            _announce_revived(desk, before[revived], after.family[revived], "提出人不同意合并")
        for above, left in after.lost.items():
            parted = next((r for r in after.revived if above in joining.ancestors(before[r])), None)
            if parted is not None:
                _announce_lost(desk, after, (above,), parted)
                continue
            supporters = len(after.family[above].supporters)
            fact = facts.DemandOptedOut(demand=above, left=left, supporters=supporters)
            desk.announce(demand_ref(origin.community, above), fact)
        return desk.kept(ref)

    return Work(origin, (ref,), decide, _relatives_of(ref))


def _relatives_of(ref: Ref[Demand]) -> Callable[[Desk], Sequence[Ref[Demand]]]:
    def then_reads(desk: Desk) -> Sequence[Ref[Demand]]:
        before = desk.find(ref)
        relatives = joining.relatives(before) if before else ()
        return [demand_ref(ref.community, one) for one in relatives]

    return then_reads


def _family(desk: Desk, demand: Demand) -> dict[DemandId, Demand]:
    """Return a demand with all that a step of it may touch; a batch has read or left all of it before."""
    ids = (demand.id, *joining.relatives(demand))
    return {one: desk.get(demand_ref(desk.origin.community, one), NotFound()) for one in ids}


def _keep(desk: Desk, after: Regrouped) -> None:
    for one, demand in after.family.items():
        desk.put(demand_ref(desk.origin.community, one), demand)


def _announce_revived(desk: Desk, before: Demand, after: Demand, because: str) -> None:
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
    desk.announce(demand_ref(desk.origin.community, after.id), fact)


def _announce_lost(desk: Desk, after: Regrouped, ancestors: Sequence[DemandId], unmerged: DemandId) -> None:
    for above in ancestors:
        supporters = len(after.family[above].supporters)
        left = after.lost.get(above, ())
        fact = facts.DemandParted(demand=above, unmerged=unmerged, left=left, supporters=supporters)
        desk.announce(demand_ref(desk.origin.community, above), fact)
