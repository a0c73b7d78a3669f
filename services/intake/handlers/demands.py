"""What intake does, in the order of a demand's life."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from services.chassis.desk import Desk, Origin, Work
from services.chassis.shelf import Kept, Ref
from services.contracts import demands as facts
from services.contracts.ids import DemandId
from services.contracts.literals import DemandKind
from services.contracts.refusal import Invalid, NotFound
from services.contracts.roles import COMMUNITY
from services.intake.domain.demand import Demand, Line, NotYourDemand
from services.intake.domain.joining import PrivateMatter
from services.intake.domain.lifecycle import DemandStatus, DemandStep
from services.intake.domain.understanding import Said, Understood, read, understood
from services.intake.domain.words_of_residents import checked
from services.intake.handlers.alarms import tell_what_was_heard
from services.intake.handlers.readings import accuses_anew, heard_more, reading_told
from services.intake.store.communities import places_ref
from services.intake.store.demands import Contact, Recent, contact_ref, demand_ref, recent_ref

KeptDemand = Kept[Demand]
SAME_SECONDS = 60


class UnknownCompound(Invalid):
    """The community has no compound or venue with this id."""

    slug = "unknown_compound"
    title = "本社区没有这个小区或场所"


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


def submit_demand(origin: Origin, submission: Submission) -> Work[KeptDemand]:
    """Take a demand from a resident, or from a grid worker or staff for one.

    The same words by the same person within a minute are the same demand, which is returned.
    """
    places, ref = places_ref(origin.community), demand_ref(origin.community, submission.demand)
    text = checked(submission.text)
    title = checked(submission.title) if submission.title else None
    said = read(text, title, "report" if submission.accuses else None, private=submission.private)
    recent = recent_ref(origin.community, _digest(origin, submission, said))
    within = timedelta(seconds=submission.same_within)

    def then_reads(desk: Desk) -> Sequence[Ref[Any]]:
        earlier = desk.find(recent)
        return [demand_ref(origin.community, earlier.demand)] if earlier else []

    def decide(desk: Desk) -> KeptDemand:
        known = desk.get(places, NotFound())
        if submission.compound is not None and known.name_of(submission.compound) is None:
            raise UnknownCompound(compound=submission.compound)
        earlier = desk.find(recent)
        if earlier is not None and earlier.at > desk.at - within:
            same = demand_ref(origin.community, earlier.demand)
            if desk.lies_here(same) and (desk.get(same, NotFound()).is_open):
                return desk.kept(same)
        desk.put(recent, Recent(submission.demand, desk.at, desk.at + within))
        demand = _submitted(origin, submission, said, understood(said, known.home), desk.at)
        desk.put(ref, demand)
        desk.announce(ref, _demand_submitted(demand), frozenset(known.public_numbers))
        if submission.sealed_contact is not None:
            desk.put(contact_ref(origin.community, submission.demand), Contact(submission.sealed_contact))
        tell_what_was_heard(desk, ref, demand, known)
        return desk.kept(ref)

    return Work(origin, (places, recent), decide, then_reads)


def _digest(origin: Origin, submission: Submission, said: Said) -> str:
    """Return what two submissions must have in common to be the same."""
    marks = f"{submission.private} {submission.about} {submission.accuses}"
    place, contact = submission.compound or "", submission.contact
    parts = (origin.actor.subject, said.text, said.title or "", place, contact, marks)
    return sha256("\0".join(parts).encode()).hexdigest()[:32]


def _submitted(origin: Origin, submission: Submission, said: Said, heard: Understood, at: datetime) -> Demand:
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
    ).understood_as(heard)


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


def endorse_demand(origin: Origin, demand: DemandId, subject: str) -> Work[KeptDemand]:
    """Support somebody else's demand (附议); again by the same person it changes nothing."""
    ref = demand_ref(origin.community, demand)

    def decide(desk: Desk) -> KeptDemand:
        before = desk.get(ref, NotFound())
        if before.is_private:
            raise PrivateMatter
        after = before.endorsed_by(subject, desk.at)
        if after is not before:
            desk.put(ref, after)
        if len(after.supporters) > len(before.supporters):
            fact = facts.DemandEndorsed(demand=demand, endorsed_by=subject, supporters=len(after.supporters))
            desk.announce(ref, fact)
        return desk.kept(ref)

    return Work(origin, (ref,), decide)


def urge_demand(origin: Origin, demand: DemandId, note: str) -> Work[KeptDemand]:
    """Press for a demand (催办): the one who asked, a supporter, or the community for them."""
    ref = demand_ref(origin.community, demand)

    def decide(desk: Desk) -> KeptDemand:
        before = desk.get(ref, NotFound())
        must_concern(origin, before, *before.supporters)
        times = before.urged + 1
        line = Line(desk.at, origin.actor.role.value, "urged", f"第 {times} 次催办" + because_of(note))
        desk.put(ref, replace(before.after(DemandStep.URGE, line), urged=times))
        desk.announce(ref, facts.DemandUrged(demand=demand, note=note, times=times, round=before.round))
        return desk.kept(ref)

    return Work(origin, (ref,), decide)


def supplement_demand(origin: Origin, demand: DemandId, text: str) -> Work[KeptDemand]:
    """Answer what the provider asked (补充): the one who asked, or the community for them.

    While somebody is or may be in danger it needs no question. What it says of danger counts, and where it
    accuses somebody the provider that asked does not get it: it may be the one.
    """
    ref, places = demand_ref(origin.community, demand), places_ref(origin.community)
    words = checked(text)
    said = read(words)

    def decide(desk: Desk) -> KeptDemand:
        before = desk.get(ref, NotFound())
        must_concern(origin, before)
        line = Line(desk.at, origin.actor.role.value, "supplemented", f"居民补充：{words}")
        after = before.supplemented(line)
        desk.put(ref, after)
        if before.open_question is not None and not accuses_anew(before, said):
            fact = facts.DemandSupplemented(demand=demand, order=after.order or "", text=words)
            desk.announce(ref, fact)
        heard_more(desk, ref, after, said)
        return desk.kept(ref)

    return Work(origin, (ref, places), decide)


def withdraw_demand(origin: Origin, demand: DemandId, reason: str) -> Work[KeptDemand]:
    """Take a demand back; where others stand behind it, it goes on for them without the one who asked."""
    ref = demand_ref(origin.community, demand)

    def decide(desk: Desk) -> KeptDemand:
        before = desk.get(ref, NotFound())
        must_concern(origin, before)
        if before.supporters and not before.is_private:
            _pass_on(desk, ref, before, reason)
            return desk.kept(ref)
        line = Line(desk.at, origin.actor.role.value, "withdrawn", "已撤回" + because_of(reason))
        desk.put(ref, before.after(DemandStep.WITHDRAW, line))
        desk.announce(ref, facts.DemandWithdrawn(demand=demand, reason=reason, round=before.round))
        return desk.kept(ref)

    return Work(origin, (ref,), decide)


def _pass_on(desk: Desk, ref: Ref[Demand], before: Demand, reason: str) -> None:
    """What one takes back is not taken from those who support it: the first of them asks from now on."""
    words = "提出人已撤回" + because_of(reason) + "；还有居民附议，继续办理"
    line = Line(desk.at, desk.origin.actor.role.value, "passed_on", words)
    after = before.passed_on(line)
    desk.put(ref, after)
    fact = facts.DemandPassedOn(
        demand=after.id,
        asked_by=after.asked_by,
        left=before.asked_by,
        supporters=len(after.supporters),
        round=after.round,
    )
    desk.announce(ref, fact)


def must_concern(origin: Origin, demand: Demand, *others: str) -> None:
    """Only the one who asked, the others named, or the community on their behalf."""
    if origin.actor.role in COMMUNITY:
        return
    if origin.actor.subject not in (demand.asked_by, *others):
        raise NotYourDemand


def because_of(note: str) -> str:
    return f"：{note}" if note else ""
