"""Background job: holds whose time is over, points that expire, bookings that move on by themselves."""

from services.chassis.due import DueStep
from services.contracts.words import Actor, Role
from services.points.handlers.expiring import announce_expiry, expire_lots
from services.points.handlers.holds import expire_hold
from services.points.handlers.room_use import move_on
from services.points.store.accounts import ACCOUNTS, ANNOUNCE, EXPIRES, HOLD_DUE, HOLDS
from services.points.store.rooms import BOOKING_DUE, BOOKINGS

BY_ITSELF = Actor(subject="points", role=Role.OPERATOR)
"""In whose name the bank acts: nobody of the community."""
DUE = (
    DueStep(HOLDS, HOLD_DUE, expire_hold),
    DueStep(ACCOUNTS, ANNOUNCE, announce_expiry),
    DueStep(ACCOUNTS, EXPIRES, expire_lots),
    DueStep(BOOKINGS, BOOKING_DUE, move_on),
)
