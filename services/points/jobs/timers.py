"""Background job: holds whose time is over, points that expire, bookings that move on by themselves."""

from services.chassis.due import DueStep
from services.contracts.words import Actor, Role
from services.points.handlers.expiring import announce_expiry, expire_lots
from services.points.handlers.redemptions import expire_hold_of, look_at_offer
from services.points.handlers.room_use import move_on
from services.points.handlers.taking_back import settle_claim
from services.points.store.accounts import ACCOUNTS, ANNOUNCE, EXPIRES, HOLD_DUE, HOLDS
from services.points.store.rooms import BOOKING_DUE, BOOKINGS
from services.points.store.services import CLAIM_DUE, CLAIMS
from services.points.store.shop import LOOK_AT, OFFERS

BY_ITSELF = Actor(subject="points", role=Role.OPERATOR)
"""In whose name the bank acts: nobody of the community."""
DUE = (
    DueStep(HOLDS, HOLD_DUE, expire_hold_of),
    DueStep(OFFERS, LOOK_AT, look_at_offer),
    DueStep(ACCOUNTS, ANNOUNCE, announce_expiry),
    DueStep(ACCOUNTS, EXPIRES, expire_lots),
    DueStep(CLAIMS, CLAIM_DUE, settle_claim),
    DueStep(BOOKINGS, BOOKING_DUE, move_on),
)
