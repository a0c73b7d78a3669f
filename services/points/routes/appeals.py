"""The doors of appeals against stars (申诉), and of the year's outstanding partners (优秀社区合伙人)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from services.chassis.clock import now
from services.chassis.documents import Collection, Versioned
from services.chassis.http.bodies import listed
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, post, show
from services.chassis.mongo import Store
from services.chassis.work import UnitOfWork, Work
from services.contracts.refusal import NotFound
from services.contracts.roles import HOLDERS, STAFF
from services.contracts.words import Role
from services.points.domain.months import last_finished
from services.points.domain.star_records import (
    AlreadyAppealed,
    AlreadyNamed,
    Appeal,
    AppealDecided,
    AppealTooLate,
    Naming,
    NotNamed,
    NotOfThisPartner,
    Verdict,
    YearAhead,
    proposed,
)
from services.points.handlers.star_facts import known
from services.points.handlers.stars import (
    appeal_star,
    decide_appeal,
    name_outstanding,
    take_back_naming,
)
from services.points.routes import access
from services.points.routes.star_bodies import (
    YEAR_AND_PARTNER,
    AppealQuery,
    AppealStar,
    DecideAppeal,
    NameOutstanding,
    TakeBack,
    YearQuery,
)
from services.points.store.stars import APPEALS, NAMINGS, STARS, appeal_ref, naming_ref, star_ref
from services.points.views.ratings import (
    AppealPage,
    AppealView,
    NamingView,
    OutstandingView,
    appeal_view,
    naming_view,
)
from services.points.views.stars import star_view

T = TypeVar("T")
PARTNERS = frozenset({Role.PARTNER})
PARTNERS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class AppealRoutes:
    """The routes of appeals and of outstanding partners over points' store.

    Arguments:
        clock: what time it is.
    """

    store: Store
    clock: Callable[[], datetime] = now

    async def list_appeals(self, request: ApiRequest[None]) -> Reply:
        query: AppealQuery = request.query
        own = access.whose(request, None)
        wanted = {"partner": own, "state": query.state}
        where = {name: value for name, value in wanted.items() if value is not None}
        found = await self.store.page(
            APPEALS, request.community, where, after=query.after, limit=query.limit + 1
        )
        items, after = listed(found, query.limit, appeal_view)
        return show(AppealPage(items=items, next=after))

    def appeal(self, request: ApiRequest[AppealStar]) -> Work[Reply]:
        name, month = request.path["partner"], request.path["month"]
        if not access.is_for(request, name):
            raise NotFound
        work = appeal_star(request.origin(), name, month, request.body.words)
        ref = star_ref(request.community, name, month)
        return work.if_unchanged(ref, request.if_match, NotFound()).then(_appeal)

    def decide(self, request: ApiRequest[DecideAppeal]) -> Work[Reply]:
        appeal, body = request.path["appeal"], request.body
        verdict = Verdict(body.upheld, body.reason, body.include, body.exclude)
        work = decide_appeal(request.origin(), appeal, verdict)
        ref = appeal_ref(request.community, appeal)
        return work.if_unchanged(ref, request.if_match, NotFound()).then(_appeal)

    async def list_outstanding(self, request: ApiRequest[None]) -> Reply:
        its = await known(self.store, request.community)
        if its is None:
            raise NotFound
        year: int = request.query.year
        last = min(f"{year}-12", last_finished(self.clock(), its.rules.zone))
        is_of_it = last[:4] == str(year)
        stars = await self._all(STARS, request.community, {"month": last}) if is_of_it else []
        named = await self._all(NAMINGS, request.community, {"year": year})
        best = [one.id for one in proposed([kept.present for kept in stars])]
        by_id = {kept.present.id: kept for kept in stars}
        view = OutstandingView(
            year=year,
            month=last if stars else None,
            is_whole=last == f"{year}-12",
            proposed=[star_view(by_id[star]) for star in best],
            named=list(map(naming_view, named)),
        )
        return show(view)

    async def _all(
        self, collection: Collection[T], community: str, where: Mapping[str, object]
    ) -> list[Versioned[T]]:
        """Return what there is of one kind; a community has two thousand partners at most."""
        return await self.store.page(collection, community, where, limit=PARTNERS_MAX)

    def name(self, request: ApiRequest[NameOutstanding]) -> Work[Reply]:
        body = request.body
        return name_outstanding(request.origin(), body.partner, body.year, body.reason).then(_naming)

    def take_back(self, request: ApiRequest[TakeBack]) -> Work[Reply]:
        parts = re.fullmatch(YEAR_AND_PARTNER, request.path["naming"])
        if parts is None:
            raise NotFound
        year, partner = int(parts[1]), parts[2]
        work = take_back_naming(request.origin(), year, partner, request.body.reason)
        ref = naming_ref(request.community, year, partner)
        return work.if_unchanged(ref, request.if_match, NotFound()).then(_naming)

    def table(self) -> tuple[Route, ...]:
        """Return every route of appeals and outstanding partners."""
        return (*self._of_appeals(), *self._of_the_year())

    def _of_appeals(self) -> tuple[Route, ...]:
        return (
            Route(
                "GET",
                "/points/appeals",
                HOLDERS,
                self.list_appeals,
                "List appeals against stars (申诉)",
                AppealPage,
                query=AppealQuery,
            ),
            post(
                "/points/stars/{partner}/{month}/appeal",
                PARTNERS,
                self.appeal,
                "Appeal against one's star, once, within thirty days",
                takes=AppealStar,
                answers=AppealView,
                refuses=(AppealTooLate, AlreadyAppealed),
            ),
            post(
                "/points/appeals/{appeal}/decide",
                STAFF,
                self.decide,
                "Decide an appeal",
                takes=DecideAppeal,
                answers=AppealView,
                refuses=(AppealDecided, NotOfThisPartner),
            ),
        )

    def _of_the_year(self) -> tuple[Route, ...]:
        return (
            Route(
                "GET",
                "/points/outstanding",
                STAFF,
                self.list_outstanding,
                "See who is proposed as outstanding for a year, and who is named",
                OutstandingView,
                query=YearQuery,
            ),
            Route(
                "POST",
                "/points/outstanding",
                STAFF,
                self.name,
                "Name a partner outstanding (优秀社区合伙人)",
                NamingView,
                body=NameOutstanding,
                conditional=False,
                refusals=(YearAhead, AlreadyNamed),
            ),
            post(
                "/points/outstanding/{naming}/take-back",
                STAFF,
                self.take_back,
                "Take back that a partner is outstanding",
                takes=TakeBack,
                answers=NamingView,
                refuses=(NotNamed,),
            ),
        )


def _appeal(kept: Versioned[Appeal], _: UnitOfWork) -> Reply:
    return show(appeal_view(kept), revision=kept.revision)


def _naming(kept: Versioned[Naming], _: UnitOfWork) -> Reply:
    return show(naming_view(kept), revision=kept.revision)
