"""What intake does, in the order of a demand's life."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.chassis.desk import Desk, Origin, Work
from services.chassis.shelf import Kept, Ref
from services.contracts import demands as facts
from services.contracts.communities import CommunityLoaded, read_file_on_record
from services.contracts.community_file import CommunityFile
from services.contracts.refusal import Invalid, NotFound
from services.contracts.words import DemandKind, Role, Satisfaction, Solved
from services.intake.community_file import Change, diff_community_files
from services.intake.domain.demand import (
    Demand,
    DemandStatus,
    DemandStep,
    Line,
    NotYourDemand,
    Rating,
)
from services.intake.domain.understanding import danger_in
from services.intake.domain.voices.issues import Thresholds
from services.intake.domain.words_of_residents import checked, masked
from services.intake.store import (
    Contact,
    FileOnRecord,
    Places,
    contact_ref,
    demand_ref,
    file_ref,
    places_ref,
)

Kept_ = Kept[Demand]
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
            desk.put(places, _places(file))
            desk.announce(record, CommunityLoaded(file=file))
        elif not dry_run and desk.find(places) != _places(file):
            # What an earlier release did not keep of the same file.
            desk.put(places, _places(file))
        return Loaded(file, changes, desk.revision(record))

    return Work(origin, (record, places), decide)


def _places(file: CommunityFile) -> Places:
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
    )


@dataclass(frozen=True, slots=True)
class Submission:
    """A demand as it comes in (点单)."""

    demand: str
    text: str
    title: str | None
    compound: str | None
    about: DemandKind
    sealed_contact: bytes | None = None


def submit_demand(origin: Origin, submission: Submission) -> Work[Kept_]:
    """Take a demand from a resident, or from a grid worker or staff for one."""
    places, ref = places_ref(origin.community), demand_ref(origin.community, submission.demand)
    text = checked(submission.text)
    title = checked(submission.title) if submission.title else None

    def decide(desk: Desk) -> Kept_:
        known = desk.get(places, NotFound())
        if submission.compound is not None and known.name_of(submission.compound) is None:
            raise UnknownCompound(compound=submission.compound)
        desk.put(ref, _submitted(origin, submission, text, title, desk.at))
        desk.announce(ref, _demand_submitted(origin, submission, text, title))
        if submission.sealed_contact is not None:
            desk.put(contact_ref(origin.community, submission.demand), Contact(submission.sealed_contact))
        return desk.kept(ref)

    return Work(origin, (places,), decide)


def _submitted(origin: Origin, submission: Submission, text: str, title: str | None, at: datetime) -> Demand:
    by_helper = origin.actor.role in HELPERS
    words = "网格员代居民点单" if by_helper else "居民点单"
    return Demand(
        id=submission.demand,
        text=text,
        title=title,
        compound=submission.compound,
        about=submission.about,
        asked_by=origin.actor.subject,
        entered_by=origin.actor.role.value,
        submitted_at=at,
        status=DemandStatus.SUBMITTED,
        timeline=(Line(at, origin.actor.role.value, "submitted", words),),
        has_contact=submission.sealed_contact is not None,
        danger=danger.name if (danger := danger_in(text, title)) else "",
    )


def _demand_submitted(
    origin: Origin, submission: Submission, text: str, title: str | None
) -> facts.DemandSubmitted:
    return facts.DemandSubmitted(
        demand=submission.demand,
        text=masked(text),
        title=masked(title) if title else None,
        compound=submission.compound,
        about=submission.about,
        asked_by=origin.actor.subject,
        urgent=danger_in(text, title) is not None,
    )


def endorse_demand(origin: Origin, demand: str, subject: str) -> Work[Kept_]:
    """Support somebody else's demand (附议); again by the same person it changes nothing."""
    ref = demand_ref(origin.community, demand)

    def decide(desk: Desk) -> Kept_:
        before = desk.get(ref, NotFound())
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
        desk.announce(
            ref, facts.DemandUrged(demand=demand, note=masked(note), times=times, round=before.round)
        )
        return desk.kept(ref)

    return Work(origin, (ref,), decide)


def supplement_demand(origin: Origin, demand: str, text: str) -> Work[Kept_]:
    """Answer what the provider asked (补充): the one who asked, or the community for them."""
    ref = demand_ref(origin.community, demand)
    words = checked(text)

    def decide(desk: Desk) -> Kept_:
        before = desk.get(ref, NotFound())
        _must_concern(origin, before)
        line = Line(desk.at, origin.actor.role.value, "supplemented", f"居民补充：{words}")
        after = before.supplemented(line)
        desk.put(ref, after)
        fact = facts.DemandSupplemented(demand=demand, order=after.order or "", text=masked(words))
        desk.announce(ref, fact)
        return desk.kept(ref)

    return Work(origin, (ref,), decide)


def withdraw_demand(origin: Origin, demand: str, reason: str, expected: int | None) -> Work[Kept_]:
    """Take a demand back."""
    ref = demand_ref(origin.community, demand)

    def decide(desk: Desk) -> Kept_:
        before = desk.get(ref, NotFound())
        _must_concern(origin, before)
        desk.expect(ref, expected)
        line = Line(desk.at, origin.actor.role.value, "withdrawn", "已撤回" + _because(reason))
        desk.put(ref, before.after(DemandStep.WITHDRAW, line))
        desk.announce(ref, facts.DemandWithdrawn(demand=demand, reason=masked(reason), round=before.round))
        return desk.kept(ref)

    return Work(origin, (ref,), decide)


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
        after = _rated(before, rating, origin)
        desk.put(ref, after)
        _announce_rating(desk, ref, after, opinion)
        return desk.kept(ref)

    return Work(origin, (ref,), decide)


_SATISFACTION = {"satisfied": "满意", "mostly": "基本满意", "dissatisfied": "不满意"}
_SOLVED = {"solved": "已解决", "partly": "部分解决", "unsolved": "未解决"}


def _rated(before: Demand, rating: Rating, origin: Origin) -> Demand:
    how = "社区回访" if rating.by_call_back else "居民评单"
    words = f"{how}：{_SOLVED[rating.solved]}，{_SATISFACTION[rating.satisfaction]}" + _because(
        rating.comment
    )
    line = Line(rating.at, origin.actor.role.value, "rated", words)
    if rating.good:
        return replace(before.after(DemandStep.RATE_WELL, line), rating=rating)
    after = before.after(DemandStep.RATE_BADLY, line)
    return replace(after, rating=rating, reopened=before.reopened + 1)


def _announce_rating(desk: Desk, ref: Ref[Demand], after: Demand, opinion: Opinion) -> None:
    order = after.order or ""
    good = after.rating is not None and after.rating.good
    comment = masked(opinion.comment)
    desk.announce(
        ref,
        facts.DemandRated(
            demand=after.id,
            order=order,
            solved=opinion.solved,
            satisfaction=opinion.satisfaction,
            comment=comment,
            good=good,
            round=after.round,
        ),
    )
    if not good:
        reason = comment or _SOLVED[opinion.solved]
        desk.announce(
            ref,
            facts.DemandReopened(
                demand=after.id, order=order, reason=reason, times=after.reopened, round=after.round
            ),
        )


def _must_concern(origin: Origin, demand: Demand, *others: str) -> None:
    """Only the one who asked, the others named, or the community on their behalf."""
    if origin.actor.role in HELPERS:
        return
    if origin.actor.subject not in (demand.asked_by, *others):
        raise NotYourDemand


def _because(note: str) -> str:
    return f"：{note}" if note else ""
