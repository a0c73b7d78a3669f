"""What intake does, in the order of a demand's life."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from hashlib import sha256
from typing import Any

from services.chassis.documents import Ref
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts import demands as facts
from services.contracts.ids import DemandId
from services.contracts.literals import DemandKind
from services.contracts.refusal import NotFound
from services.contracts.roles import COMMUNITY
from services.contracts.values import replace
from services.intake.domain.crowds import BY_NAME_MAX, SUPPORTERS_MAX
from services.intake.domain.demands import Demand, Line, NotYourDemand, UnknownCompound
from services.intake.domain.duplicates import FoundBy, text_found_by
from services.intake.domain.lifecycle import DemandStatus, DemandStep
from services.intake.domain.merging import PrivateMatter
from services.intake.domain.readings import Said, accuses_anew, read, understood
from services.intake.domain.words_of_residents import checked
from services.intake.handlers import supporters
from services.intake.handlers.alarms import tell_what_was_heard
from services.intake.handlers.readings import heard_more, reading_told
from services.intake.store.communities import profile_ref
from services.intake.store.demands import (
    Contact,
    Recent,
    VersionedDemand,
    contact_ref,
    demand_ref,
    recent_ref,
)
from services.language.masks import masked

SAME_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Submission:
    """A demand as it comes in (点单).

    Arguments:
        private: what the one who asks says of it; None leaves it to the words.
        contact: name and phone in the clear, only to tell whether the same is submitted twice.
        accuses: the one who asks has called it a report (举报).
        same_within: seconds in which the same words by the same person are the same demand.
    """

    demand: DemandId
    text: str
    title: str | None
    compound: str | None
    about: DemandKind
    sealed_contact: bytes | None = None
    private: bool | None = None
    contact: str = ""
    accuses: bool = False
    same_within: int = SAME_SECONDS


def submit_demand(origin: Origin, submission: Submission) -> Work[VersionedDemand]:
    """Take a demand from a resident, or from a grid worker or staff for one.

    The same words by the same person within a minute are the same demand, which is returned.
    """
    profile, ref = profile_ref(origin.community), demand_ref(origin.community, submission.demand)
    text = checked(submission.text)
    title = checked(submission.title) if submission.title else None
    recent = recent_ref(origin.community, _digest(origin, submission, text, title))

    @cache
    def said() -> Said:
        return read(text, title, "report" if submission.accuses else None, private=submission.private)

    compared_by = partial(text_found_by, text, title, submission.compound)

    within = timedelta(seconds=submission.same_within)

    def more_reads(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        earlier = uow.find(recent)
        return [demand_ref(origin.community, earlier.demand)] if earlier else []

    def decide(uow: UnitOfWork) -> VersionedDemand:
        known = uow.get(profile, NotFound())
        if submission.compound is not None and known.name_of(submission.compound) is None:
            raise UnknownCompound(compound=submission.compound)
        earlier = uow.find(recent)
        if earlier is not None and earlier.at > uow.at - within:
            same = demand_ref(origin.community, earlier.demand)
            if uow.is_loaded(same) and (uow.get(same, NotFound()).is_open):
                return uow.versioned(same)
        uow.put(recent, Recent(submission.demand, uow.at, uow.at + within))
        heard = understood(said(), known.home)
        demand = _submitted(origin, submission, said(), uow.at, compared_by()).understood_as(heard)
        uow.put(ref, demand)
        uow.announce(ref, _demand_submitted(demand), frozenset(known.public_numbers))
        if submission.sealed_contact is not None:
            uow.put(contact_ref(origin.community, submission.demand), Contact(submission.sealed_contact))
        tell_what_was_heard(uow, ref, demand, known)
        return uow.versioned(ref)

    return Work(origin, (profile, recent), decide, more_reads, ahead=(said, compared_by))


def _digest(origin: Origin, submission: Submission, text: str, title: str | None) -> str:
    """Return what two submissions must have in common to be the same."""
    marks = f"{submission.private} {submission.about} {submission.accuses}"
    place, contact = submission.compound or "", submission.contact
    parts = (origin.actor.subject, text, title or "", place, contact, marks)
    return sha256("\0".join(parts).encode()).hexdigest()[:32]


def _submitted(origin: Origin, submission: Submission, said: Said, at: datetime, by: FoundBy) -> Demand:
    by_helper = origin.actor.role in COMMUNITY
    words = "网格员代居民点单" if by_helper else "居民点单"
    return Demand(
        id=submission.demand,
        text=said.text,
        title=said.title,
        compound=submission.compound,
        about=submission.about,
        asked_by=origin.actor.subject,
        entered_by=origin.actor.role.value,
        submitted_at=at,
        status=DemandStatus.SUBMITTED,
        timeline=(Line(at, origin.actor.role.value, "submitted", words),),
        has_contact=submission.sealed_contact is not None,
        found_by=by,
    )


def _demand_submitted(demand: Demand) -> facts.DemandSubmitted:
    return facts.DemandSubmitted(
        demand=demand.id,
        text=demand.text,
        title=demand.title,
        compound=demand.compound,
        about=demand.about,
        asked_by=demand.asked_by,
        urgent=demand.meaning.danger == "now",
        reading=reading_told(demand.meaning, private=demand.is_private),
    )


def endorse_demand(
    origin: Origin, demand: DemandId, subject: str, by_name_max: int = BY_NAME_MAX
) -> Work[VersionedDemand]:
    """Support somebody else's demand (附议); again by the same person it changes nothing.

    Arguments:
        by_name_max: beyond so many supporters stand beside their demand.
    """
    ref = demand_ref(origin.community, demand)
    # Where all are to stand on their demand, those of a crowd come back to it.
    may_crowd = by_name_max < SUPPORTERS_MAX

    def decide(uow: UnitOfWork) -> VersionedDemand:
        before = uow.get(ref, NotFound())
        if before.is_private:
            raise PrivateMatter
        if before.crowd is None or not may_crowd:
            named = supporters.named(uow, before)
            after = named.endorsed_by(subject, uow.at)
            if after is not named:
                supporters.keep_named(uow, ref, after, by_name_max)
        else:
            after = supporters.endorse_among_many(uow, ref, before, subject)
        if after.supporter_count > before.supporter_count:
            count = after.supporter_count
            uow.announce(ref, facts.DemandEndorsed(demand=demand, endorsed_by=subject, supporters=count))
        return uow.versioned(ref)

    more_reads = supporters.one_of(ref, subject) if may_crowd else supporters.all_of(ref)
    return Work(origin, (ref,), decide, more_reads)


def urge_demand(origin: Origin, demand: DemandId, note: str) -> Work[VersionedDemand]:
    """Press for a demand (催办): the one who asked, a supporter, or the community for them."""
    ref = demand_ref(origin.community, demand)

    def decide(uow: UnitOfWork) -> VersionedDemand:
        before = uow.get(ref, NotFound())
        if not supporters.stands_behind(uow, before, origin.actor.subject):
            must_concern(origin, before)
        times = before.urged + 1
        line = Line(uow.at, origin.actor.role.value, "urged", f"第 {times} 次催办" + because_of(note))
        uow.put(ref, replace(before.after(DemandStep.URGE, line), urged=times))
        uow.announce(ref, facts.DemandUrged(demand=demand, note=note, times=times, round=before.round))
        return uow.versioned(ref)

    return Work(origin, (ref,), decide, supporters.one_of(ref, origin.actor.subject))


def supplement_demand(origin: Origin, demand: DemandId, text: str) -> Work[VersionedDemand]:
    """Answer what the provider asked (补充): the one who asked, or the community for them.

    While somebody is or may be in danger it needs no question. What it says of danger counts, and where it
    accuses somebody the provider that asked does not get it: it may be the one. Numbers are not read: told in
    words they seem to accuse.
    """
    ref, profile = demand_ref(origin.community, demand), profile_ref(origin.community)
    words = checked(text)
    more = understood(read(masked(words)))

    def decide(uow: UnitOfWork) -> VersionedDemand:
        before = uow.get(ref, NotFound())
        must_concern(origin, before)
        line = Line(uow.at, origin.actor.role.value, "supplemented", f"居民补充：{words}")
        after = before.supplemented(line)
        uow.put(ref, after)
        if before.open_question is not None and not accuses_anew(before.meaning, more):
            fact = facts.DemandSupplemented(demand=demand, order=after.order or "", text=words)
            uow.announce(ref, fact)
        heard_more(uow, ref, after, more)
        return uow.versioned(ref)

    return Work(origin, (ref, profile), decide)


def withdraw_demand(
    origin: Origin, demand: DemandId, reason: str, by_name_max: int = BY_NAME_MAX
) -> Work[VersionedDemand]:
    """Take a demand back; where others stand behind it, it goes on for them without the one who asked.

    Arguments:
        by_name_max: beyond so many supporters stand beside their demand.
    """
    ref = demand_ref(origin.community, demand)

    def decide(uow: UnitOfWork) -> VersionedDemand:
        before = uow.get(ref, NotFound())
        must_concern(origin, before)
        if before.supporter_count and not before.is_private:
            _pass_on(uow, ref, supporters.named(uow, before), reason, by_name_max)
            return uow.versioned(ref)
        line = Line(uow.at, origin.actor.role.value, "withdrawn", "已撤回" + because_of(reason))
        uow.put(ref, before.after(DemandStep.WITHDRAW, line))
        uow.announce(ref, facts.DemandWithdrawn(demand=demand, reason=reason, round=before.round))
        return uow.versioned(ref)

    return Work(origin, (ref,), decide, supporters.all_of(ref))


def _pass_on(uow: UnitOfWork, ref: Ref[Demand], before: Demand, reason: str, by_name_max: int) -> None:
    """What one takes back is not taken from those who support it: the first of them asks from now on."""
    words = "提出人已撤回" + because_of(reason) + "；还有居民附议，继续办理"
    line = Line(uow.at, uow.origin.actor.role.value, "passed_on", words)
    after = before.passed_on(line)
    supporters.keep_named(uow, ref, after, by_name_max)
    fact = facts.DemandPassedOn(
        demand=after.id,
        asked_by=after.asked_by,
        left=before.asked_by,
        supporters=len(after.supporters),
        round=after.round,
    )
    uow.announce(ref, fact)


def must_concern(origin: Origin, demand: Demand) -> None:
    """Only the one who asked, or the community on their behalf."""
    if origin.actor.role not in COMMUNITY and origin.actor.subject != demand.asked_by:
        raise NotYourDemand


def because_of(note: str) -> str:
    return f"：{note}" if note else ""
