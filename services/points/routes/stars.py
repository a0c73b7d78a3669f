"""The doors of stars: everybody's, a partner's own with its parts, and what they would be."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.chassis.clock import now
from services.chassis.http.bodies import PageQuery
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, show
from services.chassis.mongo import Store
from services.chassis.work import UnitOfWork, Work
from services.contracts.community_file import Partner
from services.contracts.refusal import NotFound
from services.contracts.roles import HOLDERS, READERS, STAFF
from services.points.domain.months import last_finished, month_of, moved
from services.points.domain.star_records import MonthNotFinished, StarOnRecord
from services.points.domain.stars import MONTHS
from services.points.handlers.star_facts import Known, known, read_facts
from services.points.handlers.stars import ask_for_stars
from services.points.routes import access
from services.points.routes.star_bodies import AskForStars, OutlookQuery
from services.points.store.stars import STARS, star_ref
from services.points.views.stars import (
    OutlookView,
    StarHistory,
    StarPage,
    StarsAskedView,
    StarView,
    outlook_row,
    star_row,
    star_view,
)


@dataclass(frozen=True, slots=True)
class StarRoutes:
    """The routes of stars over points' store.

    Arguments:
        clock: what time it is.
    """

    store: Store
    clock: Callable[[], datetime] = now

    async def list_stars(self, request: ApiRequest[None]) -> Reply:
        its = await self._community(request)
        query: PageQuery = request.query
        partners = sorted(its.rules.file.partners, key=lambda one: one.id)
        found = [one for one in partners if query.after is None or one.id > query.after]
        page = found[: query.limit]
        stars = await self._stars(its, page)
        items = [star_row(one.id, one.name, one.stars, stars.get(one.id)) for one in page]
        more = len(found) > query.limit
        return show(StarPage(items=items, next=page[-1].id if more else None))

    async def show_star(self, request: ApiRequest[None]) -> Reply:
        name = self._named(request)
        kept = await self.store.page(STARS, request.community, {"partner": name}, limit=1)
        if not kept:
            raise NotFound
        return show(star_view(kept[0]), revision=kept[0].revision)

    async def list_history(self, request: ApiRequest[None]) -> Reply:
        name, query = self._named(request), request.query
        kept = await self.store.page(
            STARS, request.community, {"partner": name}, after=query.after, limit=query.limit + 1
        )
        if not kept and query.after is None:
            raise NotFound
        items = [star_view(one) for one in kept[: query.limit]]
        more = len(kept) > query.limit
        return show(StarHistory(items=items, next=kept[query.limit - 1].present.id if more else None))

    async def look_ahead(self, request: ApiRequest[None]) -> Reply:
        its = await self._community(request)
        at, zone = self.clock(), its.rules.zone
        present = month_of(at, zone)
        month = request.query.month or present
        if not moved(present, -MONTHS) <= month <= present:
            raise MonthNotFinished
        read = await read_facts(self.store, its, month, at)
        found = await read.found()
        partners = its.rules.file.partners
        stars = await self._stars(its, partners)
        standings = await read.standings(month, found)
        items = [
            outlook_row(one.id, one.name, _present(one, stars.get(one.id)), standings[one.id])
            for one in partners
        ]
        return show(OutlookView(month=month, odd_ratings=len(found), items=items))

    def ask(self, request: ApiRequest[AskForStars]) -> Work[Reply]:
        return ask_for_stars(request.origin(), request.body.month).then(_asked)

    async def _community(self, request: ApiRequest[None]) -> Known:
        its = await known(self.store, request.community)
        if its is None:
            raise NotFound
        return its

    async def _stars(
        self, its: Known, partners: "list[Partner] | tuple[Partner, ...]"
    ) -> dict[str, StarOnRecord]:
        """Return the stars of the last month that has some, by partner."""
        month = its.clock.value.done_through if its.clock.value else ""
        month = month or last_finished(self.clock(), its.rules.zone)
        refs = [star_ref(its.name, one.id, month) for one in partners]
        loaded = await self.store.load(refs)
        return {kept.value.partner: kept.value for kept in loaded.values() if kept.value is not None}

    def _named(self, request: ApiRequest[None]) -> str:
        name = request.path["partner"]
        if not access.is_for(request, name):
            raise NotFound
        return name

    def table(self) -> tuple[Route, ...]:
        """Return every route of stars."""
        one = "/points/stars/{partner}"
        return (
            Route(
                "GET",
                "/points/stars",
                READERS,
                self.list_stars,
                "List the partners' stars (星级)",
                StarPage,
                query=PageQuery,
            ),
            Route("GET", one, HOLDERS, self.show_star, "Show a star with its parts", StarView),
            Route(
                "GET",
                f"{one}/history",
                HOLDERS,
                self.list_history,
                "List a partner's stars by month",
                StarHistory,
                query=PageQuery,
            ),
            Route(
                "GET",
                "/points/star-outlook",
                STAFF,
                self.look_ahead,
                "See what stars would be; nothing is set",
                OutlookView,
                query=OutlookQuery,
                refusals=(MonthNotFinished,),
            ),
            Route(
                "POST",
                "/points/star-requests",
                STAFF,
                self.ask,
                "Let stars be reckoned again at once",
                StarsAskedView,
                body=AskForStars,
                conditional=False,
                refusals=(MonthNotFinished,),
            ),
        )


def _present(partner: Partner, kept: StarOnRecord | None) -> int:
    return kept.stars if kept is not None and kept.stars else partner.stars


def _asked(month: str, _: UnitOfWork) -> Reply:
    return show(StarsAskedView(month=month))
