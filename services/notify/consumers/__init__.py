"""What notify hears: everything it has a text for, and who follows a demand."""

from collections.abc import Mapping
from types import MappingProxyType

from services.chassis.streams import EffectOf
from services.contracts.demands import (
    DemandAlarmed,
    DemandEndorsed,
    DemandJoined,
    DemandOptedOut,
    DemandParted,
)
from services.notify.domain.texts import TEXTS
from services.notify.handlers.tellings import Notifier


def consumes(notifier: Notifier) -> Mapping[str, EffectOf]:
    """Return kind of event → what notify does about it."""
    followed = {
        DemandEndorsed.kind: notifier.tell_and_follow,
        DemandJoined.kind: notifier.tell_and_follow,
        DemandParted.kind: notifier.tell_and_let_go,
        DemandOptedOut.kind: notifier.tell_and_let_go,
        DemandAlarmed.kind: notifier.tell_and_cry,
    }
    return MappingProxyType({**dict.fromkeys(TEXTS, notifier.tell), **followed})
