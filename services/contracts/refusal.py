"""How a rule says no: one exception per rule, classed by what the caller should do next.

Refused                 a rule of the business says no; nothing has changed
├── NotFound            no such thing in this community (a foreign id answers the same)   404
├── Forbidden           the role may never do this                                      403
├── Conflict            the thing's present state does not allow it                     409
└── Invalid             the request itself cannot be right, whatever the state          422
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar


class Refused(Exception):
    """A rule said no.

    Arguments:
        detail: one Chinese sentence for the person who asked.
        facts: what a client may want to act on (plain JSON values), e.g. the steps that are allowed.
    """

    slug: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "不能这样做"

    def __init__(self, detail: str = "", **facts: object) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.facts: Mapping[str, object] = MappingProxyType(facts)


class NotFound(Refused):
    """There is no such thing in this community; a foreign id gets the same answer."""

    slug = "not_found"
    status = 404
    title = "没有找到"


class Forbidden(Refused):
    """The one who asks may never do this."""

    slug = "forbidden"
    status = 403
    title = "没有权限"


class Conflict(Refused):
    """The present state does not allow it; reload and look again."""

    slug = "conflict"
    status = 409
    title = "当前状态不允许"


class Invalid(Refused):
    """The request cannot be right whatever the state."""

    slug = "invalid"
    status = 422
    title = "内容不符合要求"
