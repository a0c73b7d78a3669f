"""A correction is a reversal (冲正): another transfer that takes back the wrong one. Nothing is edited."""

from collections.abc import Sequence
from typing import Any

from services.chassis.documents import Ref, Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.points import PointsReversed
from services.contracts.refusal import NotFound
from services.points.domain.accounts import EQUITY
from services.points.domain.posting import Posting
from services.points.domain.transfers import (
    REVERSIBLE,
    AlreadyReversed,
    Cause,
    NotReversible,
    Transfer,
    given_back,
    id_of,
)
from services.points.handlers.days_earned import count_no_longer, counted_refs
from services.points.handlers.funding import open_books
from services.points.handlers.giving import pledge_refs, take_pledge_back
from services.points.handlers.ledger import account, account_refs, post
from services.points.store.accounts import transfer_ref
from services.points.store.giving import pledge_ref


def reverse_transfer(origin: Origin, wrong: str, reason: str) -> Work[Versioned[Transfer]]:
    """Take a transfer back by another, once; its partner must still have the points.

    The work raises NotFound, NotReversible, AlreadyReversed, InsufficientPoints.
    """
    ref = transfer_ref(origin.community, wrong)
    back = reversal_ref(origin.community, wrong)

    def more(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        kept = uow.find(ref)
        if kept is None:
            return ()
        accounts = account_refs(origin.community, kept.debit, kept.credit)
        if kept.kind != "pledge":
            return (*accounts, *counted_refs(uow, kept.id))
        at = pledge_ref(origin.community, kept.origin.id)
        given = uow.find(at) if uow.is_loaded(at) else None
        return (*accounts, at, *(pledge_refs(origin.community, given) if given is not None else ()))

    def decide(uow: UnitOfWork) -> Versioned[Transfer]:
        kept = uow.get(ref, NotFound())
        if kept.kind not in REVERSIBLE or not kept.posted:
            raise NotReversible(kind=kept.kind)
        if uow.find(back) is not None:
            raise AlreadyReversed
        open_books(uow)
        reverse(uow, kept, f"冲正：{reason}")
        if kept.kind == "award":
            count_no_longer(uow, kept.id)
        if kept.kind == "pledge":
            take_pledge_back(uow, uow.get(pledge_ref(origin.community, kept.origin.id), NotFound()))
        return uow.versioned(back)

    return Work(origin, (ref, back, *account_refs(origin.community, EQUITY)), decide, more)


def reversal_ref(community: str, wrong: str) -> Ref[Transfer]:
    """Return where the transfer is kept that takes another back, if one did."""
    return transfer_ref(community, id_of(community, wrong, "reversal"))


def reverse(uow: UnitOfWork, wrong: Transfer, because: str) -> None:
    """Take a transfer back; the unit of work has read its accounts, and that nothing has taken it back yet.

    Raises:
        InsufficientPoints: the points are spent.
    """
    back = reversal_ref(uow.origin.community, wrong.id)
    posting = Posting(
        back.id,
        "reversal",
        wrong.credit,
        wrong.debit,
        wrong.amount_points,
        because,
        Cause("correction", wrong.id),
        actor=uow.origin.actor.subject,
        gives=given_back(wrong, uow.at),
    )
    transfer = post(uow, posting)
    uow.announce(back, _fact(uow, wrong, transfer))


def _fact(uow: UnitOfWork, wrong: Transfer, transfer: Transfer) -> PointsReversed:
    is_award = wrong.kind == "award"
    partner = wrong.credit if is_award else wrong.debit
    return PointsReversed(
        transfer=transfer.id,
        partner=partner,
        amount_points=-transfer.amount_points if is_award else transfer.amount_points,
        balance_points=account(uow, partner).balance_points,
        because=transfer.because,
        line=transfer.debit_line if is_award else transfer.credit_line,
        seal=transfer.debit_seal if is_award else transfer.chained,
        reversed=wrong.id,
    )
