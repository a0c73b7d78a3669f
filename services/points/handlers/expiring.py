"""Points expire by lot, after the community's term, and their owner is told a month before."""

from datetime import datetime

from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.points import PointsApproved, PointsExpired, PointsExpireSoon
from services.points.domain.accounts import BUDGET, EQUITY, EXPIRED, Account
from services.points.domain.lots import expired, total_points
from services.points.domain.posting import Posting
from services.points.domain.transfers import Cause, Transfer, id_of
from services.points.handlers.ledger import account, account_refs, post
from services.points.store.accounts import account_ref, transfer_ref

LAPSED = "核定期限已过，未发放的积分收回"
TERM_OVER = "积分到期"


def expire_lots(origin: Origin, name: str) -> Work[bool]:
    """Take from an account what has expired; what was not issued in its period goes back to equity.

    Answers whether anything had.
    """
    receiver = EQUITY if name == BUDGET else EXPIRED

    def decide(uow: UnitOfWork) -> bool:
        before = account(uow, name)
        gone = expired(before.all_lots, uow.at)
        if not gone:
            return False
        last = gone[-1].expires_at
        assert last is not None, "what never expires has not expired"
        posting = Posting(
            id_of(origin.community, f"{name}|{last.isoformat()}|{before.transfers}", "expiry"),
            "return" if name == BUDGET else "expiry",
            name,
            receiver,
            total_points(gone),
            LAPSED if name == BUDGET else TERM_OVER,
            Cause("lot", last.isoformat()),
            actor=origin.actor.subject,
            takes=gone,
        )
        transfer = post(uow, posting)
        ref = transfer_ref(origin.community, transfer.id)
        uow.announce(ref, _fact(account(uow, name), transfer))
        return True

    return Work(origin, account_refs(origin.community, name, receiver), decide)


def _fact(after: Account, transfer: Transfer) -> PointsApproved | PointsExpired:
    if after.id == BUDGET:
        return PointsApproved(
            transfer=transfer.id,
            amount_points=-transfer.amount_points,
            budget_points=after.balance_points,
            because=transfer.because,
            line=transfer.debit_line,
            seal=transfer.debit_seal,
        )
    return PointsExpired(
        transfer=transfer.id,
        partner=after.id,
        amount_points=-transfer.amount_points,
        balance_points=after.balance_points,
        because=transfer.because,
        line=transfer.debit_line,
        seal=transfer.debit_seal,
    )


def announce_expiry(origin: Origin, name: str) -> Work[bool]:
    """Tell a partner which points expire next; answers whether anything had to be told."""
    ref = account_ref(origin.community, name)

    def decide(uow: UnitOfWork) -> bool:
        before = uow.find(ref)
        if before is None or not _is_due(before.announce_at, uow.at) or before.expires_at is None:
            return False
        uow.put(ref, before.announced())
        first = before.all_lots[0]
        fact = PointsExpireSoon(partner=name, amount_points=first.points, at=before.expires_at)
        uow.announce(ref, fact)
        return True

    return Work(origin, (ref,), decide)


def _is_due(when: datetime | None, at: datetime) -> bool:
    return when is not None and when <= at
