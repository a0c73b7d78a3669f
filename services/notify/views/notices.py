"""What notify shows of a notice."""

from datetime import datetime

from pydantic import Field

from services.chassis.documents import Versioned
from services.chassis.http.bodies import View
from services.notify.domain.notices import Notice


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


def notice_view(kept: Versioned[Notice]) -> NoticeView:
    notice = kept.present
    return NoticeView(
        id=notice.id,
        kind=notice.kind,
        text=notice.text,
        demand=notice.demand,
        order=notice.order,
        at=notice.at,
        read_at=notice.read_at,
    )
