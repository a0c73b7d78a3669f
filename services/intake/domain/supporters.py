"""Who stands behind a demand: a few by name on it, many beside it. What either comes to is the same.

Whoever merges demands, or takes that back, works on whole demands, which name everybody; an endorsement,
which may come ten thousand times, touches one portion.
"""

from collections.abc import Iterable
from datetime import datetime

from services.contracts.ids import DemandId
from services.contracts.values import replace
from services.intake.domain.crowds import SUPPORTERS_MAX, Crowd, Portion, Portions, Supporter, crowd_of
from services.intake.domain.demands import Demand, OwnDemand, TooManySupporters


def whole(demand: Demand, portions: Iterable[Portion]) -> Demand:
    """Return a demand with everybody by name.

    Arguments:
        portions: all of them, where its supporters are many.
    """
    if demand.crowd is None:
        return demand
    everybody = sorted((one for part in portions for one in part.supporters), key=lambda one: one.number)
    carried: dict[DemandId, list[str]] = {}
    for one in everybody:
        for origin in one.brought:
            carried.setdefault(origin, []).append(one.subject)
    brought = tuple(replace(group, people=tuple(carried.get(group.demand, ()))) for group in demand.brought)
    own = tuple(one.subject for one in everybody if one.endorsed)
    return replace(demand, crowd=None).with_voices(own, brought)


def kept(demand: Demand, by_name_max: int, last: int) -> tuple[Demand, Portions]:
    """Return a whole demand as it is kept: as it is, or with its supporters beside it in portions.

    Arguments:
        by_name_max: so many names, those whom merges brought among them, stand on the demand itself.
        last: the last number that a portion of it was given, or could have been.
    """
    own = demand.own_supporters
    brought: dict[str, list[DemandId]] = {subject: [] for subject in own}
    for group in demand.brought:
        for subject in group.people:
            brought.setdefault(subject, []).append(group.demand)
    if len(brought) <= by_name_max:
        return demand, {}
    endorsed = frozenset(own)
    everybody = [
        Supporter(subject, number, subject in endorsed, tuple(origins))
        for number, (subject, origins) in enumerate(brought.items(), start=1)
    ]
    crowd, portions = crowd_of(everybody, len(demand.supporters), last)
    return beside(demand, crowd), portions


def beside(demand: Demand, crowd: Crowd) -> Demand:
    """Return a demand that names nobody, since its supporters stand beside it."""
    groups = tuple(replace(group, people=()) for group in demand.brought)
    return replace(demand, supporters=(), brought=groups, endorsed_too=(), crowd=crowd)


def is_supported_by(demand: Demand, portion: Portion | None, subject: str) -> bool:
    """Return whether somebody stands behind a demand that they did not ask themselves.

    Arguments:
        portion: where they stand or would stand, if its supporters are many and there is one.
    """
    if subject == demand.asked_by:
        return False
    return subject in demand.supporters or (portion is not None and portion.find(subject) is not None)


def have_same_voices(one: Demand, other: Demand) -> bool:
    """Return whether the same people stand behind two whole demands in the same way."""
    voices = (one.supporters, one.brought, one.endorsed_too)
    return voices == (other.supporters, other.brought, other.endorsed_too)


def endorsed(demand: Demand, portion: Portion, subject: str, at: datetime) -> tuple[Demand, Portions]:
    """Return a demand whose supporters are many with one more, and the portions that changed.

    Arguments:
        portion: where they stand or would stand.

    Raises:
        OwnDemand, StepNotAllowed, TooManySupporters: as `Demand.endorsed_by`.
    """
    crowd = demand.crowd
    assert crowd is not None, "few stand on the demand by name"
    if subject == demand.asked_by:
        raise OwnDemand
    known = portion.find(subject)
    if known is not None and known.endorsed:
        return demand, {}
    if known is None and crowd.count >= SUPPORTERS_MAX:
        raise TooManySupporters(most=SUPPORTERS_MAX)
    after = demand.endorsement_noted(at, 0 if known else crowd.count + 1)
    crowd, portions = crowd.joined_by(subject, portion)
    return replace(after, crowd=crowd), portions
