"""An alarm: somebody is in danger now, and one after the other is told until somebody has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.contracts.refusal import Conflict
from services.contracts.values import replace

STEPS_MAX = 24
"""So often it is told: two hours at five minutes each. It stands first in every list all the while."""
NOW, PERHAPS, NOT_PRESSING = 2, 1, 0
"""How far a demand stands before others until somebody has it."""


class NoAlarm(Conflict):
    """Nobody is in danger, as far as anybody has said."""

    slug = "no_alarm"
    title = "这条诉求没有紧急情况"


class AlarmTaken(Conflict):
    """Somebody else has it."""

    slug = "alarm_taken"
    title = "已经有人在处理了"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One danger of one demand.

    Arguments:
        kind: of the danger.
        raised_at: when it was told first.
        told: subjects who have been told, besides the staff.
        step: how often it has been told.
        taken_by: who has it; empty: nobody yet.
        because: how it ended, where nobody had to come.
    """

    kind: str
    raised_at: datetime
    told: tuple[str, ...] = ()
    step: int = 0
    taken_by: str = ""
    taken_at: datetime | None = None
    because: str = ""

    @property
    def is_open(self) -> bool:
        """Return whether nobody has said yet that they have it."""
        return self.taken_at is None


def first_told(duty: Sequence[str], of_the_compound: Sequence[str]) -> tuple[str, ...]:
    """Return who is told at once besides the staff: the compound's grid workers, and the first on duty."""
    return tuple(dict.fromkeys((*of_the_compound, *duty[:1])))


def next_told(alarm: Alarm, duty: Sequence[str]) -> tuple[str, ...]:
    """Return who is told next: the next on duty, and everybody again once all of them have been told."""
    ahead = [subject for subject in duty if subject not in alarm.told]
    return tuple(ahead[:1]) or tuple(duty)


def told_again(alarm: Alarm, to: Sequence[str]) -> Alarm:
    """Return the alarm after it was told once more."""
    return replace(alarm, told=tuple(dict.fromkeys((*alarm.told, *to))), step=alarm.step + 1)


def due_after(alarm: Alarm, at: datetime, minutes: int) -> datetime | None:
    """Return when it is told again; None when somebody has it, or it has been told often enough."""
    if not alarm.is_open or alarm.step >= STEPS_MAX:
        return None
    return at + timedelta(minutes=minutes)


def taken(alarm: Alarm, by: str, at: datetime, because: str = "") -> Alarm:
    """Return the alarm that somebody has, or that turned out to be none."""
    return replace(alarm, taken_by=by, taken_at=at, because=because)
