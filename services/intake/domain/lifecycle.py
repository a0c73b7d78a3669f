"""The life of a demand: its statuses, and which step leads from where to where."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class DemandStatus(StrEnum):
    """Where a demand stands."""

    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    QUEUED = "queued"
    DISPATCHED = "dispatched"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    UNRATED = "unrated"
    RATED = "rated"
    CLOSED = "closed"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


class DemandStep(StrEnum):
    """What moves a demand. The first group is taken by people, the second follows the order."""

    WITHDRAW = "withdraw"
    RATE_WELL = "rate_well"
    RATE_BADLY = "rate_badly"
    MERGE = "merge"
    UNMERGE = "unmerge"
    ENDORSE = "endorse"
    URGE = "urge"
    SUPPLEMENT = "supplement"

    GO_TO_REVIEW = "go_to_review"
    BE_QUEUED = "be_queued"
    BE_DISPATCHED = "be_dispatched"
    BE_ACCEPTED = "be_accepted"
    MAKE_PROGRESS = "make_progress"
    BE_COMPLETED = "be_completed"
    BE_DONE_AGAIN = "be_done_again"
    BE_SETTLED = "be_settled"
    BE_CANCELLED = "be_cancelled"
    LEAVE_UNRATED = "leave_unrated"
    LAPSE = "lapse"


S = DemandStatus
BEFORE_DONE = (S.SUBMITTED, S.IN_REVIEW, S.QUEUED, S.DISPATCHED, S.ACCEPTED, S.IN_PROGRESS, S.REOPENED)
OPEN = (*BEFORE_DONE, S.COMPLETED)

STEPS: Mapping[DemandStep, tuple[tuple[DemandStatus, ...], DemandStatus | None]] = MappingProxyType(
    {
        DemandStep.GO_TO_REVIEW: (
            (S.SUBMITTED, S.QUEUED, S.DISPATCHED, S.ACCEPTED, S.IN_PROGRESS, S.REOPENED),
            S.IN_REVIEW,
        ),
        DemandStep.BE_QUEUED: ((S.SUBMITTED, S.IN_REVIEW, S.DISPATCHED), S.QUEUED),
        DemandStep.BE_DISPATCHED: ((S.SUBMITTED, S.IN_REVIEW, S.QUEUED, S.DISPATCHED), S.DISPATCHED),
        DemandStep.BE_ACCEPTED: ((S.DISPATCHED,), S.ACCEPTED),
        DemandStep.MAKE_PROGRESS: ((S.ACCEPTED, S.IN_PROGRESS), S.IN_PROGRESS),
        DemandStep.BE_COMPLETED: ((S.ACCEPTED, S.IN_PROGRESS), S.COMPLETED),
        DemandStep.RATE_WELL: ((S.COMPLETED, S.UNRATED), S.RATED),
        DemandStep.RATE_BADLY: ((S.COMPLETED, S.UNRATED), S.REOPENED),
        DemandStep.BE_DONE_AGAIN: ((S.REOPENED, S.COMPLETED, S.RATED, S.UNRATED, S.CLOSED), S.IN_PROGRESS),
        DemandStep.LEAVE_UNRATED: ((S.COMPLETED,), S.UNRATED),
        DemandStep.LAPSE: ((S.UNRATED,), S.CLOSED),
        DemandStep.BE_SETTLED: ((S.RATED,), S.CLOSED),
        DemandStep.BE_CANCELLED: ((*OPEN, S.RATED, S.UNRATED), S.CLOSED),
        DemandStep.WITHDRAW: (BEFORE_DONE, S.WITHDRAWN),
        DemandStep.MERGE: (BEFORE_DONE, S.MERGED),
        DemandStep.UNMERGE: ((S.MERGED,), S.SUBMITTED),
        DemandStep.ENDORSE: (OPEN, None),
        DemandStep.URGE: (BEFORE_DONE, None),
        DemandStep.SUPPLEMENT: ((S.ACCEPTED, S.IN_PROGRESS), None),
    }
)
"""Step → the statuses it may be taken from, and the one it leads to (None: it stays)."""


def allowed_steps(status: DemandStatus) -> list[str]:
    """Return what people may do in a status, by the names of the routes."""
    steps = (step for step, (sources, _) in STEPS.items() if status in sources and step in _BY_PEOPLE)
    return list(dict.fromkeys(_BY_PEOPLE[step] for step in steps))


_BY_PEOPLE: Mapping[DemandStep, str] = MappingProxyType(
    {
        DemandStep.RATE_WELL: "rate",
        DemandStep.RATE_BADLY: "rate",
        DemandStep.WITHDRAW: "withdraw",
        DemandStep.MERGE: "merge",
        DemandStep.UNMERGE: "unmerge",
        DemandStep.ENDORSE: "endorse",
        DemandStep.URGE: "urge",
        DemandStep.SUPPLEMENT: "supplement",
    }
)


NAMES: Mapping[DemandStatus, str] = MappingProxyType(
    {
        S.SUBMITTED: "已点单",
        S.IN_REVIEW: "社区研判中",
        S.QUEUED: "排队等候",
        S.DISPATCHED: "已下单",
        S.ACCEPTED: "已接单",
        S.IN_PROGRESS: "办理中",
        S.COMPLETED: "已办结，待评单",
        S.UNRATED: "已办结，未评价",
        S.RATED: "已评单",
        S.CLOSED: "已归档",
        S.REOPENED: "重新办理",
        S.WITHDRAWN: "已撤回",
        S.MERGED: "已合并",
    }
)
"""Status → what a resident reads."""
