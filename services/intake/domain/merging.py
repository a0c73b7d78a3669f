"""Merging demands about one matter, and taking it back: nobody is lost, and nobody doubled.

Every demand keeps who gave their voice to it. What a merge brings to another is kept beside that, by the
demand it came from, so that it can be taken out again. A family is the demands that such a step touches.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.contracts.ids import DemandId
from services.contracts.refusal import Conflict
from services.contracts.values import replace
from services.intake.domain.crowds import SUPPORTERS_MAX
from services.intake.domain.demands import (
    BROUGHT_MAX,
    Brought,
    Demand,
    Line,
    SameDemand,
    TooManySupporters,
)
from services.intake.domain.lifecycle import DemandStep

Family = Mapping[DemandId, Demand]


class TooManyMerged(Conflict):
    """More demands than one list can show have been merged into it."""

    slug = "too_many_merged"
    title = "并入的诉求已达上限"


class PrivateMatter(Conflict):
    """One of them is not for the neighbours: who supports the other would read it."""

    slug = "private_matter"
    title = "涉及隐私的诉求不能与别的诉求合并"


class NotCarried(Conflict):
    """No merge has carried this person's voice, so there is nothing to opt out of."""

    slug = "not_carried"
    title = "没有因合并而转来的附议，无需退出"


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What a step left.

    Arguments:
        family: every demand that was changed, as it is now.
        gained, lost: demand → who supports it now and did not before, or the other way round.
        revived: the demands that stand on their own again.
    """

    family: Family
    gained: Mapping[DemandId, tuple[str, ...]]
    lost: Mapping[DemandId, tuple[str, ...]]
    revived: tuple[DemandId, ...] = ()


def relatives(demand: Demand) -> tuple[DemandId, ...]:
    """Return the demands that a step of this one may touch: where it went, and which came to it."""
    return (*ancestors(demand), *(group.demand for group in demand.brought))


def ancestors(demand: Demand) -> tuple[DemandId, ...]:
    """Return the demands that its people went to, the nearest first."""
    return demand.joined_to or ((demand.merged_into,) if demand.merged_into else ())


def merged(family: Family, demand: DemandId, into: DemandId, at: datetime) -> Regrouped:
    """Return a demand merged into another, with all its people and those who came to it before.

    Raises:
        SameDemand: the other is itself, or is over.
        PrivateMatter: one of them is private, and they are not the same person's.
        StepNotAllowed: the demand cannot be merged any more.
        TooManySupporters, TooManyMerged
    """
    before, other = family[demand], family[into]
    if other.id == before.id or not other.is_open:
        raise SameDemand(present_status=other.status.value)
    if (before.is_private or other.is_private) and before.asked_by != other.asked_by:
        raise PrivateMatter
    line = Line(at, "staff", "merged", "与另一条相同的诉求合并办理")
    gone = replace(before.after(DemandStep.MERGE, line), merged_into=into, joined_to=(into,))
    joined = other.with_voices(other.own_supporters, (*other.brought, *_bringing(before)))
    _must_fit(joined)
    gained = _more(joined, other)
    said = Line(at, "staff", "joined", f"并入一条相同的诉求，带来 {len(gained)} 位居民的附议")
    joined = replace(joined.noted(said), merged_from=(*other.merged_from, demand))
    moved = {g.demand: family[g.demand] for g in before.brought}
    further = {key: replace(one, joined_to=(*ancestors(one), into)) for key, one in moved.items()}
    return Regrouped({**further, demand: gone, into: joined}, {into: gained}, {})


def _bringing(demand: Demand) -> tuple[Brought, ...]:
    own = Brought(demand.id, tuple(dict.fromkeys((demand.asked_by, *demand.own_supporters))))
    return (own, *(replace(group, through=(*group.through, demand.id)) for group in demand.brought))


def _must_fit(joined: Demand) -> None:
    if len(joined.supporters) > SUPPORTERS_MAX:
        raise TooManySupporters(most=SUPPORTERS_MAX)
    if len(joined.brought) > BROUGHT_MAX:
        raise TooManyMerged(most=BROUGHT_MAX)


def unmerged(family: Family, demand: DemandId, line: Line) -> Regrouped:
    """Return a merged demand on its own again, to be handled anew, with everybody who gave it their voice.

    Whom it was merged into keeps those who endorsed it themselves, or whom another demand brought.

    Raises:
        StepNotAllowed: it is not merged.
    """
    before = family[demand]
    alive = before.after(DemandStep.UNMERGE, line)
    alive = replace(alive, merged_into=None, joined_to=(), round=before.round + 1, order=None, handler=None)
    alive = replace(alive, question=None, finish_due_at=None, supervised=False)  # all of the old order
    gone = {demand, *(group.demand for group in before.brought)}
    after: dict[DemandId, Demand] = {demand: alive}
    for group in before.brought:
        one = family[group.demand]
        way = ancestors(one)
        after[one.id] = replace(one, joined_to=way[: way.index(demand) + 1])
    for above in ancestors(before):
        after[above] = _without(family[above], gone, demand, line)
    lost = {above: _more(family[above], after[above]) for above in ancestors(before)}
    return Regrouped(after, {}, lost, (demand,))


def _without(one: Demand, gone: set[DemandId], demand: DemandId, line: Line) -> Demand:
    kept = tuple(group for group in one.brought if group.demand not in gone)
    left = one.with_voices(one.own_supporters, kept)
    number = len(one.supporters) - len(left.supporters)
    said = replace(line, what="parted", text=f"一条并入的诉求恢复单独办理，{number} 位居民随之转回")
    return replace(left.noted(said), merged_from=tuple(m for m in one.merged_from if m != demand))


def opted_out(family: Family, demand: DemandId, subject: str, at: datetime, by: str) -> Regrouped:
    """Return the family after somebody whose voice a merge carried took it back.

    A supporter's voice stays where it was given, and counts nowhere else. The demand of one who asked
    stands on its own again, with all its people. Who endorsed the other themselves as well stays with it.

    Raises:
        NotCarried: no merge carried their voice, here or to here.
    """
    before, now = dict(family), dict(family)
    revived: list[DemandId] = []
    while (origin := _origin(now, demand, subject)) is not None:
        if now[origin].asked_by == subject:
            line = Line(at, by, "unmerged", "提出人不同意合并，恢复单独办理")
            now.update(unmerged(now, origin, line).family)
            revived.append(origin)
        else:
            now.update(_silenced(now, origin, subject, at, by))
    if now == before:
        raise NotCarried
    changed = {key: one for key, one in now.items() if one != before[key]}
    lost = {key: _more(before[key], one) for key, one in changed.items()}
    return Regrouped(changed, {}, {key: people for key, people in lost.items() if people}, tuple(revived))


def _origin(family: Family, demand: DemandId, subject: str) -> DemandId | None:
    """Return a demand whose merge carried a voice to this one or on from it; those they asked come first."""
    one = family[demand]
    origins = [group.demand for group in one.brought if subject in group.people]
    if one.joined_to and _carried_on(family, one, subject):
        origins.append(one.id)
    return min(origins, key=lambda origin: family[origin].asked_by != subject, default=None)


def _carried_on(family: Family, one: Demand, subject: str) -> bool:
    groups = family[one.joined_to[0]].brought
    return any(group.demand == one.id and subject in group.people for group in groups)


def _silenced(
    family: Family, origin: DemandId, subject: str, at: datetime, by: str
) -> dict[DemandId, Demand]:
    after: dict[DemandId, Demand] = {}
    for above in ancestors(family[origin]):
        one = family[above]
        brought = tuple(
            replace(group, people=tuple(person for person in group.people if person != subject))
            if group.demand == origin
            else group
            for group in one.brought
        )
        said = Line(at, by, "opted_out", "有居民不同意合并，已退出")
        after[above] = one.with_voices(one.own_supporters, brought).noted(said)
    return after


def _more(one: Demand, other: Demand) -> tuple[str, ...]:
    """Return who supports one and not the other."""
    others = set(other.supporters)
    return tuple(person for person in one.supporters if person not in others)
