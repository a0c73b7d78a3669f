"""Redemptions: ordered or waiting, fulfilled or ended, once; whoever waits has its turn when one is free."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from services.chassis.documents import Ref, Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.points import (
    EffectReported,
    RedemptionEnded,
    RedemptionFulfilled,
    RedemptionOrdered,
    RedemptionWaits,
)
from services.contracts.refusal import Conflict, NotFound
from services.contracts.values import replace
from services.language.masks import masked
from services.points.domain.accounts import InsufficientPoints
from services.points.domain.claims import PointsOwed
from services.points.domain.redemptions import (
    Effect,
    Promotion,
    PromotionMissing,
    Redemption,
    RedemptionState,
    of_offer,
)
from services.points.domain.shop import PROMOTIONS, Offer, Period, Place, SoldOut, Taken, next_in_line
from services.points.domain.transfers import Cause
from services.points.handlers.holds import (
    HOLD_OVER,
    HoldRequest,
    hold_refs,
    owner_refs,
    resolve,
    resolving_refs,
    set_aside,
)
from services.points.handlers.ledger import account
from services.points.handlers.rules import rule_refs, rules_of
from services.points.store.accounts import account_ref, hold_ref
from services.points.store.rules import rule_ref
from services.points.store.shop import offer_ref, place_ref, redemption_ref, taken_refs

NO_POINTS = "轮到时积分不足"
OVER = "兑换已截止，没有轮到"
GONE = "轮到时已不是在营的合伙人"


class PartnerGone(Conflict):
    """Who is no partner of the community any more redeems nothing; what they have they keep."""

    slug = "partner_gone"
    title = "已不是本社区在营的合伙人，不能兑换"


def redeem(
    origin: Origin, offer: str, redemption: str, partner: str, *, waits: bool
) -> Work[Versioned[Redemption]]:
    """Order something for points; where all are gone, wait for one.

    Arguments:
        redemption: its id.
        waits: whether the partner wants to wait where nothing is left.

    The work raises OfferNotOpen, OfferWithdrawn, SoldOut, LimitReached, InsufficientPoints, PointsOwed,
    PartnerGone; NotFound where there is no such offer, or passbook.
    """
    ref, at = redemption_ref(origin.community, redemption), offer_ref(origin.community, offer)

    def counts(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        found = uow.find(at)
        return taken_refs(origin.community, found, partner) if found is not None else ()

    def decide(uow: UnitOfWork) -> Versioned[Redemption]:
        wanted = uow.get(at, NotFound())
        uow.get(rule_ref(origin.community), NotFound())
        wanted.must_be_open(uow.at)
        _must_be_partner(uow, partner)
        _count(uow, wanted, partner)
        made = of_offer(wanted, redemption, partner, uow.at)
        if wanted.is_left:
            uow.put(at, wanted.taken())
            _order(uow, made, wanted, waited=False)
        elif waits:
            _wait(uow, made, wanted)
        else:
            raise SoldOut
        return uow.versioned(ref)

    reads: tuple[Ref[Any], ...] = (
        ref,
        at,
        *hold_refs(origin.community, redemption, partner),
        *rule_refs(origin.community),
    )
    return Work(origin, reads, decide, counts)


def _must_be_partner(uow: UnitOfWork, partner: str) -> None:
    uow.get(account_ref(uow.origin.community, partner), NotFound())
    if not _is_partner(uow, partner):
        raise PartnerGone


def _is_partner(uow: UnitOfWork, partner: str) -> bool:
    found = rules_of(uow).partner(partner)
    return found is not None and found.working


def _count(uow: UnitOfWork, offer: Offer, partner: str) -> None:
    limits = (offer.per_partner_max, offer.fair_per_partner_max)
    for ref, most in zip(taken_refs(uow.origin.community, offer, partner), limits, strict=False):
        uow.put(ref, (uow.find(ref) or Taken()).one_more(most))


def _order(uow: UnitOfWork, made: Redemption, offer: Offer, *, waited: bool) -> None:
    """Set the points aside; the offer has been put with one less."""
    because = f"{'候补轮到：' if waited else ''}兑换“{made.title}”"
    cause = Cause("fair" if made.fair else "shop", made.id)
    until = uow.at + timedelta(days=offer.fulfil_days)
    request = HoldRequest(made.id, made.partner, made.price_points, because, cause, until)
    hold = set_aside(uow, request)
    ref = redemption_ref(uow.origin.community, made.id)
    ordered = made.ordered(hold.id, uow.at, until)
    uow.put(ref, ordered)
    due_on = rules_of(uow).day_of(until)
    uow.announce(ref, RedemptionOrdered(**_words(uow, ordered), due_on=due_on, waited=waited))


def _wait(uow: UnitOfWork, made: Redemption, offer: Offer) -> None:
    holder = account(uow, made.partner)
    if made.price_points > holder.balance_points - holder.owed_points:
        raise InsufficientPoints(balance_points=holder.balance_points, amount_points=made.price_points)
    after = offer.queued(made.id).watched(uow.at)
    uow.put(offer_ref(uow.origin.community, offer.id), after)
    ref = redemption_ref(uow.origin.community, made.id)
    uow.put(ref, made)
    uow.announce(ref, RedemptionWaits(**_words(uow, made), place=len(after.waiting)))


def _words(uow: UnitOfWork, one: Redemption) -> dict[str, Any]:
    partner = rules_of(uow).partner(one.partner)
    return {
        "redemption": one.id,
        "offer": one.offer,
        "title": one.title,
        "partner": one.partner,
        "name": partner.name if partner else one.partner,
        "price_points": one.price_points,
    }


def fulfil(
    origin: Origin, redemption: str, because: str, promotion: Promotion | None
) -> Work[Versioned[Redemption]]:
    """Note that it is done: the points are spent, and a promotion has its place.

    The work raises RedemptionOver, NotOrdered, PromotionMissing, SlotUnknown, SlotTaken, PlaceFull and
    HoldExpired; NotFound where there is none.
    """
    ref = redemption_ref(origin.community, redemption)

    def decide(uow: UnitOfWork) -> Versioned[Redemption]:
        before = uow.get(ref, NotFound())
        after = before.fulfilled(masked(because), promotion, uow.at)
        offer = uow.get(offer_ref(origin.community, before.offer), NotFound())
        offer.must_have_slot(promotion.slot if promotion else None)
        if promotion is not None:
            at = place_ref(origin.community, promotion.slot)
            period = Period(promotion.from_on, promotion.until_on, before.id)
            today = rules_of(uow).day_of(uow.at).isoformat()
            uow.put(at, (uow.find(at) or Place()).shown(period, today))
        elif before.kind in PROMOTIONS:
            raise PromotionMissing
        resolve(uow, before.hold, "captured")
        uow.put(ref, after)
        shown = f"（{promotion.slot}，{promotion.from_on} 至 {promotion.until_on}）" if promotion else ""
        fact = RedemptionFulfilled(**_words(uow, after), because=because or "已办理", shown=shown)
        uow.announce(ref, fact)
        return uow.versioned(ref)

    place = (place_ref(origin.community, promotion.slot),) if promotion else ()
    return _of_redemption(origin, redemption, decide, *place)


def end(origin: Origin, redemption: str, state: RedemptionState, because: str) -> Work[Versioned[Redemption]]:
    """End a redemption that comes to nothing: the points go back, and who waits has its turn.

    The work raises RedemptionOver; NotFound.
    """
    ref = redemption_ref(origin.community, redemption)

    def decide(uow: UnitOfWork) -> Versioned[Redemption]:
        before = uow.get(ref, NotFound())
        before.must_be_open()
        if before.state == "ordered":
            resolve(uow, before.hold, "released", f"{because}，积分退回")
        _ended(uow, before, state, because)
        return uow.versioned(ref)

    return _of_redemption(origin, redemption, decide)


def expire_hold_of(origin: Origin, hold: str) -> Work[bool]:
    """Give back what was set aside once its time is over, and end what it was for; answers whether it was."""
    at = hold_ref(origin.community, hold)

    def decide(uow: UnitOfWork) -> bool:
        kept = uow.find(at)
        if kept is None or kept.due_at is None or kept.due_at > uow.at:
            return False
        resolve(uow, hold, "expired", HOLD_OVER)
        found = uow.find(redemption_ref(origin.community, hold))
        if found is not None and found.state == "ordered":
            _ended(uow, found, "lapsed", "没有在期限内办理，积分已退回")
        return True

    return _of_redemption(origin, hold, decide)


def look_at_offer(origin: Origin, offer: str) -> Work[bool]:
    """Give those that wait for an offer their turn, or tell them that it is over; answers whether any did."""
    ref = offer_ref(origin.community, offer)

    def decide(uow: UnitOfWork) -> bool:
        kept = uow.find(ref)
        if kept is None or kept.look_at is None or kept.look_at > uow.at:
            return False
        if not kept.is_over(uow.at):
            line_moves_on(uow, offer)
            return True
        for one in kept.waiting:
            _ended_waiting(uow, one, OVER)
        return True

    def refs(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        return line_refs(uow, offer, everybody=True)

    return Work(origin, (ref, *rule_refs(origin.community)), decide, refs)


def report_effect(origin: Origin, redemption: str, effect: Effect) -> Work[Versioned[Redemption]]:
    """Note what a redemption brought.

    The work raises NotFulfilled; NotFound.
    """
    ref = redemption_ref(origin.community, redemption)

    def decide(uow: UnitOfWork) -> Versioned[Redemption]:
        said = replace(effect, note=masked(effect.note), at=uow.at)
        after = uow.get(ref, NotFound()).reported(said)
        uow.put(ref, after)
        fact = EffectReported(
            **_words(uow, after),
            customers_before=said.customers_before,
            customers_after=said.customers_after,
        )
        uow.announce(ref, fact)
        return uow.versioned(ref)

    return Work(origin, (ref, *rule_refs(origin.community)), decide)


def _of_redemption(origin: Origin, redemption: str, decide: Any, *reads: Ref[Any]) -> Work[Any]:
    """Return the work on a redemption, with all that belongs to it: its hold, its offer, and who waits."""
    ref = redemption_ref(origin.community, redemption)

    def more(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        found = uow.find(ref)
        if found is None:
            return owner_refs(uow, redemption)
        at = offer_ref(origin.community, found.offer)
        if not uow.is_loaded(at):
            return (at, *owner_refs(uow, redemption))
        kept = uow.find(at)
        counts = taken_refs(origin.community, kept, found.partner) if kept is not None else ()
        return (at, *counts, *owner_refs(uow, redemption), *line_refs(uow, found.offer, 1))

    known = (ref, *reads, *resolving_refs(origin.community, redemption), *rule_refs(origin.community))
    return Work(origin, known, decide, more)


def _ended(uow: UnitOfWork, before: Redemption, state: RedemptionState, because: str) -> None:
    """End a redemption whose points have gone back, if it had any."""
    community = uow.origin.community
    after = before.ended(state, masked(because), uow.at)
    ref, at = redemption_ref(community, before.id), offer_ref(community, before.offer)
    uow.put(ref, after)
    uow.announce(ref, RedemptionEnded(**_words(uow, after), state=state, because=because))
    offer = uow.get(at, NotFound())
    for count in taken_refs(community, offer, before.partner):
        if uow.is_loaded(count):
            uow.put(count, (uow.find(count) or Taken()).one_less())
    if before.state == "ordered":
        uow.put(at, offer.stocked(1))
        line_moves_on(uow, offer.id)
    else:
        uow.put(at, offer.unqueued(before.id).watched(uow.at))


def _ended_waiting(uow: UnitOfWork, redemption: str, because: str) -> None:
    found = uow.find(redemption_ref(uow.origin.community, redemption))
    if found is not None and found.state == "waiting":
        _ended(uow, found, "lapsed", because)


def line_refs(uow: UnitOfWork, offer: str, more: int = 0, *, everybody: bool = False) -> Sequence[Ref[Any]]:
    """Return what is read before those that wait have their turn.

    Arguments:
        more: how many become free besides those that are.
    """
    community = uow.origin.community
    kept = uow.find(offer_ref(community, offer))
    if kept is None or not kept.waiting:
        return ()
    free = kept if kept.left is None else replace(kept, left=max(0, kept.left + more))
    line = kept.waiting if everybody else next_in_line(free)
    refs = [redemption_ref(community, one) for one in line]
    found: list[Ref[Any]] = [*refs]
    for ref in refs:
        one = uow.find(ref) if uow.is_loaded(ref) else None
        if one is not None:
            found += hold_refs(community, one.id, one.partner)
            found += taken_refs(community, kept, one.partner)
    return found


def line_moves_on(uow: UnitOfWork, offer: str) -> None:
    """Give those that wait their turn, as many as there are; who has not the points any more had theirs."""
    community = uow.origin.community
    at = offer_ref(community, offer)
    for one in next_in_line(uow.get(at, NotFound())):
        kept = uow.get(at, NotFound())
        ref = redemption_ref(community, one)
        if kept.is_over(uow.at) or not kept.has_some or not uow.is_loaded(ref):
            break
        waits = uow.get(ref, NotFound())
        needs = (*hold_refs(community, one, waits.partner), *taken_refs(community, kept, waits.partner))
        if not all(map(uow.is_loaded, needs)):
            break
        if not _is_partner(uow, waits.partner):
            _ended_waiting(uow, one, GONE)
            continue
        turn = uow.branch()
        turn.put(at, replace(kept.unqueued(one).taken(), ordered=kept.ordered))
        try:
            _order(turn, waits, kept, waited=True)
        except (InsufficientPoints, PointsOwed):
            _ended_waiting(uow, one, NO_POINTS)
        else:
            uow.adopt(turn)
    uow.put(at, uow.get(at, NotFound()).watched(uow.at))
