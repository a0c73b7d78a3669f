"""Fairs and offers: what points buy is put up, restocked and taken down."""

from services.chassis.documents import Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.points import FairAnnounced
from services.contracts.refusal import NotFound
from services.contracts.values import replace
from services.language.masks import masked
from services.points.domain.posting import in_milliseconds
from services.points.domain.shop import Fair, Offer, OfferHours, must_be_hours
from services.points.handlers.redemptions import line_moves_on, line_refs
from services.points.handlers.rules import rule_refs, rules_of
from services.points.store.rules import rule_ref
from services.points.store.shop import fair_ref, offer_ref


def announce_fair(origin: Origin, fair: Fair) -> Work[Versioned[Fair]]:
    """Let there be a fair, and tell every partner.

    The work raises OfferHours; NotFound where there is no such community.
    """
    ref = fair_ref(origin.community, fair.id)

    def decide(uow: UnitOfWork) -> Versioned[Fair]:
        uow.get(rule_ref(origin.community), NotFound())
        rules = rules_of(uow)
        must_be_hours(fair.opens_at, fair.closes_at, uow.at)
        opens, closes = (in_milliseconds(at) for at in (fair.opens_at, fair.closes_at))
        kept = replace(fair, title=masked(fair.title), opens_at=opens, closes_at=closes, created_at=uow.at)
        uow.put(ref, kept)
        local = [f"{at.astimezone(rules.zone):%Y-%m-%d %H:%M}" for at in (opens, closes)]
        fact = FairAnnounced(
            fair=fair.id,
            title=kept.title,
            opens=local[0],
            closes=local[1],
            partners=tuple(one.id for one in rules.file.partners if one.working),
        )
        uow.announce(ref, fact)
        return uow.versioned(ref)

    return Work(origin, (ref, *rule_refs(origin.community)), decide)


def put_up(origin: Origin, offer: Offer) -> Work[Versioned[Offer]]:
    """Offer something; what belongs to a fair has its hours.

    The work raises OfferHours; NotFound where there is no such fair, or community.
    """
    ref, fair_at = offer_ref(origin.community, offer.id), fair_ref(origin.community, offer.fair or "-")

    def decide(uow: UnitOfWork) -> Versioned[Offer]:
        uow.get(rule_ref(origin.community), NotFound())
        slots = tuple(masked(slot) for slot in offer.slots)
        title, about = masked(offer.title), masked(offer.about)
        kept = replace(offer, title=title, about=about, slots=slots, created_at=uow.at)
        if offer.fair:
            fair = uow.get(fair_at, NotFound())
            if offer.opens_at is not None or offer.closes_at is not None:
                raise OfferHours(opens_at=fair.opens_at.isoformat(), closes_at=fair.closes_at.isoformat())
            kept = replace(
                kept,
                opens_at=fair.opens_at,
                closes_at=fair.closes_at,
                fair_per_partner_max=fair.per_partner_max,
            )
        must_be_hours(kept.opens_at, kept.closes_at, uow.at)
        uow.put(ref, kept)
        return uow.versioned(ref)

    return Work(origin, (ref, fair_at, rule_ref(origin.community)), decide)


def restock(origin: Origin, offer: str, more: int) -> Work[Versioned[Offer]]:
    """Let there be more of an offer, or less; who waits has its turn.

    The work raises NotFound, StockTooSmall.
    """
    ref = offer_ref(origin.community, offer)

    def decide(uow: UnitOfWork) -> Versioned[Offer]:
        uow.put(ref, uow.get(ref, NotFound()).stocked(more))
        line_moves_on(uow, offer)
        return uow.versioned(ref)

    return Work(origin, (ref, *rule_refs(origin.community)), decide, lambda uow: line_refs(uow, offer, more))


def take_down(origin: Origin, offer: str) -> Work[Versioned[Offer]]:
    """Offer something no longer; what was ordered is still fulfilled.

    The work raises NotFound, OfferWithdrawn.
    """
    ref = offer_ref(origin.community, offer)

    def decide(uow: UnitOfWork) -> Versioned[Offer]:
        uow.put(ref, uow.get(ref, NotFound()).withdrawn(uow.at).watched(uow.at))
        return uow.versioned(ref)

    return Work(origin, (ref,), decide)
