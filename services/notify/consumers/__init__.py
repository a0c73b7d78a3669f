"""What notify hears: everything it has a text for, and who follows a demand."""

from collections.abc import Mapping
from types import MappingProxyType

from services.chassis.streams import EffectOf, Positions
from services.contracts.demands import (
    DemandAlarmed,
    DemandEndorsed,
    DemandJoined,
    DemandOptedOut,
    DemandParted,
)
from services.notify.domain.texts import TEXTS
from services.notify.handlers.tellings import Notifier

POSITIONS = Positions(recognised=frozenset({"order", "issue", "points", "room"}))
"""Who follows a demand depends on what was heard before; that the others were told, their notices show."""


def consumes(notifier: Notifier) -> Mapping[str, EffectOf]:
    """Return kind of event → what notify does about it."""
    followed = {
        DemandEndorsed.kind: notifier.tell_and_follow,
        DemandJoined.kind: notifier.tell_and_follow,
        DemandParted.kind: notifier.tell_and_let_go,
        DemandOptedOut.kind: notifier.tell_and_let_go,
        DemandAlarmed.kind: notifier.tell_and_cry,
    }
    once = (kind for kind in TEXTS if kind.partition(".")[0] in POSITIONS.recognised)
    plain = {**dict.fromkeys(TEXTS, notifier.tell), **dict.fromkeys(once, notifier.tell_once)}
    return MappingProxyType({**plain, **followed})
