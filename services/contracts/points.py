"""What points says: facts about the partner points bank (合伙人积分银行)."""

from services.contracts.ids import OrderId
from services.contracts.words import Message


class PointsPosted(Message):
    """A partner earned points for a settled order; the stream is the transfer."""

    kind = "points.posted.v1"
    transfer: str
    partner: str
    order: OrderId
    amount_points: int
    balance_points: int
    because: str


class PointsWithheld(Message):
    """Points were earned but the approved budget does not cover them; staff decide."""

    kind = "points.withheld.v1"
    transfer: str
    partner: str
    order: OrderId
    amount_points: int
    because: str
