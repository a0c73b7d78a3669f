"""Stars are set for each month that is over, reckoned again where something changed, and appealed against."""

from collections.abc import Sequence
from typing import Any

from services.chassis.documents import Ref, Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.points import (
    PointsAppealDecided,
    PointsOutstandingNamed,
    PointsOutstandingTakenBack,
    PointsStarAppealed,
    PointsStarSet,
)
from services.contracts.refusal import NotFound
from services.language.masks import masked
from services.points.domain.months import last_finished, month_of, moved
from services.points.domain.standings import Standing
from services.points.domain.star_records import (
    AlreadyAppealed,
    AlreadyNamed,
    Appeal,
    MonthNotFinished,
    Naming,
    NotOfThisPartner,
    StarClock,
    Verdict,
    YearAhead,
    appeal,
    star_on_record,
)
from services.points.domain.stars import MONTHS
from services.points.handlers.ratings import clock_reads, judge, must_be_partner, reckon_again
from services.points.handlers.rules import rules_of
from services.points.store.rules import rule_ref
from services.points.store.stars import appeal_ref, naming_ref, rating_ref, star_clock_ref, star_ref


def set_star(origin: Origin, partner: str, month: str, standing: Standing, clock_revision: int) -> Work[bool]:
    """Keep a partner's star of a month, and say it where it is another; answers whether it is.

    Arguments:
        clock_revision: it was reckoned then; what somebody decided meanwhile comes first.
    """
    ref, clock = star_ref(origin.community, partner, month), star_clock_ref(origin.community)

    def decide(uow: UnitOfWork) -> bool:
        before = uow.find(ref)
        if uow.revision(clock) != clock_revision or (before is not None and before.says(standing)):
            return False
        after = star_on_record(partner, month, standing, before, uow.at)
        uow.put(ref, after)
        if before is None or (before.stars, before.because) != (after.stars, after.because):
            fact = PointsStarSet(partner=partner, stars=after.stars, month=month, because=after.because)
            uow.announce(ref, fact)
        return True

    return Work(origin, (ref, clock), decide)


def wind_clock(origin: Origin, after: StarClock, clock_revision: int) -> Work[bool]:
    """Note that all stars are set, unless somebody else did, or asked for something meanwhile."""
    ref = star_clock_ref(origin.community)

    def decide(uow: UnitOfWork) -> bool:
        if uow.revision(ref) != clock_revision:
            return False
        uow.put(ref, after)
        return True

    return Work(origin, (ref,), decide)


def ask_for_stars(origin: Origin, month: str | None) -> Work[str]:
    """Let stars be reckoned again at once, from a month on; answers from which.

    Arguments:
        month: None for the last that is over.

    The work raises MonthNotFinished; NotFound without such a community.
    """

    def decide(uow: UnitOfWork) -> str:
        uow.get(rule_ref(origin.community), NotFound())
        last = last_finished(uow.at, rules_of(uow).zone)
        first = month or last
        if not moved(last, 1 - MONTHS) <= first <= last:
            raise MonthNotFinished
        reckon_again(uow, first)
        return first

    return Work(origin, clock_reads(origin.community), decide)


def appeal_star(origin: Origin, partner: str, month: str, words: str) -> Work[Versioned[Appeal]]:
    """Appeal against a star (申诉).

    The work raises NotFound, AppealTooLate, AlreadyAppealed.
    """
    star = star_ref(origin.community, partner, month)
    ref = appeal_ref(origin.community, star.id)

    def decide(uow: UnitOfWork) -> Versioned[Appeal]:
        kept = uow.get(star, NotFound())
        if uow.find(ref) is not None:
            raise AlreadyAppealed
        filed = appeal(kept, masked(words), uow.at)
        uow.put(ref, filed)
        uow.announce(ref, PointsStarAppealed(partner=partner, month=month, words=filed.words))
        return uow.versioned(ref)

    return Work(origin, (star, ref), decide)


def decide_appeal(origin: Origin, appealed: str, verdict: Verdict) -> Work[Versioned[Appeal]]:
    """Decide an appeal: the star stays, or it is reckoned again with other ratings.

    The work raises NotFound, AppealDecided, NotOfThisPartner.
    """
    ref = appeal_ref(origin.community, appealed)
    ways = [(rating, True) for rating in verdict.include] + [(rating, False) for rating in verdict.exclude]
    ratings = [rating_ref(origin.community, rating) for rating, _ in ways]

    def decide(uow: UnitOfWork) -> Versioned[Appeal]:
        after = uow.get(ref, NotFound()).decided(_masked(verdict), origin.actor.subject, uow.at)
        uow.put(ref, after)
        for rating, counts in ways:
            kept = uow.get(rating_ref(origin.community, rating), NotOfThisPartner())
            if kept.partner != after.partner:
                raise NotOfThisPartner
            judge(uow, kept, f"申诉复核：{after.because}", counts=counts)
        fact = PointsAppealDecided(
            partner=after.partner, month=after.month, upheld=verdict.upheld, because=after.because
        )
        uow.announce(ref, fact)
        if not verdict.upheld:
            reckon_again(uow, after.month)
        return uow.versioned(ref)

    reads: Sequence[Ref[Any]] = (ref, *ratings, *clock_reads(origin.community))
    return Work(origin, reads, decide)


def _masked(verdict: Verdict) -> Verdict:
    return Verdict(verdict.upheld, masked(verdict.because), verdict.include, verdict.exclude)


def name_outstanding(origin: Origin, partner: str, year: int, because: str) -> Work[Versioned[Naming]]:
    """Name a partner outstanding for a year (优秀社区合伙人), whether it was proposed or not.

    The work raises NotFound, YearAhead, AlreadyNamed.
    """
    ref = naming_ref(origin.community, year, partner)

    def decide(uow: UnitOfWork) -> Versioned[Naming]:
        must_be_partner(uow, partner)
        if year > int(month_of(uow.at, rules_of(uow).zone)[:4]):
            raise YearAhead
        before = uow.find(ref)
        if before is not None and before.stands:
            raise AlreadyNamed
        named = Naming(ref.id, partner, year, masked(because), origin.actor.subject, uow.at)
        uow.put(ref, named)
        uow.announce(ref, PointsOutstandingNamed(partner=partner, year=year, because=named.because))
        return uow.versioned(ref)

    return Work(origin, (ref, *clock_reads(origin.community)), decide)


def take_back_naming(origin: Origin, year: int, partner: str, because: str) -> Work[Versioned[Naming]]:
    """Take back that a partner is outstanding.

    The work raises NotFound, NotNamed.
    """
    ref = naming_ref(origin.community, year, partner)

    def decide(uow: UnitOfWork) -> Versioned[Naming]:
        after = uow.get(ref, NotFound()).taken_back(masked(because))
        uow.put(ref, after)
        fact = PointsOutstandingTakenBack(partner=partner, year=year, because=after.taken_back_because)
        uow.announce(ref, fact)
        return uow.versioned(ref)

    return Work(origin, (ref,), decide)
