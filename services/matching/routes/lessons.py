"""Matching's doors to what the router has learnt: its lessons, and how sure it has become."""

from dataclasses import dataclass

from services.chassis.http.bodies import Empty, PageQuery, listed
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, show
from services.chassis.mongo import Store
from services.chassis.work import Work
from services.contracts.ids import OrderId
from services.contracts.refusal import NotFound
from services.contracts.roles import STAFF
from services.matching.handlers import lessons as teaching
from services.matching.handlers.context import Matching
from services.matching.store.catalogues import catalogue_ref
from services.matching.store.lessons import LESSONS
from services.matching.store.workloads import WorkloadView
from services.matching.views import lessons as learning_views


@dataclass(frozen=True, slots=True)
class LessonRoutes:
    """The routes over matching's store.

    Arguments:
        store: matching's database.
        matching: its use cases.
        places: how things stand.
    """

    store: Store
    matching: Matching
    places: WorkloadView

    async def show_routing(self, request: ApiRequest[None]) -> Reply:
        """Return how the router of the community stands."""
        ref = catalogue_ref(request.community)
        record = await self.store.find(ref)
        if record.value is None:
            raise NotFound
        load = await self.places.now(request.community)
        await self.matching.models.prepare({request.community: record})
        model = self.matching.models.of(request.community, record.revision, record.value)
        return show(learning_views.routing_view(model, load))

    async def list_lessons(self, request: ApiRequest[None]) -> Reply:
        """Return a page of lessons, by order, newest first."""
        query: PageQuery = request.query
        found = await self.store.page(
            LESSONS, request.community, {}, after=query.after, limit=query.limit + 1
        )
        items, after = listed(found, query.limit, learning_views.lesson_view)
        return show(learning_views.LessonPage(items=items, next=after))

    def undo(self, request: ApiRequest[Empty]) -> Work[Reply]:
        """Take a lesson back."""
        work = teaching.undo_lesson(self.matching, request.origin(), OrderId(request.path["order"]))
        return work.then(lambda kept, _: show(learning_views.lesson_view(kept)))

    def table(self) -> tuple[Route, ...]:
        """Return the routes."""
        return (
            Route(
                "GET",
                "/routing",
                STAFF,
                self.show_routing,
                "Show what the router rests on",
                learning_views.RoutingView,
            ),
            Route(
                "GET",
                "/lessons",
                STAFF,
                self.list_lessons,
                "List what the router was taught",
                learning_views.LessonPage,
                query=PageQuery,
            ),
            Route(
                "POST",
                "/lessons/{order}/undo",
                STAFF,
                self.undo,
                "Take a lesson back",
                learning_views.LessonView,
                body=Empty,
                conditional=False,
            ),
        )
