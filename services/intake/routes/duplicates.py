"""Intake's doors for many voices: like demands, merging and taking it back."""

from dataclasses import dataclass

from services.chassis.documents import Ref
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, show
from services.chassis.mongo import Store
from services.chassis.work import Work
from services.contracts.ids import DemandId
from services.contracts.refusal import NotFound, Refused
from services.contracts.roles import COMMUNITY, RESIDENTS, STAFF
from services.intake.domain import demands as rules
from services.intake.domain import duplicates as similar
from services.intake.domain import merging as joining
from services.intake.domain import words_of_residents as words
from services.intake.domain.demands import Demand, UnknownCompound
from services.intake.domain.readings import read, understood
from services.intake.domain.voices.likeness import traits_of
from services.intake.handlers import duplicates, merging
from services.intake.likeness.indexes import LikenessIndexes
from services.intake.routes import access
from services.intake.routes.bodies import DismissDuplicates, FindLike, MergeDemand, OptOut, UnmergeDemand
from services.intake.store.communities import profile_ref
from services.intake.store.demands import demand_ref
from services.intake.store.issues import similar_ref
from services.intake.views.duplicates import DuplicateList, LikeList, duplicate_view, like_view
from services.intake.views.readings import emergency_view

LIKE_MAX = 10
LIKE_FRESH_SECONDS = 0.5
"""What was submitted so long ago, through whichever replica, is found."""


@dataclass(frozen=True, slots=True)
class DuplicateRoutes:
    """The routes about like demands over intake's store.

    Arguments:
        indexes: know which demands are worth comparing with a text.
        by_name_max: beyond so many supporters stand beside their demand.
    """

    store: Store
    indexes: LikenessIndexes
    by_name_max: int

    async def find_like(self, request: ApiRequest[FindLike]) -> Reply:
        """Return what is like a text; nothing is kept of it."""
        text = words.checked(request.body.text)
        title = words.checked(request.body.title) if request.body.title else None
        profile = (await self.store.find(profile_ref(request.community))).value
        if profile is None:
            raise NotFound
        if request.body.compound is not None and profile.name_of(request.body.compound) is None:
            raise UnknownCompound(compound=request.body.compound)
        one = traits_of(text, title, request.body.compound)
        await self.indexes.refresh((request.community,), LIKE_FRESH_SECONDS)
        found = self.indexes.look_up(request.community, one)
        demands = await self._demands(request.community, found.candidates)
        viewer = access.viewer_of(request.identity, profile)
        seen = [demand for demand in demands if viewer.may_find(demand)]
        alike = duplicates.likely(one, "", seen, found.rarity)
        viewer = await access.with_support(self.store, request.community, viewer, [d for d, _ in alike])
        items = [like_view(d, how, request.body.compound, viewer) for d, how in alike]
        items.sort(key=lambda item: not item.same_compound)
        heard = understood(read(text, title), profile.home)
        return show(
            LikeList(
                emergency=emergency_view(heard, profile),
                private=heard.private or heard.is_alarming,
                items=items[:LIKE_MAX],
            ),
            public=frozenset(profile.public_numbers),
        )

    async def _demands(self, community: str, ids: tuple[DemandId, ...]) -> list[Demand]:
        refs = [demand_ref(community, one) for one in ids]
        loaded = await self.store.load(refs)
        return [value for ref in refs if (value := loaded[ref].value) is not None]

    async def list_duplicates(self, request: ApiRequest[None]) -> Reply:
        kept, viewer, _ = await access.visible(self.store, request)
        demand = kept.present
        ref = similar_ref(request.community, demand.id)
        offered = duplicates.offered_to_staff((await self.store.find(ref)).value)
        others = await self._demands(request.community, tuple(alike.demand for alike in offered))
        by_id = {other.id: other for other in others}
        viewer = await access.with_support(self.store, request.community, viewer, others)
        items = [
            duplicate_view(alike, by_id[alike.demand], demand, viewer)
            for alike in offered
            if alike.demand in by_id and viewer.may_see(by_id[alike.demand])
        ]
        return show(DuplicateList(items=items))

    def dismiss(self, request: ApiRequest[DismissDuplicates]) -> Work[Reply]:
        work = duplicates.dismiss_duplicates(*access.asked(request), request.body.demand)
        ref: Ref[Demand] = demand_ref(request.community, DemandId(request.path["demand"]))
        return access.step(request, work.then(lambda _, uow: uow.versioned(ref), ref))

    def merge(self, request: ApiRequest[MergeDemand]) -> Work[Reply]:
        return access.step(
            request,
            merging.merge_demand(*access.asked(request), DemandId(request.body.into), self.by_name_max),
        )

    def unmerge(self, request: ApiRequest[UnmergeDemand]) -> Work[Reply]:
        return access.step(
            request, merging.unmerge_demand(*access.asked(request), request.body.reason, self.by_name_max)
        )

    def opt_out(self, request: ApiRequest[OptOut]) -> Work[Reply]:
        subject = access.spoken_for(request, request.body.on_behalf_of)
        return access.step(request, merging.opt_out(*access.asked(request), subject, self.by_name_max))

    def table(self) -> tuple[Route, ...]:
        """Return every route about like demands."""
        not_words = (words.NoWords, words.ControlCharacters, UnknownCompound)
        return (
            Route(
                "POST",
                "/demands/like",
                RESIDENTS,
                self.find_like,
                "Find like demands before submitting one; nothing is stored",
                LikeList,
                body=FindLike,
                refusals=not_words,
                only_looks=True,
            ),
            Route(
                "GET",
                access.ONE + "/duplicates",
                COMMUNITY,
                self.list_duplicates,
                "List likely duplicates (疑似重复)",
                DuplicateList,
            ),
            *self._steps(),
        )

    def _steps(self) -> tuple[Route, ...]:
        full = (rules.TooManySupporters, joining.TooManyMerged, joining.PrivateMatter)
        not_merged: tuple[type[Refused], ...] = (rules.StepNotAllowed, rules.SameDemand, *full)
        return (
            access.post_step(
                "/merge", STAFF, self.merge, "Merge into another demand (合并)", MergeDemand, *not_merged
            ),
            access.post_step(
                "/unmerge",
                STAFF,
                self.unmerge,
                "Take a merge back (撤销合并)",
                UnmergeDemand,
                rules.StepNotAllowed,
            ),
            access.post_step(
                "/opt-out",
                RESIDENTS,
                self.opt_out,
                "Opt out of a merge (退出合并)",
                OptOut,
                joining.NotCarried,
            ),
            access.post_step(
                "/duplicates/dismiss",
                STAFF,
                self.dismiss,
                "Say that likely duplicates are another matter",
                DismissDuplicates,
                similar.NothingOffered,
            ),
        )
