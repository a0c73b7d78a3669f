"""From what is on record to a star for every partner: what counts, what is kept out, and why."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from services.points.domain.collusion import SWAPPED_WITHIN, Circles, Findings
from services.points.domain.giving import Pledge
from services.points.domain.months import begin_of, month_of, moved
from services.points.domain.ratings import DONE, Outcome, Promise, RatingOnRecord
from services.points.domain.stars import MONTHS, Deeds, Star, Voice, means_of, star_of, value_of

LEFT_OUT = "excluded"
"""What staff decided not to count."""
UNVERIFIED = "unverified"
"""Good, and the community has not found the work done yet."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is on record of a community.

    Arguments:
        partners: ids of those who get a star.
        ratings, promises: of the year, and of some time before it.
        pledges: given back, of the year and of some time before it.
        zone: in which its months begin.
    """

    partners: tuple[str, ...]
    ratings: Sequence[RatingOnRecord]
    promises: Sequence[Promise]
    circles: Circles
    zone: tzinfo = UTC
    pledges: Sequence[Pledge] = ()


@dataclass(frozen=True, slots=True)
class KeptOut:
    """How many ratings do not count, for one reason."""

    why: str
    ratings: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A partner's star, and how many ratings did not count for it, by reason."""

    star: Star
    kept_out: tuple[KeptOut, ...] = ()


def months_until(month: str) -> tuple[str, ...]:
    """Return the twelve months that end with one."""
    return tuple(moved(month, -back) for back in reversed(range(MONTHS)))


def facts_since(month: str, zone: tzinfo) -> datetime:
    """Return from when on facts are needed for a month's stars: a favour may have been returned before."""
    return begin_of(months_until(month)[0], zone) - SWAPPED_WITHIN - timedelta(days=1)


def standings(facts: Facts, month: str, findings: Findings) -> Mapping[str, Standing]:
    """Return the star of every partner for a month, from the twelve months that end with it."""
    months = frozenset(months_until(month))
    names, done = frozenset(facts.partners), {one.id for one in facts.promises if one.outcome in DONE}
    voices: dict[str, list[Voice]] = defaultdict(list)
    kept_out: dict[str, Counter[str]] = defaultdict(Counter)
    doubtful: set[str] = set()
    for one in facts.ratings:
        its_month = month_of(one.at, facts.zone)
        why = why_not(one, findings, is_done=one.id in done)
        if why is not None:
            doubtful.add(one.id)
        if one.partner not in names or its_month not in months:
            continue
        if why is not None:
            kept_out[one.partner][why] += 1
        else:
            value = value_of(one.satisfaction, one.solved)
            voices[one.partner].append(Voice(one.rater, its_month, value))
    promises: dict[str, list[Outcome]] = defaultdict(list)
    for promise in facts.promises:
        if month_of(promise.at, facts.zone) in months and _counts(promise, doubtful):
            promises[promise.partner].append(promise.outcome)
    given_back: Counter[str] = Counter()
    for pledge in facts.pledges:
        if month_of(pledge.at, facts.zone) in months:
            given_back[pledge.partner] += pledge.worth_points
    deeds = {
        name: Deeds(
            tuple(voices[name]),
            promises[name].count("kept"),
            len(promises[name]),
            given_back[name],
        )
        for name in facts.partners
    }
    means = means_of(deeds.values())
    return {
        name: Standing(
            star_of(its, means),
            tuple(KeptOut(why, count) for why, count in sorted(kept_out[name].items())),
        )
        for name, its in deeds.items()
    }


def _counts(promise: Promise, doubtful: Set[str]) -> bool:
    """Whether a promise counts: who makes up a rating makes up the order, too, and keeps it in time."""
    return promise.outcome != "again" and not (promise.outcome == "kept" and promise.id in doubtful)


def why_not(rating: RatingOnRecord, findings: Findings, *, is_done: bool) -> str | None:
    """Return why a rating does not count; None: it does. What staff decided goes before what looks odd.

    Arguments:
        is_done: the community found the work done; until then good words about it do not count.
    """
    if rating.decision is not None and not rating.decision.counts:
        return LEFT_OUT
    if rating.decision is None and rating.id in findings:
        return findings[rating.id].kind
    return UNVERIFIED if rating.good and not is_done else None
