"""Holds (冻结): points set aside for something that is not done yet; captured, released or expired, once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.contracts.refusal import Conflict, Invalid
from services.contracts.values import replace
from services.points.domain.lots import Lots
from services.points.domain.transfers import Cause

ORDERED = frozenset({"shop", "fair"})
"""Causes of holds that a redemption resolves, and nothing else."""
HoldState = Literal["open", "captured", "released", "expired"]


class HoldResolved(Conflict):
    """It was captured, released or expired before; that happens once."""

    slug = "hold_resolved"
    title = "这笔冻结的积分已经处理过了"


class HoldTooShort(Invalid):
    """A hold ends after it begins."""

    slug = "hold_too_short"
    title = "冻结的截止时间须在现在之后"


class HoldExpired(Conflict):
    """Its time is over: the points go back."""

    slug = "hold_expired"
    title = "冻结已过期，积分将退回"


class NotYourHold(Conflict):
    """Staff set it aside, or it is for something that was ordered: that is where it is called off."""

    slug = "not_your_hold"
    title = "这笔积分由社区冻结或用于已提交的兑换，不能自行退回"


@dataclass(frozen=True, slots=True)
class Hold:
    """Points of a partner that stand in escrow.

    Arguments:
        account: whose they are.
        lots: what they consist of; where they go back, exactly these do.
        cause: what they are for.
        placed_by: the transfer that set them aside.
        due_at: when it expires; None once it is resolved.
        set_aside_by: who did it: the partner, somebody of the staff.
    """

    id: str
    account: str
    amount_points: int
    lots: Lots
    because: str
    cause: Cause
    placed_by: str
    placed_at: datetime
    due_at: datetime | None
    state: HoldState = "open"
    resolved_at: datetime | None = None
    set_aside_by: str = ""

    def must_be_for_nothing_ordered(self) -> None:
        """Make sure that no order depends on it: it would stay open for ever.

        Raises:
            NotYourHold
        """
        if self.cause.kind in ORDERED:
            raise NotYourHold

    def must_be_set_aside_by(self, subject: str) -> None:
        """Make sure that somebody set it aside themselves.

        Raises:
            NotYourHold: they did not. Of holds of earlier releases nobody knows; they may be given back.
        """
        if self.set_aside_by not in ("", subject):
            raise NotYourHold

    def resolved(self, state: HoldState, at: datetime) -> "Hold":
        """Return the hold after it was resolved.

        Raises:
            HoldResolved: it was before.
            HoldExpired: it is too late for anything but to expire.
        """
        if self.state != "open" or self.due_at is None:
            raise HoldResolved(state=self.state)
        if state != "expired" and self.due_at <= at:
            raise HoldExpired(due_at=self.due_at.isoformat())
        return replace(self, state=state, resolved_at=at, due_at=None)
