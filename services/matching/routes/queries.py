"""Which orders a list shows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from services.chassis.http.bodies import PageQuery
from services.contracts.literals import DangerLevel, DemandKind
from services.contracts.words import ThingId
from services.matching.domain.deadlines import Level
from services.matching.domain.lifecycle import OrderStatus
from services.matching.views.orders import overdue_where


class OrderQuery(PageQuery):
    """Which orders."""

    status: OrderStatus | None = None
    provider: ThingId | None = None
    demand: ThingId | None = None
    overdue: bool = Field(default=False, description="only those whose deadline has passed")
    supervised: bool = Field(default=False, description="only those under supervision (督办)")
    level: Level | None = Field(default=None, description="how far it has come with nobody taking it")
    urgent: bool | None = Field(default=None, description="true: only what is urgent")
    about: DemandKind | None = Field(default=None, description="kind of the demand")
    compound: ThingId | None = None
    danger: DangerLevel | None = Field(default=None, description="now, perhaps, soon or none")
    held: bool = Field(default=False, description="only where a person decides because of what it says")
    since: AwareDatetime | None = Field(default=None, description="made then or later")
    until: AwareDatetime | None = Field(default=None, description="made before then")
    sort: Literal["urgent", "newest"] = Field(
        default="urgent", description="urgent: dangers that nobody has in hand stand first"
    )
    after: Annotated[str, StringConstraints(pattern=r"^(?:[0-9]\.)?[A-Za-z0-9._-]{1,64}$")] | None = Field(
        default=None, description="`next` of the page before"
    )


def where_of(query: OrderQuery, at: datetime) -> dict[str, object]:
    """Return the conditions of a query, all of which hold."""
    wanted = {
        "status": query.status,
        "provider.id": query.provider,
        "demand": query.demand,
        "level": query.level,
        "urgent": query.urgent,
        "about": query.about,
        "compound": query.compound,
        "heard.danger": query.danger,
        "held": True if query.held else None,
    }
    asked: list[Mapping[str, object]] = [{name: value} for name, value in wanted.items() if value is not None]
    asked += [overdue_where(at)] if query.overdue else []
    asked += [{"supervised": {"$ne": None}}] if query.supervised else []
    asked += [{"created_at": {"$gte": query.since}}] if query.since else []
    asked += [{"created_at": {"$lt": query.until}}] if query.until else []
    return {"$and": asked} if asked else {}
