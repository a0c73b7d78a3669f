"""The doors of ratings that look odd, and of who belongs to a partner; staff's alone."""

from dataclasses import dataclass

from services.chassis.documents import Versioned
from services.chassis.http.bodies import listed
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, post, show
from services.chassis.mongo import Store
from services.chassis.work import UnitOfWork, Work
from services.contracts.refusal import NotFound
from services.contracts.roles import STAFF
from services.points.domain.ratings import AlreadyRelated, NotRelated, RatingOnRecord, RelatedPerson
from services.points.handlers.ratings import decide_rating, mark_related, take_back_related
from services.points.routes.star_bodies import (
    DecideRating,
    MarkRelated,
    RatingQuery,
    RelatedQuery,
    TakeBack,
)
from services.points.store.stars import RATINGS, RELATED, rating_ref, related_ref
from services.points.views.ratings import (
    RatingPage,
    RatingRecordView,
    RelatedPage,
    RelatedView,
    rating_view,
    related_view,
)


@dataclass(frozen=True, slots=True)
class RatingRoutes:
    """The routes of ratings over points' store."""

    store: Store

    async def list_ratings(self, request: ApiRequest[None]) -> Reply:
        query: RatingQuery = request.query
        wanted = {"partner": query.partner, "is_open": query.is_open}
        where = {name: value for name, value in wanted.items() if value is not None}
        found = await self.store.page(
            RATINGS, request.community, where, after=query.after, limit=query.limit + 1
        )
        items, after = listed(found, query.limit, rating_view)
        return show(RatingPage(items=items, next=after))

    async def list_related(self, request: ApiRequest[None]) -> Reply:
        query: RelatedQuery = request.query
        where = {"partner": query.partner} if query.partner else {}
        found = await self.store.page(
            RELATED, request.community, where, after=query.after, limit=query.limit + 1
        )
        items, after = listed(found, query.limit, related_view)
        return show(RelatedPage(items=items, next=after))

    def decide(self, request: ApiRequest[DecideRating]) -> Work[Reply]:
        rating, body = request.path["rating"], request.body
        work = decide_rating(request.origin(), rating, body.reason, counts=body.counts)
        ref = rating_ref(request.community, rating)
        return work.if_unchanged(ref, request.if_match, NotFound()).then(_rating)

    def mark(self, request: ApiRequest[MarkRelated]) -> Work[Reply]:
        body = request.body
        return mark_related(request.origin(), body.partner, body.subject, body.reason).then(_related)

    def take_back(self, request: ApiRequest[TakeBack]) -> Work[Reply]:
        related = request.path["related"]
        work = take_back_related(request.origin(), related, request.body.reason)
        ref = related_ref(request.community, related)
        return work.if_unchanged(ref, request.if_match, NotFound()).then(_related)

    def table(self) -> tuple[Route, ...]:
        """Return every route of ratings."""
        return (
            Route(
                "GET",
                "/points/ratings",
                STAFF,
                self.list_ratings,
                "List ratings of partners, and what looks odd about them",
                RatingPage,
                query=RatingQuery,
            ),
            post(
                "/points/ratings/{rating}/decide",
                STAFF,
                self.decide,
                "Let a rating count, or not",
                takes=DecideRating,
                answers=RatingRecordView,
            ),
            Route(
                "GET",
                "/points/related",
                STAFF,
                self.list_related,
                "List who is marked as belonging to a partner",
                RelatedPage,
                query=RelatedQuery,
            ),
            Route(
                "POST",
                "/points/related",
                STAFF,
                self.mark,
                "Mark somebody as belonging to a partner",
                RelatedView,
                body=MarkRelated,
                conditional=False,
                refusals=(AlreadyRelated,),
            ),
            post(
                "/points/related/{related}/take-back",
                STAFF,
                self.take_back,
                "Take such a mark back",
                takes=TakeBack,
                answers=RelatedView,
                refuses=(NotRelated,),
            ),
        )


def _rating(kept: Versioned[RatingOnRecord], _: UnitOfWork) -> Reply:
    return show(rating_view(kept), revision=kept.revision)


def _related(kept: Versioned[RelatedPerson], _: UnitOfWork) -> Reply:
    return show(related_view(kept), revision=kept.revision)
