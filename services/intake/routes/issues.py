"""Intake's doors for issues and their topics."""

from dataclasses import dataclass

from services.chassis.documents import Versioned
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, post, show
from services.chassis.mongo import Store
from services.chassis.work import UnitOfWork, Work
from services.contracts.refusal import NotFound
from services.contracts.roles import COMMUNITY, STAFF
from services.intake.domain.issues import Issue, NotHot, ReasonMissing, TopicDecided
from services.intake.handlers import issues
from services.intake.routes.bodies import DecideTopic, IssueQuery
from services.intake.store.issues import ISSUES, issue_ref
from services.intake.views.issues import IssueList, IssueView, issue_view


@dataclass(frozen=True, slots=True)
class IssueRoutes:
    """The routes of issues over intake's store."""

    store: Store

    async def list_issues(self, request: ApiRequest[None]) -> Reply:
        query: IssueQuery = request.query
        where: dict[str, object] = {}
        if query.hot is not None:
            where["hot_at"] = {"$ne": None} if query.hot else None
        found = await self.store.page(ISSUES, request.community, where, limit=query.limit, by="heat")
        return show(IssueList(items=[issue_view(kept) for kept in found]))

    async def show_issue(self, request: ApiRequest[None]) -> Reply:
        ref = issue_ref(request.community, request.path["issue"])
        kept = await self.store.find(ref)
        if kept.value is None:
            raise NotFound
        return show(issue_view(kept), revision=kept.revision)

    def decide_topic(self, request: ApiRequest[DecideTopic]) -> Work[Reply]:
        accept = request.body.decision == "accept"
        if not accept and not request.body.reason:
            raise ReasonMissing
        issue = request.path["issue"]
        work = issues.decide_topic(request.origin(issue), issue, request.body.reason, accept=accept)

        def shown(kept: Versioned[Issue], _: UnitOfWork) -> Reply:
            return show(issue_view(kept), revision=kept.revision)

        return work.if_unchanged(issue_ref(request.community, issue), request.if_match, NotFound()).then(
            shown
        )

    def table(self) -> tuple[Route, ...]:
        """Return every route of issues."""
        return (
            Route(
                "GET",
                "/issues",
                COMMUNITY,
                self.list_issues,
                "List issues (热点)",
                IssueList,
                query=IssueQuery,
            ),
            Route("GET", "/issues/{issue}", COMMUNITY, self.show_issue, "Show an issue", IssueView),
            post(
                "/issues/{issue}/topic",
                STAFF,
                self.decide_topic,
                "Take up or decline the topic for the bench council (议题)",
                takes=DecideTopic,
                answers=IssueView,
                refuses=(TopicDecided, NotHot, ReasonMissing),
            ),
        )
