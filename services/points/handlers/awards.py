"""What partners earn is posted, or waits for a budget and is paid in order."""

from collections.abc import Sequence
from typing import Any

from services.chassis.documents import Ref, Versioned
from services.chassis.streams import REPEATED, Repeated
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.points import PointsDropped, PointsPosted, PointsWithheld
from services.contracts.refusal import NotFound
from services.contracts.values import replace
from services.language.masks import masked
from services.points.domain.accounts import BUDGET
from services.points.domain.lots import Lot
from services.points.domain.posting import AMOUNT_MAX, NotAnAmount, Posting
from services.points.domain.rules import expiry
from services.points.domain.transfers import Transfer, id_of
from services.points.domain.waiting import Award, Waiting, WaitingAward, digest_of
from services.points.handlers.days_earned import count_no_longer, counted_refs
from services.points.handlers.ledger import account, account_refs, post
from services.points.handlers.rules import rule_refs, rules_of
from services.points.store.accounts import transfer_ref, waiting_award_ref, waiting_ref
from services.points.store.rules import rule_ref

SETTLED = "order.settled"
"""Of what an order earns, in the id of its award; and the rule's name in earlier releases."""


def pay_or_wait(origin: Origin, award: Award) -> Work[Repeated | None]:
    """Post what a partner has earned, once; where the budget does not cover it, it waits."""
    reads = award_reads(origin.community, award.id, award.partner)

    def decide(uow: UnitOfWork) -> Repeated | None:
        if is_known(uow, award.id):
            return REPEATED
        give(uow, award)
        return None

    return Work(origin, reads, decide)


def award_reads(community: str, award: str, partner: str) -> tuple[Ref[Any], ...]:
    """Return what is read before an award is given."""
    waiting = (waiting_award_ref(community, award), waiting_ref(community))
    return (transfer_ref(community, award), *waiting, *account_refs(community, partner))


def is_known(uow: UnitOfWork, award: str) -> bool:
    """Return whether an award was given, or waits, or did."""
    community = uow.origin.community
    transfer, waiting = transfer_ref(community, award), waiting_award_ref(community, award)
    return uow.find(transfer) is not None or uow.find(waiting) is not None


def give(uow: UnitOfWork, award: Award) -> None:
    """Pay from the budget; where it does not cover it, or others wait, the award waits behind them."""
    waiting = uow.find(waiting_ref(uow.origin.community)) or Waiting()
    if not waiting.awards and award.amount_points <= account(uow, BUDGET).balance_points:
        pay(uow, award, award.id)
        return
    if award.amount_points > AMOUNT_MAX:
        raise NotAnAmount(amount_points=award.amount_points)
    after = waiting.joined_by(award, uow.at)
    uow.put(waiting_ref(uow.origin.community), after)
    ref = waiting_award_ref(uow.origin.community, award.id)
    kept = WaitingAward(replace(award, because=masked(award.because)), after.numbered, uow.at)
    uow.put(ref, kept)
    uow.announce(ref, _withheld(kept))


def pay(uow: UnitOfWork, award: Award, transfer: str) -> Transfer:
    """Post an award.

    Arguments:
        transfer: id of the transfer.
    """
    paid = post(
        uow,
        Posting(
            transfer,
            "award",
            BUDGET,
            award.partner,
            award.amount_points,
            award.because,
            award.cause,
            award.order,
            award.rule,
            award.rule_version,
            uow.origin.actor.subject,
            gives=(Lot(award.amount_points, award.expires_at),),
        ),
    )
    fact = PointsPosted(
        transfer=paid.id,
        partner=award.partner,
        order=award.order,
        amount_points=award.amount_points,
        balance_points=paid.credit_balance_points,
        because=award.because,
        line=paid.credit_line,
        seal=paid.chained,
    )
    uow.announce(transfer_ref(uow.origin.community, paid.id), fact)
    return paid


def _withheld(kept: WaitingAward) -> PointsWithheld:
    award = kept.award
    return PointsWithheld(
        transfer=award.id,
        partner=award.partner,
        order=award.order,
        amount_points=award.amount_points,
        because=f"{award.because}；已批预算不足",
        line=kept.number,
        seal=digest_of(award),
    )


def pay_waiting(origin: Origin, awards: Sequence[str]) -> Work[int]:
    """Pay awards that wait, in order, as far as the budget goes; answers how many were paid.

    Arguments:
        awards: ids of the first that wait in the community, in order.
    """
    waiting = waiting_ref(origin.community)
    refs = {award: waiting_award_ref(origin.community, award) for award in awards}

    def accounts(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        found = [kept.award for ref in refs.values() if (kept := uow.find(ref)) is not None]
        transfers = [transfer_ref(origin.community, award.id) for award in found]
        return (*transfers, *account_refs(origin.community, *(award.partner for award in found)))

    def decide(uow: UnitOfWork) -> int:
        paid = 0
        found = [(ref, kept) for ref in refs.values() if (kept := uow.find(ref)) is not None]
        for ref, kept in sorted(found, key=lambda one: one[1].number):
            if kept.waits_since is None:
                continue
            transfer, is_paid = _transfer_of(uow, kept.award)
            if not is_paid:
                if kept.award.amount_points > account(uow, BUDGET).balance_points:
                    break
                pay(uow, _from_now(uow, kept.award), transfer)
            uow.put(ref, kept.paid(transfer))
            uow.put(waiting, (uow.find(waiting) or Waiting()).left_by(kept.award))
            paid += 1
        return paid

    reads = (waiting, *rule_refs(origin.community), *refs.values())
    return Work(origin, reads, decide, accounts)


def _from_now(uow: UnitOfWork, award: Award) -> Award:
    """Return an award whose term begins when it is paid: nobody loses points by the wait."""
    if award.expires_at is None or uow.find(rule_ref(uow.origin.community)) is None:
        return award
    rules = rules_of(uow)
    later = expiry(uow.at, rules.term_at(uow.at), rules.zone)
    return replace(award, expires_at=later if later is None else max(award.expires_at, later))


def _transfer_of(uow: UnitOfWork, award: Award) -> tuple[str, bool]:
    """Return the id of the transfer that pays an award, and whether it did: its own, or another one's.

    An earlier release kept what it withheld under the award's own id; beside this one it may have paid it.
    """
    kept = uow.find(transfer_ref(uow.origin.community, award.id))
    if kept is None or kept.posted:
        return award.id, kept is not None
    return id_of(uow.origin.community, award.id, "late"), False


def take_up_withheld(origin: Origin, withheld: str) -> Work[bool]:
    """Let what an earlier release withheld wait with the others; answers whether it did not yet.

    Arguments:
        withheld: id of the transfer that it kept, which was not posted.
    """
    kept_at, ref = transfer_ref(origin.community, withheld), waiting_award_ref(origin.community, withheld)
    waiting = waiting_ref(origin.community)

    def decide(uow: UnitOfWork) -> bool:
        kept = uow.find(kept_at)
        if kept is None or kept.posted or uow.find(ref) is not None:
            return False
        award = Award(
            kept.id, kept.credit, kept.amount_points, kept.because, kept.origin, kept.order, SETTLED, 0
        )
        after = (uow.find(waiting) or Waiting()).joined_by(award, uow.at)
        uow.put(waiting, after)
        uow.put(ref, WaitingAward(award, after.numbered, uow.at))
        return True

    return Work(origin, (kept_at, ref, waiting), decide)


def drop_waiting(origin: Origin, award: str, because: str) -> Work[Versioned[WaitingAward]]:
    """Give an award up that waits.

    The work raises NotFound, NotWaiting.
    """
    ref = waiting_award_ref(origin.community, award)

    def decide(uow: UnitOfWork) -> Versioned[WaitingAward]:
        uow.get(ref, NotFound())
        drop(uow, award, because)
        count_no_longer(uow, award)
        return uow.versioned(ref)

    reads: tuple[Ref[Any], ...] = (ref, waiting_ref(origin.community))
    return Work(origin, reads, decide, lambda uow: counted_refs(uow, award))


def drop(uow: UnitOfWork, award: str, because: str) -> None:
    """Give up an award that waits; the unit of work has read it, and how many wait.

    Raises:
        NotWaiting: it was paid, or given up before.
    """
    ref, waiting = waiting_award_ref(uow.origin.community, award), waiting_ref(uow.origin.community)
    kept = uow.get(ref, NotFound())
    uow.put(ref, kept.dropped(uow.at))
    uow.put(waiting, (uow.find(waiting) or Waiting()).left_by(kept.award))
    fact = PointsDropped(
        transfer=award,
        partner=kept.award.partner,
        amount_points=kept.award.amount_points,
        because=because,
        line=kept.number,
        seal=digest_of(kept.award),
    )
    uow.announce(ref, fact)
