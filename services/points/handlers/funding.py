"""What a community approves to be issued: from equity to the issuing account, or back."""

from services.chassis.documents import Ref, Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.points import PointsApproved
from services.contracts.values import replace
from services.points.domain.accounts import BUDGET, EQUITY
from services.points.domain.approvals import (
    BY_FILE,
    PERIODS_MAX,
    Approval,
    ApprovalOver,
    TooManyPeriods,
    opening,
    opening_id,
)
from services.points.domain.lots import Lot
from services.points.domain.posting import Posting, in_milliseconds
from services.points.domain.transfers import Cause, Transfer, TransferKind, id_of
from services.points.handlers.ledger import account, account_refs, post
from services.points.store.accounts import account_ref, transfer_ref


def approve(origin: Origin, approval: Approval) -> Work[Versioned[Transfer]]:
    """Let points be issued that the community has approved, once for each approval.

    The work raises ApprovalOver, and TooManyPeriods where the issuing account cannot keep them apart.
    """
    ref = transfer_ref(origin.community, id_of(origin.community, approval.id, "approval"))

    def decide(uow: UnitOfWork) -> Versioned[Transfer]:
        if uow.find(ref) is not None:
            return uow.versioned(ref)
        if approval.until is not None and approval.until <= uow.at:
            raise ApprovalOver(until=approval.until.isoformat())
        open_books(uow)
        if len(account(uow, BUDGET).all_lots) >= PERIODS_MAX:
            raise TooManyPeriods(most=PERIODS_MAX)
        _move(uow, "approval", approval, Cause("approval", approval.id))
        return uow.versioned(ref)

    return Work(origin, (ref, *account_refs(origin.community, EQUITY)), decide)


def fund_to(uow: UnitOfWork, approved_points: int, funded_points: int, because: str) -> int:
    """Bring what the community file has approved to what it says now; returns how much that is.

    The unit of work has read the issuing account and equity, and the books are open.

    Arguments:
        funded_points: by earlier files.
    """
    budget, funded = account(uow, BUDGET), funded_points
    cause = Cause("approval", uow.origin.cause or BY_FILE)
    approval = Approval(f"{cause.id}|{budget.transfers}", abs(approved_points - funded), because)
    if approved_points > funded:
        _move(uow, "approval", approval, cause)
        return approved_points
    less = min(approval.amount_points, budget.balance_points)
    if less:
        _move(uow, "return", replace(approval, amount_points=less), cause)
    return funded - less


def _move(uow: UnitOfWork, kind: TransferKind, approval: Approval, cause: Cause) -> Transfer:
    community = uow.origin.community
    debit, credit = (EQUITY, BUDGET) if kind == "approval" else (BUDGET, EQUITY)
    posting = Posting(
        id_of(community, approval.id, "approval"),
        kind,
        debit,
        credit,
        approval.amount_points,
        approval.because,
        cause,
        actor=uow.origin.actor.subject,
        gives=(Lot(approval.amount_points, in_milliseconds(approval.until) if approval.until else None),),
    )
    transfer = post(uow, posting)
    fact = PointsApproved(
        transfer=transfer.id,
        amount_points=approval.amount_points if kind == "approval" else -approval.amount_points,
        budget_points=account(uow, BUDGET).balance_points,
        because=approval.because,
        line=transfer.number,
        seal=transfer.chained if kind == "approval" else transfer.debit_seal,
    )
    uow.announce(transfer_ref(community, transfer.id), fact)
    return transfer


def opening_ref(community: str) -> Ref[Transfer]:
    """Return where the transfer is kept by which a community's books were opened."""
    return transfer_ref(community, opening_id(community))


def open_books(uow: UnitOfWork) -> None:
    """Enter what an earlier release wrote to the issuing account without a transfer, once.

    It set what was approved on the account itself; of that, equity has not given anything yet.
    """
    budget, equity = account(uow, BUDGET), account(uow, EQUITY)
    if equity.transfers or not budget.credited_points:
        return
    community = uow.origin.community
    opened = opening(budget, community, uow.at)
    for name, after in opened.accounts.items():
        uow.put(account_ref(community, name), after)
    uow.put(transfer_ref(community, opened.transfer.id), opened.transfer)
