"""Notify's doors: everybody's inbox."""

from dataclasses import dataclass

from services.chassis.http.bodies import Empty, PageQuery, listed
from services.chassis.http.identity import Identity
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, show
from services.chassis.mongo import Store
from services.chassis.work import Work
from services.contracts.roles import READERS
from services.contracts.words import Role
from services.notify.domain import notices as inbox
from services.notify.handlers import notices
from services.notify.store.notices import NOTICES
from services.notify.views.notices import NoticePage, NoticeView, notice_view


class NoticeQuery(PageQuery):
    """Which notices."""

    unread: bool = False


def inboxes_of(identity: Identity) -> tuple[str, ...]:
    """Return the inboxes that somebody may read."""
    if identity.role in {Role.UNIT, Role.PARTNER}:
        return (inbox.provider(identity.subject, identity.role.value),)
    own = inbox.person(identity.subject)
    return (inbox.STAFF, own) if identity.role is Role.STAFF else (own,)


@dataclass(frozen=True, slots=True)
class NotifyRoutes:
    """Notify's routes over its store."""

    store: Store

    async def list_notices(self, request: ApiRequest[None]) -> Reply:
        query: NoticeQuery = request.query
        where: dict[str, object] = {"recipient": {"$in": list(inboxes_of(request.identity))}}
        if query.unread:
            where["read_at"] = None
        found = await self.store.page(
            NOTICES, request.community, where, after=query.after, limit=query.limit + 1
        )
        items, after = listed(found, query.limit, notice_view)
        return show(NoticePage(items=items, next=after))

    def read(self, request: ApiRequest[Empty]) -> Work[Reply]:
        work = notices.read_notice(request.origin(), request.path["notice"], inboxes_of(request.identity))
        return work.then(lambda kept, _: show(notice_view(kept)))

    def table(self) -> tuple[Route, ...]:
        """Return every route of notify."""
        return (
            Route(
                "GET", "/notices", READERS, self.list_notices, "Read the inbox", NoticePage, query=NoticeQuery
            ),
            Route(
                "POST",
                "/notices/{notice}/read",
                READERS,
                self.read,
                "Mark a notice as read",
                NoticeView,
                body=Empty,
                conditional=False,
            ),
        )
