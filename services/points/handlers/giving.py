"""Give-back: points go to a cause's account and are spent for it; services are promised and delivered."""

from collections.abc import Sequence
from typing import Any

from services.chassis.documents import Ref, Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.points import CauseSpent, PointsPledged, ServiceDelivered, ServicePledged
from services.contracts.refusal import NotFound
from services.contracts.values import replace
from services.language.masks import masked
from services.points.domain.accounts import REDEEMED, kind_of
from services.points.domain.claims import PointsOwed
from services.points.domain.giving import Giver, GoodCause, Pledge
from services.points.domain.posting import Posting
from services.points.domain.transfers import Cause, Transfer, id_of
from services.points.handlers.ledger import account_refs, post
from services.points.handlers.rules import rule_refs, rules_of
from services.points.store.accounts import account_ref, transfer_ref
from services.points.store.giving import cause_ref, giver_ref, pledge_ref
from services.points.store.rules import rule_ref


def found_cause(origin: Origin, cause: GoodCause) -> Work[Versioned[GoodCause]]:
    """Let there be a good cause.

    The work raises NotFound where there is no such community.
    """
    ref = cause_ref(origin.community, cause.id)

    def decide(uow: UnitOfWork) -> Versioned[GoodCause]:
        uow.get(rule_ref(origin.community), NotFound())
        title, about = masked(cause.title), masked(cause.about)
        uow.put(ref, replace(cause, title=title, about=about, created_at=uow.at))
        return uow.versioned(ref)

    return Work(origin, (ref, rule_ref(origin.community)), decide)


def close_cause(origin: Origin, cause: str) -> Work[Versioned[GoodCause]]:
    """Take no more pledges; what stands on its account can still be spent for it.

    The work raises NotFound, CauseClosed.
    """
    ref = cause_ref(origin.community, cause)

    def decide(uow: UnitOfWork) -> Versioned[GoodCause]:
        uow.put(ref, uow.get(ref, NotFound()).closed(uow.at))
        return uow.versioned(ref)

    return Work(origin, (ref,), decide)


def pledge(origin: Origin, given: Pledge) -> Work[Versioned[Pledge]]:
    """Give points to a cause at once, or promise it a service.

    The work raises PledgeNothing, CauseClosed, InsufficientPoints, PointsOwed; NotFound where there is no
    such cause, or passbook.
    """
    ref, at = pledge_ref(origin.community, given.id), cause_ref(origin.community, given.cause)
    giver = giver_ref(origin.community, given.partner)
    transfer = transfer_ref(origin.community, id_of(origin.community, given.id, "pledge"))

    def accounts(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        cause = uow.find(at)
        return account_refs(origin.community, given.partner, cause.account) if cause is not None else ()

    def decide(uow: UnitOfWork) -> Versioned[Pledge]:
        uow.get(rule_ref(origin.community), NotFound())
        cause = uow.get(at, NotFound())
        cause.must_take()
        made = replace(given, service=masked(given.service), at=uow.at)
        made.must_be_something()
        must_be_giver(uow, given.partner)
        uow.put(at, cause.given(made))
        uow.put(ref, made)
        uow.put(giver, (uow.find(giver) or Giver()).given(made))
        if made.amount_points:
            _give(uow, made, cause, transfer.id)
        else:
            words = {"pledge": made.id, "cause": cause.id, "title": cause.title, "partner": made.partner}
            name = _name(uow, made.partner)
            uow.announce(ref, ServicePledged(**words, name=name, service=made.service))
        return uow.versioned(ref)

    reads: tuple[Ref[Any], ...] = (ref, at, giver, transfer, *rule_refs(origin.community))
    return Work(origin, reads, decide, accounts)


def _name(uow: UnitOfWork, partner: str) -> str:
    found = rules_of(uow).partner(partner)
    return found.name if found else partner


def must_be_giver(uow: UnitOfWork, partner: str) -> None:
    """Make sure that somebody is a partner: the file names it, or it has a passbook.

    Raises:
        NotFound
    """
    account_at = account_ref(uow.origin.community, partner)
    has_passbook = kind_of(partner) == "passbook" and uow.find(account_at) is not None
    if not has_passbook and rules_of(uow).partner(partner) is None:
        raise NotFound


def _give(uow: UnitOfWork, made: Pledge, cause: GoodCause, transfer: str) -> None:
    holder = uow.get(account_ref(uow.origin.community, made.partner), NotFound())
    if holder.owed_points and made.amount_points > holder.balance_points - holder.owed_points:
        raise PointsOwed(owed_points=holder.owed_points, balance_points=holder.balance_points)
    posting = Posting(
        transfer,
        "pledge",
        made.partner,
        cause.account,
        made.amount_points,
        f"捐给“{cause.title}”",
        Cause("pledge", made.id),
        actor=uow.origin.actor.subject,
    )
    done = post(uow, posting)
    fact = PointsPledged(
        transfer=done.id,
        partner=made.partner,
        amount_points=-made.amount_points,
        balance_points=done.debit_balance_points,
        because=done.because,
        line=done.debit_line,
        seal=done.debit_seal,
        cause=cause.id,
        title=cause.title,
    )
    uow.announce(transfer_ref(uow.origin.community, done.id), fact)


def pledge_refs(community: str, pledged: Pledge) -> tuple[Ref[Any], ...]:
    """Return where the cause and the giver of a pledge are kept."""
    return cause_ref(community, pledged.cause), giver_ref(community, pledged.partner)


def take_pledge_back(uow: UnitOfWork, pledged: Pledge) -> None:
    """Count a pledge no longer whose points went back; the unit of work has read `pledge_refs`."""
    cause, giver = pledge_refs(uow.origin.community, pledged)
    uow.put(pledge_ref(uow.origin.community, pledged.id), replace(pledged, taken_back_at=uow.at))
    if (found := uow.find(cause)) is not None:
        uow.put(cause, found.given(pledged, taken_back=True))
    if (gave := uow.find(giver)) is not None:
        uow.put(giver, gave.given(pledged, taken_back=True))


def choose_to_be_shown(origin: Origin, partner: str, *, shown: bool) -> Work[Giver]:
    """Note whether a partner wants to stand on the public board.

    The work raises NotFound where it is no partner.
    """
    ref, at = giver_ref(origin.community, partner), account_ref(origin.community, partner)

    def decide(uow: UnitOfWork) -> Giver:
        uow.get(rule_ref(origin.community), NotFound())
        must_be_giver(uow, partner)
        after = replace(uow.find(ref) or Giver(), hidden=not shown)
        uow.put(ref, after)
        return after

    return Work(origin, (ref, at, *rule_refs(origin.community)), decide)


def deliver(origin: Origin, pledged: str) -> Work[Versioned[Pledge]]:
    """Note that a service was done that had been promised.

    The work raises NotFound, PledgeDelivered.
    """
    ref = pledge_ref(origin.community, pledged)

    def cause_of(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        found = uow.find(ref)
        return pledge_refs(origin.community, found) if found is not None else ()

    def decide(uow: UnitOfWork) -> Versioned[Pledge]:
        done = uow.get(ref, NotFound()).delivered(uow.at)
        at = cause_ref(origin.community, done.cause)
        cause = uow.get(at, NotFound())
        uow.put(ref, done)
        uow.put(at, replace(cause, delivered=cause.delivered + 1))
        giver = giver_ref(origin.community, done.partner)
        before = uow.find(giver) or Giver()
        uow.put(giver, replace(before, delivered=before.delivered + 1))
        words = {"pledge": done.id, "cause": cause.id, "title": cause.title, "partner": done.partner}
        uow.announce(ref, ServiceDelivered(**words, service=done.service))
        return uow.versioned(ref)

    return Work(origin, (ref,), decide, cause_of)


def spend(
    origin: Origin, cause: str, spending: str, amount_points: int, because: str
) -> Work[Versioned[Transfer]]:
    """Use points of a cause for what they were given for.

    Arguments:
        spending: id of what they are used for.

    The work raises NotFound, InsufficientPoints.
    """
    at = cause_ref(origin.community, cause)
    ref = transfer_ref(origin.community, id_of(origin.community, spending, "spending"))

    def accounts(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        found = uow.find(at)
        return account_refs(origin.community, found.account, REDEEMED) if found is not None else ()

    def decide(uow: UnitOfWork) -> Versioned[Transfer]:
        found = uow.get(at, NotFound())
        posting = Posting(
            ref.id,
            "spending",
            found.account,
            REDEEMED,
            amount_points,
            because,
            Cause("pledge", found.id),
            actor=origin.actor.subject,
        )
        done = post(uow, posting)
        uow.put(at, found.spent(amount_points))
        fact = CauseSpent(
            transfer=done.id,
            cause=found.id,
            title=found.title,
            amount_points=amount_points,
            balance_points=done.debit_balance_points,
            because=done.because,
            line=done.number,
            seal=done.debit_seal,
        )
        uow.announce(ref, fact)
        return uow.versioned(ref)

    return Work(origin, (at, ref), decide, accounts)
