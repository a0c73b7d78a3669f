"""Ids: how they are made and what can be read from them, in one place.

| id | form | |
|---|---|---|
| demand | 32 hexadecimal digits (UUID 7) | made where it is submitted |
| order | `{demand}-{round}` | a demand that was merged and stands alone again gets another round |
| companion's order | `{order}.{number}` | numbered by the lead as others are called |

What an earlier release kept has the same forms.
"""

from typing import NewType

DemandId = NewType("DemandId", str)
OrderId = NewType("OrderId", str)


def order_id(demand: DemandId, round_: int = 1) -> OrderId:
    """Return the id of a demand's order; a demand that was merged and stands alone again has another."""
    return OrderId(f"{demand}-{round_}")


def companion_id(lead: OrderId, number: int) -> OrderId:
    """Return the id of the order of somebody who is called to a part of a matter; the first is number 1."""
    return OrderId(f"{lead}.{number}")


def demand_of(order: OrderId) -> DemandId:
    """Return the demand that an order is about."""
    return DemandId(order.rsplit("-", 1)[0])


def round_of(order: OrderId) -> int | None:
    """Return which round of its demand an order or companion belongs to; None for an id of another form."""
    number = order.rpartition("-")[2].partition(".")[0]
    return int(number) if number.isdecimal() else None


def lead_of(order: OrderId) -> OrderId | None:
    """Return the order that a companion belongs to; None for an order that leads or stands alone."""
    lead, _, number = order.rpartition(".")
    return OrderId(lead) if number.isdecimal() and "-" in lead else None
