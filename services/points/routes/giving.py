"""The doors of give-back: good causes, and what partners pledge to them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, StringConstraints

from services.chassis.clock import new_id, now
from services.chassis.documents import Versioned
from services.chassis.http.bodies import Command, PageQuery, listed
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, show
from services.chassis.mongo import Store
from services.chassis.work import UnitOfWork, Work
from services.contracts.community_file import Subject
from services.contracts.refusal import NotFound
from services.contracts.roles import EVERYBODY, HOLDERS, STAFF
from services.contracts.words import TYPED, ThingId
from services.points.domain.accounts import Account, InsufficientPoints
from services.points.domain.claims import PointsOwed
from services.points.domain.giving import CauseClosed, GoodCause, Pledge, PledgeDelivered, PledgeNothing
from services.points.handlers.giving import close_cause, deliver, found_cause, pledge, spend
from services.points.routes import access
from services.points.routes.bodies import Amount, Reason
from services.points.routes.shop_bodies import About, Title
from services.points.store.accounts import account_ref
from services.points.store.giving import CAUSES, PLEDGES, cause_ref, pledge_ref
from services.points.views.accounts import TransferView, transfer_view
from services.points.views.giving import (
    CauseOfCommunityView,
    CausePage,
    PledgePage,
    PledgeView,
    cause_view,
    pledge_view,
)

ONE = "/points/causes/{cause}"


class FoundCause(Command):
    """Let there be a good cause."""

    title: Title
    about: About = ""
    goal_points: Amount | None = None


class PledgeToCause(Command):
    """Give points, or promise a service."""

    partner: Subject | None = Field(default=None, description="staff: for whom")
    amount_points: Amount | None = None
    service: Annotated[str, StringConstraints(max_length=200, pattern=TYPED)] = ""


class SpendOfCause(Command):
    """Use points of a cause."""

    amount_points: Amount
    because: Reason = Field(description="for what")


class PledgeQuery(PageQuery):
    """Which pledges."""

    cause: ThingId | None = None
    partner: Subject | None = Field(default=None, description="whose; a partner sees its own alone")


@dataclass(frozen=True, slots=True)
class GivingRoutes:
    """The routes of give-back over points' store."""

    store: Store

    async def list_causes(self, request: ApiRequest[None]) -> Reply:
        query: PageQuery = request.query
        found = await self.store.page(CAUSES, request.community, {}, after=query.after, limit=query.limit + 1)
        balances = await self._balances(request.community, [kept.present for kept in found])
        items, after = listed(
            found, query.limit, lambda kept: cause_view(kept, balances[kept.present.account])
        )
        return show(CausePage(items=items, next=after))

    async def show_cause(self, request: ApiRequest[None]) -> Reply:
        kept = await self.store.find(cause_ref(request.community, request.path["cause"]))
        if kept.value is None:
            raise NotFound
        balances = await self._balances(request.community, [kept.value])
        return show(cause_view(kept, balances[kept.value.account]), revision=kept.revision)

    async def _balances(self, community: str, causes: Iterable[GoodCause]) -> dict[str, int]:
        refs = {cause.account: account_ref(community, cause.account) for cause in causes}
        loaded = await self.store.load(refs.values())
        return {name: (loaded[ref].value or Account(name)).balance_points for name, ref in refs.items()}

    async def list_pledges(self, request: ApiRequest[None]) -> Reply:
        query: PledgeQuery = request.query
        whose = access.whose(request, query.partner)
        wanted = {"partner": whose, "cause": query.cause}
        where = {name: value for name, value in wanted.items() if value is not None}
        found = await self.store.page(
            PLEDGES, request.community, where, after=query.after, limit=query.limit + 1
        )
        items, after = listed(found, query.limit, pledge_view)
        return show(PledgePage(items=items, next=after))

    def found(self, request: ApiRequest[FoundCause]) -> Work[Reply]:
        body = request.body
        cause = GoodCause(new_id(), body.title, body.about, body.goal_points, now())
        work = found_cause(request.origin(), cause)
        return work.then(lambda kept, _: show(cause_view(kept, 0), status=201, revision=kept.revision))

    def close(self, request: ApiRequest[None]) -> Work[Reply]:
        ref = cause_ref(request.community, request.path["cause"])
        account = account_ref(request.community, GoodCause(ref.id, "", "", None, now()).account)
        work = close_cause(request.origin(), ref.id).if_unchanged(ref, request.if_match, NotFound())

        def shown(kept: Versioned[GoodCause], uow: UnitOfWork) -> Reply:
            balance = (uow.find(account) or Account(account.id)).balance_points
            return show(cause_view(kept, balance), revision=kept.revision)

        return work.then(shown, account)

    def pledge(self, request: ApiRequest[PledgeToCause]) -> Work[Reply]:
        body, partner = request.body, access.own(request, request.body.partner)
        given = Pledge(new_id(), request.path["cause"], partner, body.amount_points or 0, body.service, now())
        work = pledge(request.origin(), given)
        return work.then(lambda kept, _: show(pledge_view(kept), status=201, revision=kept.revision))

    def spend(self, request: ApiRequest[SpendOfCause]) -> Work[Reply]:
        body = request.body
        work = spend(request.origin(), request.path["cause"], new_id(), body.amount_points, body.because)
        return work.then(lambda kept, _: show(transfer_view(kept)))

    def deliver(self, request: ApiRequest[None]) -> Work[Reply]:
        ref = pledge_ref(request.community, request.path["pledge"])
        work = deliver(request.origin(), ref.id).if_unchanged(ref, request.if_match, NotFound())
        return work.then(lambda kept, _: show(pledge_view(kept), revision=kept.revision))

    def table(self) -> tuple[Route, ...]:
        """Return every route of give-back."""
        return (*self._looks(), *self._of_causes(), *self._of_pledges())

    def _looks(self) -> tuple[Route, ...]:
        return (
            Route(
                "GET",
                "/points/causes",
                EVERYBODY,
                self.list_causes,
                "List good causes (公益项目)",
                CausePage,
                query=PageQuery,
            ),
            Route("GET", ONE, EVERYBODY, self.show_cause, "Show a good cause", CauseOfCommunityView),
            Route(
                "GET",
                "/points/pledges",
                HOLDERS,
                self.list_pledges,
                "List what was pledged (公益反哺)",
                PledgePage,
                query=PledgeQuery,
            ),
        )

    def _of_causes(self) -> tuple[Route, ...]:
        return (
            Route(
                "POST",
                "/points/causes",
                STAFF,
                self.found,
                "Let there be a good cause",
                CauseOfCommunityView,
                body=FoundCause,
                status=201,
                conditional=False,
            ),
            Route(
                "POST",
                f"{ONE}/close",
                STAFF,
                self.close,
                "Take no more pledges",
                CauseOfCommunityView,
                refusals=(CauseClosed,),
            ),
            Route(
                "POST",
                f"{ONE}/spend",
                STAFF,
                self.spend,
                "Use points of a good cause",
                TransferView,
                body=SpendOfCause,
                conditional=False,
                refusals=(InsufficientPoints,),
            ),
        )

    def _of_pledges(self) -> tuple[Route, ...]:
        return (
            Route(
                "POST",
                f"{ONE}/pledge",
                HOLDERS,
                self.pledge,
                "Give points to a good cause, or promise it a service",
                PledgeView,
                body=PledgeToCause,
                status=201,
                conditional=False,
                refusals=(PledgeNothing, CauseClosed, InsufficientPoints, PointsOwed),
            ),
            Route(
                "POST",
                "/points/pledges/{pledge}/deliver",
                STAFF,
                self.deliver,
                "Say that a promised service was done",
                PledgeView,
                refusals=(PledgeDelivered,),
            ),
        )
