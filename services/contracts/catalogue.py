"""The only list of all messages, who hears them, and how they travel."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from zlib import crc32

from services.contracts import demands, issues, orders, points, rooms
from services.contracts.communities import CommunityLoaded
from services.contracts.words import Message

_MODELS: tuple[type[Message], ...] = (
    CommunityLoaded,
    demands.DemandSubmitted,
    demands.DemandReread,
    demands.DemandAlarmed,
    demands.DemandAlarmTaken,
    demands.DemandToConfirm,
    demands.DemandAccuses,
    demands.DemandRatingWanted,
    demands.DemandLeftUnrated,
    demands.DemandPassedOn,
    demands.DemandEndorsed,
    demands.DemandWithdrawn,
    demands.DemandUrged,
    demands.DemandRated,
    demands.DemandReopened,
    demands.DemandMerged,
    demands.DemandJoined,
    demands.DemandUnmerged,
    demands.DemandParted,
    demands.DemandOptedOut,
    demands.DemandLikelyDuplicate,
    demands.DemandClosed,
    demands.DemandSupplemented,
    issues.IssueBecameHot,
    issues.IssueTopicDecided,
    orders.OrderProposed,
    orders.OrderQueued,
    orders.OrderDispatched,
    orders.OrderCalled,
    orders.OrderAccepted,
    orders.OrderDeclined,
    orders.OrderHandoverOffered,
    orders.OrderHandoverRefused,
    orders.OrderHandedOver,
    orders.OrderPlanned,
    orders.OrderMilestoneDone,
    orders.OrderCompleted,
    orders.OrderVerified,
    orders.OrderReturned,
    orders.OrderSettled,
    orders.OrderLeftUnrated,
    orders.OrderPraised,
    orders.OrderUrged,
    orders.OrderCancelled,
    orders.OrderUnsigned,
    orders.OrderEscalated,
    orders.OrderHandoverLapsed,
    orders.OrderWaiting,
    orders.OrderResumed,
    orders.OrderExtensionRequested,
    orders.OrderExtensionGranted,
    orders.OrderExtensionRefused,
    orders.OrderOverdue,
    orders.OrderSupervised,
    points.PointsPosted,
    points.PointsWithheld,
    points.PointsHeld,
    points.PointsReleased,
    points.PointsCaptured,
    points.PointsExpired,
    points.PointsReversed,
    points.PointsExpireSoon,
    points.PointsApproved,
    points.PointsClaimed,
    points.PointsDropped,
    points.PointsRuleDecided,
    points.PointsRuleWithdrawn,
    points.RedemptionOrdered,
    points.RedemptionWaits,
    points.RedemptionFulfilled,
    points.RedemptionEnded,
    points.EffectReported,
    points.FairAnnounced,
    points.PointsPledged,
    points.ServicePledged,
    points.ServiceDelivered,
    points.CauseSpent,
    points.PointsDayClosed,
    rooms.RoomPublished,
    rooms.RoomChanged,
    rooms.RoomWithdrawn,
    rooms.RoomBooked,
    rooms.RoomCancelled,
    rooms.RoomToConfirm,
    rooms.RoomDisputed,
    rooms.RoomRejected,
    rooms.RoomUsed,
    points.PointsStarSet,
    points.PointsRatingsHeld,
    points.PointsStarAppealed,
    points.PointsAppealDecided,
    points.PointsOutstandingNamed,
    points.PointsOutstandingTakenBack,
)

KINDS: Mapping[str, type[Message]] = MappingProxyType({model.kind: model for model in _MODELS})
"""Kind, which is also the end of the routing key → model of the body."""

PUBLISHERS: Mapping[str, str] = MappingProxyType(
    {
        "community": "intake",
        "demand": "intake",
        "issue": "intake",
        "order": "matching",
        "points": "points",
        "room": "points",
    }
)
"""First word of the kind → the service that says it."""

SUBSCRIPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "intake": ("demand.#", "order.#"),
        "matching": ("community.#", "demand.#", "points.star_set.*"),
        "points": (
            "community.#",
            "demand.rated.*",
            "order.settled.*",
            "order.left_unrated.*",
            "order.returned.*",
            "order.unsigned.*",
            "order.overdue.*",
        ),
        "notify": ("demand.#", "issue.#", "order.#", "points.#", "room.#"),
    }
)
"""Service → the kinds it hears. A whole family (`order.#`) is followed in order, stream by stream, unless its
effects recognise what was done; of a part (`order.settled.*`), whose streams have gaps, they have to."""


def partition_of(community: str, partitions: int) -> int:
    """Return the partition that carries all work of a community, from 0 to partitions - 1."""
    return crc32(community.encode()) % partitions


def hears_whole_family(service: str, kind: str) -> bool:
    """Return whether the service hears every fact of the kind's streams."""
    return f"{kind.split('.', 1)[0]}.#" in SUBSCRIPTIONS[service]


@cache
def topic_of(kind: str) -> str:
    """Return under what a kind travels, which is the end of the routing key.

    Kinds of a family that are heard by those alone who hear the whole family travel together, as
    `order.several.v1`; one that somebody hears by itself, under its own name.
    """
    family = kind.partition(".")[0]
    whole = [service for service in SUBSCRIPTIONS if hears_whole_family(service, kind)]
    return f"{family}.several.v1" if whole == [s for s in SUBSCRIPTIONS if hears(s, kind)] else kind


@cache
def hears(service: str, kind: str) -> bool:
    """Return whether a service hears a kind: its whole family, or just this one."""
    family, what, _ = kind.split(".", 2)
    return any(pattern in (f"{family}.#", f"{family}.{what}.*") for pattern in SUBSCRIPTIONS[service])
