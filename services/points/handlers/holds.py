"""Points set aside: placed, then captured, released or expired, once: the database decides which."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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

    The work raises NotAnAmount, InsufficientPoints, HoldTooShort; NotFound where nobody has such a passbook.
    """
    ref = hold_ref(origin.community, setting.hold)
    placed_by = id_of(origin.community, setting.hold, "placed")
    reads = (ref, transfer_ref(origin.community, placed_by))

    def decide(uow: UnitOfWork) -> Versioned[Hold]:
        if uow.find(ref) is not None:
            return uow.versioned(ref)
        if kind_of(setting.account) != "passbook":
            raise NotFound
        holder = uow.get(account_ref(origin.community, setting.account), NotFound())
        if holder.owed_points and setting.amount_points > holder.balance_points - holder.owed_points:
            raise PointsOwed(owed_points=holder.owed_points, balance_points=holder.balance_points)
        if setting.until <= uow.at:
            raise HoldTooShort(until=setting.until.isoformat())
        posting = Posting(
            placed_by,
            "hold",
            setting.account,
            ESCROW,
            setting.amount_points,
            setting.because,
            setting.cause,
            actor=origin.actor.subject,
            until=in_milliseconds(setting.until),
        )
        _placed(uow, setting, post(uow, posting))
        return uow.versioned(ref)

    return Work(origin, (*reads, *account_refs(origin.community, setting.account, ESCROW)), decide)


def _placed(uow: UnitOfWork, setting: HoldRequest, transfer: Transfer) -> None:
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


def capture_hold(origin: Origin, hold: str, because: str = "") -> Work[Versioned[Hold]]:
    """Spend what was set aside."""
    return _resolve(origin, hold, "captured", "capture", because)


def release_hold(origin: Origin, hold: str, because: str = "") -> Work[Versioned[Hold]]:
    """Give back what was set aside, the very lots that were taken."""
    return _resolve(origin, hold, "released", "release", because)


def expire_hold(origin: Origin, hold: str) -> Work[bool]:
    """Give back what was set aside once its time is over; answers whether it was."""
    ref = hold_ref(origin.community, hold)
    work = _resolve(origin, hold, "expired", "release", "冻结到期，积分退回")

    def decide(uow: UnitOfWork) -> bool:
        kept = uow.find(ref)
        if kept is None or kept.due_at is None or kept.due_at > uow.at:
            return False
        work.decide(uow)
        return True

    return Work(work.origin, work.reads, decide, work.more_reads)


def _resolve(
    origin: Origin, hold: str, state: HoldState, kind: TransferKind, because: str
) -> Work[Versioned[Hold]]:
    ref = hold_ref(origin.community, hold)
    transfer = transfer_ref(origin.community, id_of(origin.community, hold, RESOLVED))

    def owner(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        kept = uow.find(ref)
        return account_refs(origin.community, kept.account) if kept is not None else ()

    def decide(uow: UnitOfWork) -> Versioned[Hold]:
        before = uow.get(ref, NotFound())
        after = before.resolved(state, uow.at)
        receiver = REDEEMED if kind == "capture" else before.account
        posting = Posting(
            transfer.id,
            kind,
            ESCROW,
            receiver,
            before.amount_points,
            because or before.because,
            Cause("hold", before.id),
            actor=origin.actor.subject,
            gives=before.lots,
        )
        done = post(uow, posting)
        uow.put(ref, after)
        uow.announce(ref, _fact(after, done))
        return uow.versioned(ref)

    reads: tuple[Ref[Any], ...] = (ref, transfer, *account_refs(origin.community, ESCROW, REDEEMED))
    return Work(origin, reads, decide, owner)


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
