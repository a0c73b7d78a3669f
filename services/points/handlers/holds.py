"""Points set aside: placed, then captured, released or expired, once: the database decides which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from services.chassis.documents import Ref, Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.points import PointsCaptured, PointsHeld, PointsReleased
from services.contracts.refusal import NotFound
from services.points.domain.accounts import ESCROW, REDEEMED, kind_of
from services.points.domain.claims import PointsOwed
from services.points.domain.holds import Hold, HoldState, HoldTooShort
from services.points.domain.posting import Posting, in_milliseconds
from services.points.domain.transfers import Cause, Transfer, TransferKind, id_of
from services.points.handlers.ledger import account_refs, post
from services.points.store.accounts import account_ref, hold_ref, transfer_ref

RESOLVED = "resolved"
"""A hold is resolved by one transfer, whose id says so: the second finds the first."""
HOLD_OVER = "冻结到期，积分退回"
_RESOLVING: Mapping[HoldState, TransferKind] = MappingProxyType(
    {"captured": "capture", "released": "release", "expired": "release"}
)
"""State of a hold → kind of the transfer that resolves it."""


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """What is to be set aside.

    Arguments:
        hold: its id: of its cause.
        until: when it goes back by itself.
    """

    hold: str
    account: str
    amount_points: int
    because: str
    cause: Cause
    until: datetime


def place_hold(origin: Origin, setting: HoldRequest) -> Work[Versioned[Hold]]:
    """Set points aside; the same again is the hold that is there.

    The work raises what `set_aside` does.
    """
    ref = hold_ref(origin.community, setting.hold)

    def decide(uow: UnitOfWork) -> Versioned[Hold]:
        if uow.find(ref) is None:
            set_aside(uow, setting)
        return uow.versioned(ref)

    return Work(origin, hold_refs(origin.community, setting.hold, setting.account), decide)


def hold_refs(community: str, hold: str, account: str) -> tuple[Ref[Any], ...]:
    """Return what is read before points are set aside."""
    placed_by = transfer_ref(community, id_of(community, hold, "placed"))
    return (hold_ref(community, hold), placed_by, *account_refs(community, account, ESCROW))


def set_aside(uow: UnitOfWork, setting: HoldRequest) -> Hold:
    """Set points aside for something; the unit of work has read `hold_refs`, and there is no such hold yet.

    Raises:
        NotAnAmount, InsufficientPoints, PointsOwed, HoldTooShort; NotFound where nobody has such a passbook.
    """
    community = uow.origin.community
    if kind_of(setting.account) != "passbook":
        raise NotFound
    holder = uow.get(account_ref(community, setting.account), NotFound())
    if holder.owed_points and setting.amount_points > holder.balance_points - holder.owed_points:
        raise PointsOwed(owed_points=holder.owed_points, balance_points=holder.balance_points)
    if setting.until <= uow.at:
        raise HoldTooShort(until=setting.until.isoformat())
    posting = Posting(
        id_of(community, setting.hold, "placed"),
        "hold",
        setting.account,
        ESCROW,
        setting.amount_points,
        setting.because,
        setting.cause,
        actor=uow.origin.actor.subject,
        until=in_milliseconds(setting.until),
    )
    return _placed(uow, setting, post(uow, posting))


def _placed(uow: UnitOfWork, setting: HoldRequest, transfer: Transfer) -> Hold:
    ref = hold_ref(uow.origin.community, setting.hold)
    hold = Hold(
        setting.hold,
        setting.account,
        setting.amount_points,
        transfer.lots,
        transfer.because,
        setting.cause,
        transfer.id,
        uow.at,
        transfer.until,
        set_aside_by=uow.origin.actor.subject,
    )
    uow.put(ref, hold)
    fact = PointsHeld(
        transfer=transfer.id,
        partner=hold.account,
        amount_points=-hold.amount_points,
        balance_points=transfer.debit_balance_points,
        because=hold.because,
        line=transfer.debit_line,
        seal=transfer.debit_seal,
        hold=hold.id,
        until=transfer.until or setting.until,
    )
    uow.announce(ref, fact)
    return hold


def capture_hold(origin: Origin, hold: str, because: str = "") -> Work[Versioned[Hold]]:
    """Spend what was set aside."""
    return _resolve(origin, hold, "captured", because)


def release_hold(origin: Origin, hold: str, because: str = "") -> Work[Versioned[Hold]]:
    """Give back what was set aside, the very lots that were taken."""
    return _resolve(origin, hold, "released", because)


def expire_hold(origin: Origin, hold: str) -> Work[bool]:
    """Give back what was set aside once its time is over; answers whether it was."""
    ref = hold_ref(origin.community, hold)

    def decide(uow: UnitOfWork) -> bool:
        kept = uow.find(ref)
        if kept is None or kept.due_at is None or kept.due_at > uow.at:
            return False
        resolve(uow, hold, "expired", HOLD_OVER)
        return True

    return Work(origin, resolving_refs(origin.community, hold), decide, lambda uow: owner_refs(uow, hold))


def _resolve(origin: Origin, hold: str, state: HoldState, because: str) -> Work[Versioned[Hold]]:
    def decide(uow: UnitOfWork) -> Versioned[Hold]:
        resolve(uow, hold, state, because)
        return uow.versioned(hold_ref(origin.community, hold))

    return Work(origin, resolving_refs(origin.community, hold), decide, lambda uow: owner_refs(uow, hold))


def resolving_refs(community: str, hold: str) -> tuple[Ref[Any], ...]:
    """Return what is read before a hold is resolved; `owner_refs` are known once that is loaded."""
    transfer = transfer_ref(community, id_of(community, hold, RESOLVED))
    return (hold_ref(community, hold), transfer, *account_refs(community, ESCROW, REDEEMED))


def owner_refs(uow: UnitOfWork, hold: str) -> Sequence[Ref[Any]]:
    """Return the account that a hold's points are from."""
    kept = uow.find(hold_ref(uow.origin.community, hold))
    return account_refs(uow.origin.community, kept.account) if kept is not None else ()


def resolve(uow: UnitOfWork, hold: str, state: HoldState, because: str = "") -> Hold:
    """Resolve a hold; the unit of work has read `resolving_refs` and `owner_refs`.

    Raises:
        HoldResolved, HoldExpired; NotFound where there is none.
    """
    community, kind = uow.origin.community, _RESOLVING[state]
    ref = hold_ref(community, hold)
    before = uow.get(ref, NotFound())
    after = before.resolved(state, uow.at)
    posting = Posting(
        id_of(community, hold, RESOLVED),
        kind,
        ESCROW,
        REDEEMED if kind == "capture" else before.account,
        before.amount_points,
        because or before.because,
        Cause("hold", before.id),
        actor=uow.origin.actor.subject,
        gives=before.lots,
    )
    done = post(uow, posting)
    uow.put(ref, after)
    uow.announce(ref, _fact(after, done))
    return after


def _fact(hold: Hold, transfer: Transfer) -> PointsCaptured | PointsReleased:
    if hold.state == "captured":
        return PointsCaptured(
            transfer=transfer.id,
            partner=hold.account,
            hold=hold.id,
            amount_points=hold.amount_points,
            because=transfer.because,
            line=transfer.debit_line,
            seal=transfer.debit_seal,
        )
    return PointsReleased(
        transfer=transfer.id,
        partner=hold.account,
        amount_points=hold.amount_points,
        balance_points=transfer.credit_balance_points,
        because=transfer.because,
        line=transfer.credit_line,
        seal=transfer.chained,
        hold=hold.id,
        expired=hold.state == "expired",
    )
