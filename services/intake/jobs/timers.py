"""Background job: looks for alarms that nobody has taken in time, and for what was done and not rated."""

from services.chassis.due import DueStep
from services.contracts.ids import DemandId
from services.contracts.words import Actor, Role
from services.intake.handlers.alarms import sound_again
from services.intake.handlers.ratings import rating_is_due
from services.intake.store.demands import ALARM, DEMANDS, RATING

BY_ITSELF = Actor(subject="watchman", role=Role.OPERATOR)
"""In whose name a time acts: nobody of the community. The subject stands in events, so it stays."""
DUE = (
    DueStep(DEMANDS, ALARM, lambda origin, demand: sound_again(origin, DemandId(demand))),
    DueStep(DEMANDS, RATING, lambda origin, demand: rating_is_due(origin, DemandId(demand))),
)
