"""What partners earn is posted, or waits for a budget and is paid in order."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from services.chassis.documents import Ref
from services.chassis.failures import NotYet
from services.chassis.streams import REPEATED, Repeated
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.community_file import CommunityFile, Partner
from services.contracts.orders import OrderSettled
from services.contracts.points import PointsPosted, PointsWithheld
from services.contracts.values import replace
from services.language.masks import masked
from services.points.domain.accounts import BUDGET
from services.points.domain.lots import Lot
from services.points.domain.posting import AMOUNT_MAX, NotAnAmount, Posting
from services.points.domain.rules import Earning, Rule, expiry
from services.points.domain.transfers import Cause, Transfer, id_of, transfer_id
from services.points.domain.waiting import Award, Waiting, WaitingAward, digest_of
from services.points.handlers.ledger import account, account_refs, post
from services.points.handlers.rules import file_of
from services.points.store.accounts import transfer_ref, waiting_award_ref, waiting_ref
from services.points.store.rules import RuleOnRecord, rule_ref
from services.worktime.hours import Opening

SETTLED = "order.settled"


def award_points(origin: Origin, settled: OrderSettled) -> Work[Repeated | None]:
    """Post what a partner's settled order earns, once, as its transfer shows; units earn none."""
    award_id = transfer_id(origin.community, settled.order, SETTLED)
    reads = award_reads(origin.community, award_id, settled.provider.id)
    record = rule_ref(origin.community)

    def decide(uow: UnitOfWork) -> Repeated | None:
        if _is_known(uow, award_id):
            return REPEATED
        if settled.provider.kind != "partner":
            return None
        kept = uow.find(record)
        if kept is None:
            raise NotYet(f"no file of community {origin.community} has been loaded")
        file = file_of(kept.text)
        earning = _earning(file, settled)
        if earning.amount_points > 0:
            award = Award(
                award_id,
                settled.provider.id,
                earning.amount_points,
                earning.because,
                Cause("order", settled.order),
                settled.order,
                SETTLED,
                uow.revision(record),
                expiry(settled.served_at, _term(file), ZoneInfo(file.community.timezone)),
            )
            _pay_or_wait(uow, award)
        return None

    return Work(origin, (*reads, record), decide)


def pay_or_wait(origin: Origin, award: Award) -> Work[Repeated | None]:
    """Post what a partner has earned, once; where the budget does not cover it, it waits."""
    reads = award_reads(origin.community, award.id, award.partner)

    def decide(uow: UnitOfWork) -> Repeated | None:
        if _is_known(uow, award.id):
            return REPEATED
        _pay_or_wait(uow, award)
        return None

    return Work(origin, reads, decide)


def award_reads(community: str, award: str, partner: str) -> tuple[Ref[Any], ...]:
    """Return what is read to pay an award, or to let it wait."""
    waiting = (waiting_award_ref(community, award), waiting_ref(community))
    return (transfer_ref(community, award), *waiting, *account_refs(community, partner))


def _is_known(uow: UnitOfWork, award: str) -> bool:
    community = uow.origin.community
    transfer, waiting = transfer_ref(community, award), waiting_award_ref(community, award)
    return uow.find(transfer) is not None or uow.find(waiting) is not None


def _earning(file: CommunityFile, settled: OrderSettled) -> Earning:
    if file.points is None:
        return Earning(0, "本社区没有积分规则")
    rule = Rule(
        file.points.points_by_category,
        file.points.default_points,
        file.points.off_hours_factor,
        {partner.id: _hours(partner) for partner in file.partners},
    )
    local = settled.served_at.astimezone(ZoneInfo(file.community.timezone))
    return rule.earned(settled.provider.id, settled.category, local)


def _hours(partner: Partner) -> tuple[Opening, ...]:
    return tuple(Opening(hours.days, hours.opens, hours.closes) for hours in partner.hours)


def _term(file: CommunityFile) -> int | None:
    return file.points.expire_after_months if file.points else None


def _pay_or_wait(uow: UnitOfWork, award: Award) -> None:
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
    waiting, record = waiting_ref(origin.community), rule_ref(origin.community)
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
                pay(uow, _from_now(uow, kept.award, uow.find(record)), transfer)
            uow.put(ref, kept.paid(transfer))
            uow.put(waiting, (uow.find(waiting) or Waiting()).left_by(kept.award))
            paid += 1
        return paid

    return Work(origin, (waiting, record, *refs.values()), decide, accounts)


def _from_now(uow: UnitOfWork, award: Award, rule: RuleOnRecord | None) -> Award:
    """Return an award whose term begins when it is paid: nobody loses points by the wait."""
    if award.expires_at is None or rule is None:
        return award
    file = file_of(rule.text)
    later = expiry(uow.at, _term(file), ZoneInfo(file.community.timezone))
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
