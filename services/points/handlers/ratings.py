"""What residents said of partners' work is kept, and what became of it; staff look at what is odd."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.chassis.documents import Ref, Versioned
from services.chassis.streams import REPEATED, Repeated, origin_of
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.demands import DemandRated
from services.contracts.envelope import Envelope
from services.contracts.orders import OrderFact, OrderLeftUnrated, OrderReturned, OrderSettled, OrderUnsigned
from services.contracts.points import PointsRatingsHeld
from services.contracts.refusal import NotFound
from services.contracts.roles import COMMUNITY
from services.contracts.words import ProviderRef
from services.language.masks import masked
from services.points.domain.months import last_finished
from services.points.domain.ratings import (
    FINDINGS,
    AlreadyRelated,
    Decision,
    Finding,
    Outcome,
    Promise,
    RatingOnRecord,
    RelatedPerson,
    record_id,
    related_id,
)
from services.points.domain.star_records import StarClock
from services.points.handlers.rules import rule_refs, rules_of
from services.points.store.rules import rule_ref
from services.points.store.stars import promise_ref, rating_ref, related_ref, star_clock_ref


def note_rating(envelope: Envelope) -> Work[Repeated | None]:
    """Keep what somebody said of a partner's work, in place of what they said of the same order before."""
    fact: DemandRated = envelope.body
    origin, provider = origin_of(envelope), fact.provider
    if provider is None or provider.kind != "partner" or not fact.asked_by:
        return _nothing(origin)
    rating = RatingOnRecord(
        record_id(fact.order, provider.id),
        fact.order,
        provider.id,
        fact.asked_by,
        fact.satisfaction,
        fact.solved,
        fact.good,
        envelope.at,
        envelope.version,
        fact.by_call_back or envelope.actor.role in COMMUNITY,
    )
    ref, clock = rating_ref(origin.community, rating.id), star_clock_ref(origin.community)

    def decide(uow: UnitOfWork) -> Repeated | None:
        before = uow.find(ref)
        if before is not None and before.said >= rating.said:
            return REPEATED
        uow.put(ref, rating if before is None else rating.instead_of(before))
        if uow.find(clock) is None:
            uow.put(clock, StarClock(uow.at))
        return None

    return Work(origin, (ref, clock), decide)


def note_promise(envelope: Envelope) -> Work[Repeated | None]:
    """Keep what became of an order that a partner had; what came later in its stream counts."""
    fact: OrderFact = envelope.body
    origin = origin_of(envelope)
    provider: ProviderRef | None = getattr(fact, "provider", None)
    outcome = _outcome(fact)
    if provider is None or provider.kind != "partner" or outcome is None:
        return _nothing(origin)
    own = record_id(fact.order, provider.id)
    promise = Promise(own, fact.order, provider.id, outcome, envelope.at, envelope.version)
    ref = promise_ref(origin.community, own)

    def decide(uow: UnitOfWork) -> Repeated | None:
        before = uow.find(ref)
        if before is not None and before.said >= promise.said:
            return REPEATED
        uow.put(ref, promise)
        return None

    return Work(origin, (ref,), decide)


def _outcome(fact: OrderFact) -> Outcome | None:
    """Return what a fact says of a promise; None: nothing, as of what nobody found done."""
    if isinstance(fact, OrderReturned):
        return "again"
    if isinstance(fact, OrderUnsigned):
        return "unsigned"
    if isinstance(fact, OrderLeftUnrated) and not fact.verified:
        return None
    if isinstance(fact, OrderSettled | OrderLeftUnrated):
        return "late" if fact.in_time is False else "kept"
    return "late"


def _nothing(origin: Origin) -> Work[Repeated | None]:
    return Work(origin, (), lambda _: None)


def and_note_promise(paid: Work[Repeated | None], envelope: Envelope) -> Work[Repeated | None]:
    """Return the work that also keeps what became of the order; each of the two recognises what it did."""
    noted = note_promise(envelope)

    def both(first: Repeated | None, uow: UnitOfWork) -> Repeated | None:
        second = noted.decide(uow)
        return None if first is None or second is None else REPEATED

    return paid.then(both, *noted.reads)


def note_findings(origin: Origin, found: Mapping[str, Finding | None], clock_revision: int) -> Work[bool]:
    """Keep what looks odd about ratings of a partner, and tell staff what is new; answers if any did.

    Arguments:
        found: rating → what looks odd about it; None: nothing any more.
        clock_revision: what was found was reckoned then; what somebody decided meanwhile comes first.
    """
    refs = [rating_ref(origin.community, rating) for rating in found]
    clock = star_clock_ref(origin.community)

    def decide(uow: UnitOfWork) -> bool:
        if uow.revision(clock) != clock_revision:
            return False
        fresh: list[RatingOnRecord] = []
        changed = False
        for ref in refs:
            before = uow.find(ref)
            if before is None or before.held == found[ref.id]:
                continue
            after, changed = before.found(found[ref.id]), True
            uow.put(ref, after)
            if after.is_open and not before.is_open:
                fresh.append(after)
        if fresh:
            _tell(uow, fresh)
        return changed

    return Work(origin, (clock, *refs), decide)


def _tell(uow: UnitOfWork, fresh: Sequence[RatingOnRecord]) -> None:
    kinds = sorted({one.held.kind for one in fresh if one.held is not None})
    because = "、".join(FINDINGS[kind] for kind in kinds)
    fact = PointsRatingsHeld(partner=fresh[0].partner, ratings=len(fresh), because=because)
    uow.announce(rating_ref(uow.origin.community, fresh[0].id), fact)


def decide_rating(
    origin: Origin, rating: str, because: str, *, counts: bool
) -> Work[Versioned[RatingOnRecord]]:
    """Let a rating count, or not, whatever looks odd; the last star is reckoned again.

    The work raises NotFound.
    """
    ref = rating_ref(origin.community, rating)

    def decide(uow: UnitOfWork) -> Versioned[RatingOnRecord]:
        before = uow.get(ref, NotFound())
        judge(uow, before, because, counts=counts)
        reckon_again(uow)
        return uow.versioned(ref)

    return Work(origin, (ref, *clock_reads(origin.community)), decide)


def judge(uow: UnitOfWork, rating: RatingOnRecord, because: str, *, counts: bool) -> None:
    """Put a rating with what a person of the staff decided."""
    decision = Decision(counts, masked(because), uow.origin.actor.subject, uow.at)
    uow.put(rating_ref(uow.origin.community, rating.id), rating.decided(decision))


def clock_reads(community: str) -> tuple[Ref[Any], ...]:
    """Return what is read where stars are to be reckoned again."""
    return (star_clock_ref(community), *rule_refs(community))


def reckon_again(uow: UnitOfWork, month: str | None = None) -> None:
    """Let stars be reckoned again at once: of a month and those after it, or of the last that is over.

    Raises:
        NotFound: no file of the community was loaded.
    """
    uow.get(rule_ref(uow.origin.community), NotFound())
    ref = star_clock_ref(uow.origin.community)
    last = last_finished(uow.at, rules_of(uow).zone)
    first = min(month or last, last)
    uow.put(ref, (uow.find(ref) or StarClock(uow.at)).again(first, uow.at))


def mark_related(origin: Origin, partner: str, subject: str, because: str) -> Work[Versioned[RelatedPerson]]:
    """Note that somebody belongs to a partner; what they say of it does not count from now on.

    The work raises NotFound where the community has no such partner, AlreadyRelated.
    """
    ref = related_ref(origin.community, related_id(partner, subject))

    def decide(uow: UnitOfWork) -> Versioned[RelatedPerson]:
        must_be_partner(uow, partner)
        before = uow.find(ref)
        if before is not None and before.stands:
            raise AlreadyRelated
        by = origin.actor.subject
        uow.put(ref, RelatedPerson(ref.id, partner, subject, masked(because), by, uow.at))
        reckon_again(uow)
        return uow.versioned(ref)

    return Work(origin, (ref, *clock_reads(origin.community)), decide)


def take_back_related(origin: Origin, related: str, because: str) -> Work[Versioned[RelatedPerson]]:
    """Note that somebody does not belong to a partner after all.

    The work raises NotFound, NotRelated.
    """
    ref = related_ref(origin.community, related)

    def decide(uow: UnitOfWork) -> Versioned[RelatedPerson]:
        before = uow.get(ref, NotFound())
        uow.put(ref, before.taken_back(masked(because)))
        reckon_again(uow)
        return uow.versioned(ref)

    return Work(origin, (ref, *clock_reads(origin.community)), decide)


def must_be_partner(uow: UnitOfWork, partner: str) -> None:
    """Make sure that the community has such a partner.

    Raises:
        NotFound: it has none, or no file of it was loaded.
    """
    uow.get(rule_ref(uow.origin.community), NotFound())
    if rules_of(uow).partner(partner) is None:
        raise NotFound
