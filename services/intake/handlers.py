"""What intake does, in the order of a demand's life."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from pydantic import TypeAdapter

from services.chassis.desk import Desk, Origin, Work
from services.chassis.masking import lines_of, public_numbers_of
from services.chassis.shelf import Kept, Ref
from services.contracts import demands as facts
from services.contracts.communities import CommunityLoaded, read_file_on_record
from services.contracts.community_file import CommunityFile, Compound, Provider, Venue
from services.contracts.refusal import Invalid, NotFound
from services.contracts.words import DemandKind, Role, Satisfaction, Solved
from services.intake.alarms import accuses_anew, heard_more, reading_told, tell_what_was_heard
from services.intake.community_file import Change, diff_community_files
from services.intake.domain.demand import Demand, Line, NotYourDemand, Rating
from services.intake.domain.joining import PrivateMatter
from services.intake.domain.lifecycle import DemandStatus, DemandStep
from services.intake.domain.understanding import Home, Said, Understood, read, understood
from services.intake.domain.voices.issues import Thresholds
from services.intake.domain.words_of_residents import checked
from services.intake.ratings import clock_of_rating
from services.intake.store import (
    Contact,
    FileOnRecord,
    Places,
    Recent,
    contact_ref,
    demand_ref,
    file_ref,
    places_ref,
    recent_ref,
)
from services.language.places import home_of, sounds_like_elsewhere

Kept_ = Kept[Demand]
KINDS: TypeAdapter[DemandKind] = TypeAdapter(DemandKind)
SAME_SECONDS = 60
HELPERS = (Role.STAFF, Role.GRID_WORKER)
"""Who may act for a resident who has no phone."""


class UnknownCompound(Invalid):
    """The community has no compound or venue with this id."""

    slug = "unknown_compound"
    title = "本社区没有这个小区或场所"


class WrongCommunity(Invalid):
    """The file is of another community than the address."""

    slug = "wrong_community"
    title = "文件里的社区与地址里的社区不一致"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading a file changed; `version` counts the files that changed something."""

    file: CommunityFile
    changes: tuple[Change, ...]
    version: int


def load_community(
    origin: Origin, file: CommunityFile, expected: int | None = None, *, dry_run: bool
) -> Work[Loaded]:
    """Replace a community's file as a whole; the same file again changes nothing."""
    record, places = file_ref(origin.community), places_ref(origin.community)

    def decide(desk: Desk) -> Loaded:
        if file.community.id != origin.community:
            raise WrongCommunity(expected=origin.community, found=file.community.id)
        desk.expect(record, expected)
        before = desk.kept(record)
        old = read_file_on_record(before.value.text) if before.value else None
        changes = diff_community_files(old, file)
        if changes and not dry_run:
            desk.put(record, FileOnRecord(file.model_dump_json(), desk.at, origin.actor.subject))
            desk.put(places, places_of(file))
            desk.announce(record, CommunityLoaded(file=file))
        elif not dry_run and desk.find(places) != places_of(file):
            # What an earlier release did not keep of the same file.
            desk.put(places, places_of(file))
        return Loaded(file, changes, desk.revision(record))

    return Work(origin, (record, places), decide)


def places_of(file: CommunityFile) -> Places:
    """Return what of a community file is needed to take a demand."""
    return Places(
        file.community.name,
        {compound.id: compound.name for compound in file.compounds},
        {venue.id: venue.name for venue in file.venues},
        Thresholds(
            file.voices.hot_demands,
            file.voices.hot_voices,
            file.voices.hot_compounds,
            file.voices.hot_days,
        ),
        file.community.timezone,
        home=_home(file),
        lines=lines_of(file),
        duty=file.duty,
        grid_workers={worker.subject: worker.compounds for worker in file.grid_workers},
        confidential_readers=file.confidential_readers,
        supervisor=file.supervisor or "",
        duty_minutes=file.deadlines.duty_minutes,
        rating_days=file.deadlines.rating_days,
        public_numbers=tuple(sorted(public_numbers_of(file))),
    )


def _home(file: CommunityFile) -> Home:
    named: list[Compound | Venue | Provider] = [*file.compounds, *file.venues, *file.units, *file.partners]
    names = {name for one in named for name in (one.name, *one.aliases)}
    codes = home_of(file.community.county, file.community.province)
    return Home(codes, tuple(sorted(name for name in names if sounds_like_elsewhere(name, codes))))


@dataclass(frozen=True, slots=True)
class Submission:
    """A demand as it comes in (点单).

    Arguments:
        private: what the one who asks says of it; None leaves it to the words.
        contact: name and phone in the clear, only to tell whether the same is submitted twice.
        accuses: the one who asks has called it a report (举报).
        same_within: seconds in which the same words by the same person are the same demand.
    """

    demand: str
    text: str
    title: str | None
    compound: str | None
    about: DemandKind
    sealed_contact: bytes | None = None
    private: bool | None = None
    contact: str = ""
    accuses: bool = False
    same_within: int = SAME_SECONDS


def submit_demand(origin: Origin, submission: Submission) -> Work[Kept_]:
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

    def decide(desk: Desk) -> Kept_:
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
    by_helper = origin.actor.role in HELPERS
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
        about=KINDS.validate_python(demand.about),
        asked_by=demand.asked_by,
        urgent=demand.meaning.danger == "now",
        reading=reading_told(demand.meaning, private=demand.is_private),
    )


def endorse_demand(origin: Origin, demand: str, subject: str) -> Work[Kept_]:
    """Support somebody else's demand (附议); again by the same person it changes nothing."""
    ref = demand_ref(origin.community, demand)

    def decide(desk: Desk) -> Kept_:
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


def urge_demand(origin: Origin, demand: str, note: str) -> Work[Kept_]:
    """Press for a demand (催办): the one who asked, a supporter, or the community for them."""
    ref = demand_ref(origin.community, demand)

    def decide(desk: Desk) -> Kept_:
        before = desk.get(ref, NotFound())
        _must_concern(origin, before, *before.supporters)
        times = before.urged + 1
        line = Line(desk.at, origin.actor.role.value, "urged", f"第 {times} 次催办" + _because(note))
        desk.put(ref, replace(before.after(DemandStep.URGE, line), urged=times))
        desk.announce(ref, facts.DemandUrged(demand=demand, note=note, times=times, round=before.round))
        return desk.kept(ref)

    return Work(origin, (ref,), decide)


def supplement_demand(origin: Origin, demand: str, text: str) -> Work[Kept_]:
    """Answer what the provider asked (补充): the one who asked, or the community for them.

    While somebody is or may be in danger it needs no question. What it says of danger counts, and where it
    accuses somebody the provider that asked does not get it: it may be the one.
    """
    ref, places = demand_ref(origin.community, demand), places_ref(origin.community)
    words = checked(text)
    said = read(words)

    def decide(desk: Desk) -> Kept_:
        before = desk.get(ref, NotFound())
        _must_concern(origin, before)
        line = Line(desk.at, origin.actor.role.value, "supplemented", f"居民补充：{words}")
        after = before.supplemented(line)
        desk.put(ref, after)
        if before.open_question is not None and not accuses_anew(before, said):
            fact = facts.DemandSupplemented(demand=demand, order=after.order or "", text=words)
            desk.announce(ref, fact)
        heard_more(desk, ref, after, said)
        return desk.kept(ref)

    return Work(origin, (ref, places), decide)


def withdraw_demand(origin: Origin, demand: str, reason: str, expected: int | None) -> Work[Kept_]:
    """Take a demand back; where others stand behind it, it goes on for them without the one who asked."""
    ref = demand_ref(origin.community, demand)

    def decide(desk: Desk) -> Kept_:
        before = desk.get(ref, NotFound())
        _must_concern(origin, before)
        desk.expect(ref, expected)
        if before.supporters and not before.is_private:
            _pass_on(desk, ref, before, reason)
            return desk.kept(ref)
        line = Line(desk.at, origin.actor.role.value, "withdrawn", "已撤回" + _because(reason))
        desk.put(ref, before.after(DemandStep.WITHDRAW, line))
        desk.announce(ref, facts.DemandWithdrawn(demand=demand, reason=reason, round=before.round))
        return desk.kept(ref)

    return Work(origin, (ref,), decide)


def _pass_on(desk: Desk, ref: Ref[Demand], before: Demand, reason: str) -> None:
    """What one takes back is not taken from those who support it: the first of them asks from now on."""
    words = "提出人已撤回" + _because(reason) + "；还有居民附议，继续办理"
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


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the resident says of the result."""

    solved: Solved
    satisfaction: Satisfaction
    comment: str


def rate_demand(origin: Origin, demand: str, opinion: Opinion, expected: int | None) -> Work[Kept_]:
    """Take the resident's word on the result (评单); a bad one reopens the demand at once."""
    ref = demand_ref(origin.community, demand)

    def decide(desk: Desk) -> Kept_:
        before = desk.get(ref, NotFound())
        _must_concern(origin, before)
        desk.expect(ref, expected)
        rating = Rating(
            opinion.solved,
            opinion.satisfaction,
            opinion.comment,
            desk.at,
            by_call_back=origin.actor.role in HELPERS and origin.actor.subject != before.asked_by,
        )
        after = clock_of_rating(before, _rated(before, rating, origin), 0, desk.at)
        desk.put(ref, after)
        _announce_rating(desk, ref, after, opinion)
        return desk.kept(ref)

    return Work(origin, (ref,), decide)


_SATISFACTION = {"satisfied": "满意", "mostly": "基本满意", "dissatisfied": "不满意"}
_SOLVED = {"solved": "已解决", "partly": "部分解决", "unsolved": "未解决"}


def _rated(before: Demand, rating: Rating, origin: Origin) -> Demand:
    how = "社区回访" if rating.by_call_back else "居民评单"
    words = f"{how}：{_SOLVED[rating.solved]}，{_SATISFACTION[rating.satisfaction]}{_because(rating.comment)}"
    line = Line(rating.at, origin.actor.role.value, "rated", words)
    if rating.good:
        return replace(before.after(DemandStep.RATE_WELL, line), rating=rating)
    after = before.after(DemandStep.RATE_BADLY, line)
    return replace(after, rating=rating, reopened=before.reopened + 1)


def _announce_rating(desk: Desk, ref: Ref[Demand], after: Demand, opinion: Opinion) -> None:
    order = after.order or ""
    good = after.rating is not None and after.rating.good
    comment = opinion.comment
    rated = facts.DemandRated(
        demand=after.id,
        order=order,
        solved=opinion.solved,
        satisfaction=opinion.satisfaction,
        comment=comment,
        good=good,
        round=after.round,
    )
    desk.announce(ref, rated)
    if not good:
        reason = comment or _SOLVED[opinion.solved]
        again = facts.DemandReopened(
            demand=after.id, order=order, reason=reason, times=after.reopened, round=after.round
        )
        desk.announce(ref, again)


def _must_concern(origin: Origin, demand: Demand, *others: str) -> None:
    """Only the one who asked, the others named, or the community on their behalf."""
    if origin.actor.role in HELPERS:
        return
    if origin.actor.subject not in (demand.asked_by, *others):
        raise NotYourDemand


def _because(note: str) -> str:
    return f"：{note}" if note else ""
