"""Like demands: found by what they share, offered to staff, dismissed by them."""

from collections.abc import Iterable

from services.chassis.documents import Ref, Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.ids import DemandId
from services.intake.domain.demands import Demand
from services.intake.domain.duplicates import Alike, Similar
from services.intake.domain.voices.likeness import (
    Likeness,
    Rarity,
    Traits,
    compared,
    traits_of,
    weighed,
)
from services.intake.store.issues import similar_ref


def traits(demand: Demand) -> Traits:
    """Return what a demand is compared by."""
    return traits_of(demand.text, demand.title, demand.compound)


def likely(one: Traits, own: str, others: Iterable[Demand], rarity: Rarity) -> list[tuple[Demand, Likeness]]:
    """Return the demands that are probably about the same matter, the most alike first."""
    mine = weighed(one, rarity)
    found = [(d, compared(mine, weighed(traits(d), rarity))) for d in others if d.id != own]
    same = [(d, likeness) for d, likeness in found if likeness.same_matter]
    return sorted(same, key=lambda pair: (-pair[1].score, pair[0].id))


def dismiss_duplicates(origin: Origin, demand: DemandId, other: str | None) -> Work[Versioned[Similar]]:
    """Let staff say that likely duplicates, or one of them, are another matter; they are not asked again."""
    ref = similar_ref(origin.community, demand)

    def offered(uow: UnitOfWork) -> list[Ref[Similar]]:
        known = uow.find(ref) or Similar()
        return [similar_ref(origin.community, a.demand) for a in known.alike if other in (None, a.demand)]

    def decide(uow: UnitOfWork) -> Versioned[Similar]:
        uow.put(ref, (uow.find(ref) or Similar()).dismissed(other))
        for mirror in offered(uow):
            back = uow.find(mirror) or Similar()
            if any(a.demand == demand and not a.dismissed for a in back.alike):
                uow.put(mirror, back.dismissed(demand))
        return uow.versioned(ref)

    return Work(origin, (ref,), decide, offered)


def offered_to_staff(similar: Similar | None) -> tuple[Alike, ...]:
    """Return what a demand is like, as it was offered."""
    return similar.alike if similar else ()
