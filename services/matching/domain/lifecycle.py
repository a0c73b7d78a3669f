"""The life of an order: its statuses, and which step leads from where to where."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class OrderStatus(StrEnum):
    """Where an order stands."""

    PROPOSED = "proposed"
    QUEUED = "queued"
    DISPATCHED = "dispatched"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    VERIFIED = "verified"
    SETTLED = "settled"
    CANCELLED = "cancelled"
    UNRATED = "unrated"


class OrderStep(StrEnum):
    """What moves an order."""

    QUEUE = "queue"
    DISPATCH = "dispatch"
    ACCEPT = "accept"
    DECLINE = "decline"
    OFFER_HANDOVER = "offer_handover"
    CONSENT_TO_HANDOVER = "consent_to_handover"
    REFUSE_HANDOVER = "refuse_handover"
    PLAN = "plan"
    FINISH_MILESTONE = "finish_milestone"
    COMPLETE = "complete"
    VERIFY = "verify"
    BE_RATED_WELL = "be_rated_well"
    RETURN = "return"
    SETTLE = "settle"
    URGE = "urge"
    CANCEL = "cancel"
    CALL = "call"
    MISS_SIGNING = "miss_signing"
    LAPSE_HANDOVER = "lapse_handover"
    ASK_RESIDENT = "ask_resident"
    GO_ON = "go_on"
    REQUEST_EXTENSION = "request_extension"
    GRANT_EXTENSION = "grant_extension"
    REFUSE_EXTENSION = "refuse_extension"
    SUPERVISE = "supervise"
    RECALL = "recall"
    LEAVE_UNRATED = "leave_unrated"


S = OrderStatus
_TAKEN = (S.ACCEPTED, S.IN_PROGRESS)
_IN_HAND = (S.DISPATCHED, *_TAKEN)
UNDONE = (S.PROPOSED, S.QUEUED, *_IN_HAND)
"""Statuses in which the deadline for finishing runs."""

STEPS: Mapping[OrderStep, tuple[tuple[OrderStatus, ...], OrderStatus | None]] = MappingProxyType(
    {
        OrderStep.QUEUE: ((S.PROPOSED,), S.QUEUED),
        OrderStep.DISPATCH: ((S.PROPOSED, S.QUEUED), S.DISPATCHED),
        OrderStep.ACCEPT: ((S.DISPATCHED,), S.ACCEPTED),
        OrderStep.DECLINE: ((S.DISPATCHED,), S.PROPOSED),
        OrderStep.OFFER_HANDOVER: (_TAKEN, None),
        OrderStep.CONSENT_TO_HANDOVER: (_TAKEN, None),
        OrderStep.REFUSE_HANDOVER: (_TAKEN, None),
        OrderStep.PLAN: (_TAKEN, S.IN_PROGRESS),
        OrderStep.FINISH_MILESTONE: (_TAKEN, S.IN_PROGRESS),
        OrderStep.COMPLETE: (_TAKEN, S.COMPLETED),
        OrderStep.VERIFY: ((S.COMPLETED,), S.VERIFIED),
        OrderStep.BE_RATED_WELL: ((S.COMPLETED, S.VERIFIED), None),
        OrderStep.RETURN: ((S.COMPLETED, S.VERIFIED, S.SETTLED, S.UNRATED), S.IN_PROGRESS),
        OrderStep.SETTLE: ((S.VERIFIED,), S.SETTLED),
        OrderStep.URGE: (UNDONE, None),
        OrderStep.CANCEL: ((*UNDONE, S.COMPLETED, S.VERIFIED), S.CANCELLED),
        OrderStep.CALL: (_IN_HAND, None),
        OrderStep.MISS_SIGNING: ((S.DISPATCHED,), S.PROPOSED),
        OrderStep.LAPSE_HANDOVER: (_TAKEN, None),
        OrderStep.ASK_RESIDENT: (_TAKEN, None),
        OrderStep.GO_ON: (_TAKEN, None),
        OrderStep.REQUEST_EXTENSION: (_TAKEN, None),
        OrderStep.GRANT_EXTENSION: (_TAKEN, None),
        OrderStep.REFUSE_EXTENSION: (_TAKEN, None),
        OrderStep.SUPERVISE: (UNDONE, None),
        OrderStep.RECALL: ((S.QUEUED, *_IN_HAND), S.PROPOSED),
        OrderStep.LEAVE_UNRATED: ((S.COMPLETED, S.VERIFIED), S.UNRATED),
    }
)
"""Step → the statuses it may be taken from, and the one it leads to (None: it stays).
A declined order is proposed again, and at once dispatched to the next candidate if there is one."""

BY_ITSELF = frozenset(
    {
        OrderStep.QUEUE,
        OrderStep.BE_RATED_WELL,
        OrderStep.SETTLE,
        OrderStep.MISS_SIGNING,
        OrderStep.LAPSE_HANDOVER,
        OrderStep.GO_ON,
        OrderStep.RECALL,
        OrderStep.LEAVE_UNRATED,
    }
)
"""Steps that nobody takes: they follow the demand, or a deadline that passed."""

UNPLACED = (S.PROPOSED, S.QUEUED)
"""Statuses in which nobody has the order."""

RATEABLE = (S.COMPLETED, S.VERIFIED)
OVER = (S.SETTLED, S.CANCELLED, S.UNRATED)

OPEN = frozenset(_IN_HAND)
"""Statuses in which an order takes a place of its provider's capacity."""


def allowed_steps(status: OrderStatus) -> list[str]:
    """Return what people may do in a status."""
    return [step.value for step, (sources, _) in STEPS.items() if status in sources and step not in BY_ITSELF]


NAMES: Mapping[OrderStatus, str] = MappingProxyType(
    {
        S.PROPOSED: "待研判",
        S.QUEUED: "排队等候",
        S.DISPATCHED: "已下单，待接单",
        S.ACCEPTED: "已接单",
        S.IN_PROGRESS: "办理中",
        S.COMPLETED: "已办结，待核实",
        S.VERIFIED: "已核实，待评单",
        S.SETTLED: "已结单",
        S.CANCELLED: "已取消",
        S.UNRATED: "已结单（未评价）",
    }
)
"""Status → what people read."""
