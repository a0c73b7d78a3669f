"""The doors of holds, and of awards that wait."""

from dataclasses import dataclass

from services.chassis.clock import new_id
from services.chassis.documents import Versioned
from services.chassis.http.bodies import listed
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, post, show
from services.chassis.mongo import Store
from services.chassis.work import UnitOfWork, Work
from services.contracts.refusal import NotFound
from services.contracts.roles import HOLDERS, STAFF
from services.contracts.words import Role
from services.points.domain.accounts import InsufficientPoints
from services.points.domain.claims import PointsOwed
from services.points.domain.holds import Hold, HoldExpired, HoldResolved, HoldTooShort, NotYourHold
from services.points.domain.transfers import Cause
from services.points.domain.waiting import NotWaiting, Waiting
from services.points.handlers.awards import drop_waiting
from services.points.handlers.holds import HoldRequest, capture_hold, place_hold, release_hold
from services.points.routes import access
from services.points.routes.bodies import HoldQuery, PlaceHold, ResolveHold
from services.points.routes.rule_bodies import DropAward
from services.points.store.accounts import HOLDS, STILL_WAITING, WAITING_AWARDS, hold_ref, waiting_ref
from services.points.views.accounts import (
    HoldPage,
    HoldView,
    WaitingList,
    WaitingView,
    hold_view,
    waiting_view,
)

WAITING_SHOWN = 100
ONE = "/points/holds/{hold}"


@dataclass(frozen=True, slots=True)
class HoldRoutes:
    """The routes of holds over points' store."""

    store: Store

    async def list_holds(self, request: ApiRequest[None]) -> Reply:
        query: HoldQuery = request.query
        whose = access.whose(request, query.account)
        wanted = {"account": whose, "state": query.state}
        where = {name: value for name, value in wanted.items() if value is not None}
        found = await self.store.page(
            HOLDS, request.community, where, after=query.after, limit=query.limit + 1
        )
        items, after = listed(found, query.limit, hold_view)
        return show(HoldPage(items=items, next=after))

    async def show_hold(self, request: ApiRequest[None]) -> Reply:
        kept = await self.store.find(hold_ref(request.community, request.path["hold"]))
        if kept.value is None or not access.is_for(request, kept.value.account):
            raise NotFound
        return show(hold_view(kept), revision=kept.revision)

    async def list_waiting(self, request: ApiRequest[None]) -> Reply:
        waiting = (await self.store.find(waiting_ref(request.community))).value or Waiting()
        query = {"community": request.community, **STILL_WAITING}
        rows = self.store.plain(WAITING_AWARDS.name)
        first = await rows.find(query, sort="number", limit=WAITING_SHOWN)
        kept = map(WAITING_AWARDS.decode, first)
        items = [waiting_view(one, one.waits_since) for one in kept if one.waits_since]
        return show(WaitingList(awards=waiting.awards, points=waiting.points, items=items))

    def place(self, request: ApiRequest[PlaceHold]) -> Work[Reply]:
        account = access.own(request, request.body.account)
        hold = new_id()
        setting = HoldRequest(
            hold,
            account,
            request.body.amount_points,
            request.body.because,
            Cause("correction", hold),
            request.body.until,
        )
        return place_hold(request.origin(), setting).then(_shown_new)

    def capture(self, request: ApiRequest[ResolveHold]) -> Work[Reply]:
        work = capture_hold(request.origin(), request.path["hold"], request.body.because)
        return self._step(request, work)

    def release(self, request: ApiRequest[ResolveHold]) -> Work[Reply]:
        ref = hold_ref(request.community, request.path["hold"])
        work = release_hold(request.origin(), request.path["hold"], request.body.because)

        def may_release(uow: UnitOfWork) -> None:
            if request.identity.role is Role.PARTNER:
                uow.get(ref, NotFound()).must_be_set_aside_by(request.identity.subject)

        return self._step(request, work.only_if(may_release, ref))

    def drop(self, request: ApiRequest[DropAward]) -> Work[Reply]:
        work = drop_waiting(request.origin(), request.path["award"], request.body.reason)
        return work.then(lambda kept, uow: show(waiting_view(kept.present, uow.at)))

    def _step(self, request: ApiRequest[ResolveHold], work: Work[Versioned[Hold]]) -> Work[Reply]:
        ref = hold_ref(request.community, request.path["hold"])

        def is_theirs(uow: UnitOfWork) -> None:
            hold = uow.get(ref, NotFound())
            if not access.is_for(request, hold.account):
                raise NotFound
            uow.expect(ref, request.if_match)
            hold.must_be_for_nothing_ordered()

        return work.only_if(is_theirs, ref).then(_shown)

    def table(self) -> tuple[Route, ...]:
        """Return every route of holds, and of what waits."""
        return (*self._looks(), *self._steps())

    def _looks(self) -> tuple[Route, ...]:
        return (
            Route(
                "GET",
                "/points/holds",
                HOLDERS,
                self.list_holds,
                "List holds (冻结)",
                HoldPage,
                query=HoldQuery,
            ),
            Route("GET", ONE, HOLDERS, self.show_hold, "Show a hold", HoldView),
            Route(
                "GET",
                "/points/waiting",
                STAFF,
                self.list_waiting,
                "List the awards that wait for a budget and are paid first",
                WaitingList,
            ),
        )

    def _steps(self) -> tuple[Route, ...]:
        resolved = (HoldResolved, HoldExpired)
        return (
            Route(
                "POST",
                "/points/holds",
                HOLDERS,
                self.place,
                "Set points aside (冻结)",
                HoldView,
                body=PlaceHold,
                status=201,
                conditional=False,
                refusals=(InsufficientPoints, PointsOwed, HoldTooShort),
            ),
            Route(
                "POST",
                "/points/waiting/{award}/drop",
                STAFF,
                self.drop,
                "Give an award up that waits (不再入账)",
                WaitingView,
                body=DropAward,
                conditional=False,
                refusals=(NotWaiting,),
            ),
            post(
                f"{ONE}/capture",
                STAFF,
                self.capture,
                "Spend what was set aside",
                takes=ResolveHold,
                answers=HoldView,
                refuses=(*resolved, NotYourHold),
            ),
            post(
                f"{ONE}/release",
                HOLDERS,
                self.release,
                "Give back what was set aside; partners: what they set aside themselves",
                takes=ResolveHold,
                answers=HoldView,
                refuses=(*resolved, NotYourHold),
            ),
        )


def _shown(kept: Versioned[Hold], _: UnitOfWork) -> Reply:
    return show(hold_view(kept), revision=kept.revision)


def _shown_new(kept: Versioned[Hold], _: UnitOfWork) -> Reply:
    return show(hold_view(kept), status=201, revision=kept.revision)
