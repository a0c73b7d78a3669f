"""Things that many tests need, the plainest there are; `replace` makes them what a test is about."""

from dataclasses import replace
from datetime import UTC, datetime

from services.contracts.ids import DemandId, OrderId
from services.intake.domain.demands import Demand, Line
from services.intake.domain.lifecycle import DemandStatus
from services.matching.domain import lifecycle as orders
from services.matching.domain.lifecycle import OrderStatus
from services.matching.domain.orders import Order
from services.matching.domain.parts import Handover, Stage, Who


def crowd(count: int) -> tuple[str, ...]:
    """Return people, in an order that is not that of their names."""
    return tuple(f"resident-{(n * 7_919) % 100_003:06d}" for n in range(count))


AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LINE = Line(AT, "staff", "step", "一步")
UNIT = Who("unit-1", "一家单位", "unit")
OTHER = Who("unit-2", "另一家单位", "unit")


def a_demand(status: DemandStatus = DemandStatus.SUBMITTED) -> Demand:
    return Demand(
        id=DemandId("d1"),
        text="路灯不亮",
        title=None,
        compound=None,
        about="help",
        asked_by="r1",
        entered_by="resident",
        submitted_at=AT,
        status=status,
        timeline=(LINE,),
    )


def a_public_demand(demand: DemandId, asked_by: str, *supporters: str) -> Demand:
    """Return a demand of somebody that these endorsed, in their order."""
    begun = (Line(AT, "resident", "submitted", "居民点单"),)
    made = replace(a_demand(), id=demand, asked_by=asked_by, timeline=begun, private=False)
    for person in supporters:
        made = made.endorsed_by(person, AT)
    return made


def an_order(status: OrderStatus = OrderStatus.PROPOSED) -> Order:
    return Order(
        id=OrderId("d1-1"),
        demand=DemandId("d1"),
        text="路灯不亮",
        title=None,
        compound=None,
        asked_by="r1",
        category="公共照明",
        confidence=0.8,
        because="",
        candidates=(),
        status=status,
        created_at=AT,
        provider=None if status in orders.UNPLACED else UNIT,
        handover=Handover(OTHER, "", AT),
        stages=(Stage("m1", "一"),),
    )
