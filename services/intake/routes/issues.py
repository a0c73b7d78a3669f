"""Intake's doors for many voices: like demands, merging and taking it back, issues and their topics."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.chassis.desk import Desk, Work
from services.chassis.http.once import Reply
from services.chassis.http.web import Ask, Command, Deed, Route, show
from services.chassis.mongo import Store
from services.chassis.shelf import Kept, Ref
from services.contracts.refusal import Forbidden, Invalid, NotFound, Refused
from services.contracts.words import Note, Role, ThingId
from services.intake.domain import demand as rules
from services.intake.domain import joining
from services.intake.domain import words_of_residents as words
from services.intake.domain.demand import Demand
from services.intake.domain.understanding import read, understood
from services.intake.domain.voices import issues, kin
from services.intake.domain.voices.issues import Issue
from services.intake.domain.voices.likeness import traits_of
from services.intake.handlers import duplicates, merging
from services.intake.handlers import issues as issues_handlers
from services.intake.handlers.demands import UnknownCompound
from services.intake.routes import access as steps
from services.intake.store.communities import places_ref
from services.intake.store.demands import demand_ref
from services.intake.store.issues import ISSUES, holders_ref, issue_ref, kin_ref
from services.intake.views.demands import DemandView
from services.intake.views.duplicates import DuplicateList, LikeList, duplicate_view, like_view
from services.intake.views.issues import IssueList, IssueView, issue_view
from services.intake.views.readings import emergency_view

RESIDENTS = frozenset({Role.RESIDENT, Role.GRID_WORKER, Role.STAFF})


COMMUNITY = frozenset({Role.STAFF, Role.GRID_WORKER})


STAFF = frozenset({Role.STAFF})


LIKE_MAX = 10


Subject = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]


class ReasonMissing(Invalid):
    """Who declines a topic says why."""

    slug = "reason_missing"
    title = "不采纳议题须说明理由"


class FindLike(Command):
    """What somebody is about to submit (点单前看看有没有人已经提过)."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=words.TEXT_CHARS_MAX)]
    title: Annotated[str, StringConstraints(min_length=1, max_length=words.TITLE_CHARS_MAX)] | None = None
    compound: ThingId | None = Field(default=None, description="id of a compound or venue of the community")


class MergeDemand(Command):
    """合并."""

    into: ThingId


class UnmergeDemand(Command):
    """撤销合并."""

    reason: Note = ""


class OptOut(Command):
    """不同意合并，退出. The community may name the resident who said it aloud."""

    on_behalf_of: Subject | None = None


class DismissDuplicates(Command):
    """不是同一件事. Without a demand, all that were offered."""

    demand: ThingId | None = None


class DecideTopic(Command):
    """采纳或不采纳议题."""

    decision: Literal["accept", "decline"]
    reason: Note = ""


class IssueQuery(BaseModel):
    """Which issues, the hottest first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hot: bool | None = Field(default=None, description="true: only hot ones; false: only those that are not")
    limit: int = Field(default=50, ge=1, le=100)


@dataclass(frozen=True, slots=True)
class VoicesRoutes:
    """The routes over intake's store."""

    store: Store

    async def find_like(self, ask: Ask[FindLike]) -> Reply:
        """Return what is like a text; nothing is kept of it."""
        text = words.checked(ask.body.text)
        title = words.checked(ask.body.title) if ask.body.title else None
        places = (await self.store.load([places_ref(ask.community)]))[places_ref(ask.community)].value
        if places is None:
            raise NotFound
        if ask.body.compound is not None and places.name_of(ask.body.compound) is None:
            raise UnknownCompound(compound=ask.body.compound)
        one = traits_of(text, title, ask.body.compound)
        keys = {holders_ref(ask.community, key): key for key in (duplicates.EVERY, *kin.lookup_keys(one))}
        held = await self.store.load(keys)
        found = {key: held[ref].value or kin.Holders() for ref, key in keys.items()}
        ids = kin.candidates([(key, h) for key, h in found.items() if key != duplicates.EVERY], "")
        demands = await self._demands(ask.community, ids)
        viewer = steps.viewer_of(ask.identity, places)
        theirs = [d for d in demands if not d.accuses or d.asked_by == viewer.subject]
        seen = [d for d in theirs if d.is_open and viewer.may_see(d)]
        alike = duplicates.likely(one, "", seen, duplicates.rarity_of(found))
        items = [like_view(d, how, ask.body.compound, viewer) for d, how in alike]
        items.sort(key=lambda item: not item.same_compound)
        heard = understood(read(text, title), places.home)
        return show(
            LikeList(
                emergency=emergency_view(heard, places),
                private=heard.private or heard.is_alarming,
                items=items[:LIKE_MAX],
            ),
            public=frozenset(places.public_numbers),
        )

    async def _demands(self, community: str, ids: tuple[str, ...]) -> list[Demand]:
        refs = [demand_ref(community, one) for one in ids]
        loaded = await self.store.load(refs)
        return [value for ref in refs if (value := loaded[ref].value) is not None]

    async def list_duplicates(self, ask: Ask[None]) -> Reply:
        kept, viewer, _ = await steps.visible(self.store, ask)
        demand = kept.value
        assert demand is not None, "what is visible is there"
        ref = kin_ref(ask.community, demand.id)
        offered = duplicates.offered_to_staff((await self.store.load([ref]))[ref].value)
        others = await self._demands(ask.community, tuple(alike.demand for alike in offered))
        by_id = {other.id: other for other in others}
        items = [
            duplicate_view(alike, by_id[alike.demand], demand, viewer)
            for alike in offered
            if alike.demand in by_id and viewer.may_see(by_id[alike.demand])
        ]
        return show(DuplicateList(items=items))

    def dismiss(self, ask: Ask[DismissDuplicates]) -> Work[Reply]:
        work = duplicates.dismiss_duplicates(*steps.asked(ask), ask.body.demand)
        ref: Ref[Demand] = demand_ref(ask.community, ask.path["demand"])
        return steps.step(ask, work.then(lambda _, desk: desk.kept(ref), ref))

    def merge(self, ask: Ask[MergeDemand]) -> Work[Reply]:
        return steps.step(ask, merging.merge_demand(*steps.asked(ask), ask.body.into))

    def unmerge(self, ask: Ask[UnmergeDemand]) -> Work[Reply]:
        return steps.step(ask, merging.unmerge_demand(*steps.asked(ask), ask.body.reason))

    def opt_out(self, ask: Ask[OptOut]) -> Work[Reply]:
        subject = ask.identity.subject
        if ask.body.on_behalf_of is not None:
            if ask.identity.role not in COMMUNITY:
                raise Forbidden
            subject = ask.body.on_behalf_of
        return steps.step(ask, merging.opt_out(*steps.asked(ask), subject))

    async def list_issues(self, ask: Ask[None]) -> Reply:
        query: IssueQuery = ask.query
        where: dict[str, object] = {}
        if query.hot is not None:
            where["hot_at"] = {"$ne": None} if query.hot else None
        found = await self.store.page(ISSUES, ask.community, where, limit=query.limit, by="heat")
        return show(IssueList(items=[issue_view(kept) for kept in found]))

    async def show_issue(self, ask: Ask[None]) -> Reply:
        ref = issue_ref(ask.community, ask.path["issue"])
        kept = (await self.store.load([ref]))[ref]
        if kept.value is None:
            raise NotFound
        return show(issue_view(kept), revision=kept.revision)

    def decide_topic(self, ask: Ask[DecideTopic]) -> Work[Reply]:
        accept = ask.body.decision == "accept"
        if not accept and not ask.body.reason:
            raise ReasonMissing
        issue = ask.path["issue"]
        work = issues_handlers.decide_topic(ask.origin(issue), issue, ask.body.reason, accept=accept)

        def shown(kept: Kept[Issue], _: Desk) -> Reply:
            return show(issue_view(kept), revision=kept.revision)

        return work.if_unchanged(issue_ref(ask.community, issue), ask.if_match).then(shown)

    def table(self) -> tuple[Route, ...]:
        """Return every route for many voices."""
        return (*self._about_demands(), *self._about_issues())

    def _about_demands(self) -> tuple[Route, ...]:
        one, seen, step = "/demands/{demand}", DemandView, rules.StepNotAllowed
        full = (rules.TooManySupporters, joining.TooManyMerged, joining.PrivateMatter)
        return (
            Route(
                "POST",
                "/demands/like",
                RESIDENTS,
                self.find_like,
                "Find like demands before submitting one; nothing is stored",
                LikeList,
                body=FindLike,
                refusals=(words.NoWords, words.ControlCharacters, UnknownCompound),
                only_looks=True,
            ),
            _post(
                one + "/merge",
                STAFF,
                self.merge,
                "Merge into another demand (合并)",
                seen,
                MergeDemand,
                step,
                rules.SameDemand,
                *full,
            ),
            _post(
                one + "/unmerge",
                STAFF,
                self.unmerge,
                "Take a merge back (撤销合并)",
                seen,
                UnmergeDemand,
                step,
            ),
            _post(
                one + "/opt-out",
                RESIDENTS,
                self.opt_out,
                "Opt out of a merge (退出合并)",
                seen,
                OptOut,
                joining.NotCarried,
            ),
            Route(
                "GET",
                one + "/duplicates",
                COMMUNITY,
                self.list_duplicates,
                "List likely duplicates (疑似重复)",
                DuplicateList,
            ),
            _post(
                one + "/duplicates/dismiss",
                STAFF,
                self.dismiss,
                "Say that likely duplicates are another matter",
                seen,
                DismissDuplicates,
                kin.NothingOffered,
            ),
        )

    def _about_issues(self) -> tuple[Route, ...]:
        shown = IssueView
        listed = IssueList
        return (
            Route(
                "GET",
                "/issues",
                COMMUNITY,
                self.list_issues,
                "List issues (热点)",
                listed,
                query=IssueQuery,
            ),
            Route("GET", "/issues/{issue}", COMMUNITY, self.show_issue, "Show an issue", shown),
            _post(
                "/issues/{issue}/topic",
                STAFF,
                self.decide_topic,
                "Take up or decline the topic for the bench council (议题)",
                shown,
                DecideTopic,
                issues.TopicDecided,
                issues.NotHot,
                ReasonMissing,
            ),
        )


def _post(  # noqa: PLR0917 - the columns of the table above
    path: str,
    audience: frozenset[Role],
    deed: Deed,
    what: str,
    answer: type[BaseModel],
    body: type[Command],
    *refusals: type[Refused],
) -> Route:
    return Route("POST", path, audience, deed, what, answer, body=body, refusals=refusals)
