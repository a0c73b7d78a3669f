"""Notify's doors: everybody's inbox."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from services.chassis.desk import Work
from services.chassis.identity import Identity
from services.chassis.mongo import Store
from services.chassis.once import Reply
from services.chassis.shelf import Kept
from services.chassis.web import Ask, Command, PageQuery, Route, listed, show
from services.contracts.words import Role
from services.notify import handlers
from services.notify.domain import notice as inbox
from services.notify.domain.notice import Notice
from services.notify.store import NOTICES

READERS = frozenset({Role.RESIDENT, Role.GRID_WORKER, Role.STAFF, Role.UNIT, Role.PARTNER})


class View(BaseModel):
    """What goes out."""

    model_config = ConfigDict(frozen=True)


class NoticeView(View):
    """A notice (通知)."""

    id: str
    kind: str = Field(description="the event it tells of")
    text: str
    demand: str | None
    order: str | None
    at: datetime
    read_at: datetime | None


class NoticePage(View):
    """A page of an inbox, newest first; `next` asks for the page after it."""

    items: list[NoticeView]
    next: str | None


class NoticeQuery(PageQuery):
    """Which notices."""

    unread: bool = False


class ReadNotice(Command):
    """A step that needs no words."""


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

    async def list_notices(self, ask: Ask[None]) -> Reply:
        query: NoticeQuery = ask.query
        where: dict[str, object] = {"recipient": {"$in": list(inboxes_of(ask.identity))}}
        if query.unread:
            where["read_at"] = None
        found = await self.store.page(NOTICES, ask.community, where, after=query.after, limit=query.limit + 1)
        items, after = listed(found, query.limit, _view)
        return show(NoticePage(items=items, next=after))

    def read(self, ask: Ask[ReadNotice]) -> Work[Reply]:
        work = handlers.read_notice(ask.origin(), ask.path["notice"], inboxes_of(ask.identity))
        return work.then(lambda kept, _: show(_view(kept)))

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
                body=ReadNotice,
                conditional=False,
            ),
        )


def _view(kept: Kept[Notice]) -> NoticeView:
    notice = kept.value
    assert notice is not None, "only a notice that is there is shown"
    return NoticeView(
        id=notice.id,
        kind=notice.kind,
        text=notice.text,
        demand=notice.demand,
        order=notice.order,
        at=notice.at,
        read_at=notice.read_at,
    )
