"""What partners did is kept, and earns what the rule says that counted then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.chassis.documents import Ref
from services.chassis.streams import REPEATED, Repeated
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.ids import OrderId
from services.contracts.orders import OrderLeftUnrated, OrderSettled
from services.contracts.words import Effort, ProviderRef
from services.points.domain.room_time import used_minutes
from services.points.domain.rules import Earning, Service, expiry
from services.points.domain.services import EarnedDay, Returns, ServiceOnRecord
from services.points.domain.transfers import Cause, transfer_id
from services.points.domain.waiting import Award
from services.points.handlers.awards import SETTLED, award_reads, give, is_known
from services.points.handlers.rules import Rules, rule_refs, rules_of
from services.points.store.rules import rule_ref
from services.points.store.services import earned_day_ref, returns_ref, service_ref

EARNING = "earning_rule"
"""The rule by which a transfer was reckoned; its version is one of the community's book."""


@dataclass(frozen=True, slots=True)
class Done:
    """What an order says of the service that was done.

    Arguments:
        times: how often it was sent back before; each time that it is done again earns for itself. None: a
            release said it that did not say so.
        rated: somebody said that it is good; otherwise the term for saying so has passed.
    """

    order: OrderId
    provider: ProviderRef
    category: str
    served_at: datetime
    effort: Effort
    times: int | None
    rated: bool


def settled(fact: OrderSettled) -> Done:
    """Return what an order that was settled says."""
    return Done(fact.order, fact.provider, fact.category, fact.served_at, fact.effort, fact.times, rated=True)


def award_unrated(origin: Origin, fact: OrderLeftUnrated) -> Work[Repeated | None]:
    """Post what an order earns that was found done and that nobody rated, where the rule says so."""
    served_at = fact.served_at
    if served_at is None or not fact.verified:
        return Work(origin, (), lambda _: None)
    done = Done(fact.order, fact.provider, fact.category, served_at, fact.effort, fact.times, rated=False)
    return award_points(origin, done)


def award_points(origin: Origin, done: Done) -> Work[Repeated | None]:
    """Post what a partner's order earns, once, as its transfer shows; units earn none."""
    award_id = award_id_of(origin.community, done.order, done.times)
    service = service_ref(origin.community, award_id)
    reads = (
        *award_reads(origin.community, award_id, done.provider.id),
        service,
        returns_ref(origin.community, done.order),
        *rule_refs(origin.community),
    )
    is_partner = done.provider.kind == "partner"

    def day_of(uow: UnitOfWork) -> str:
        return rules_of(uow).day_of(done.served_at).isoformat()

    def earned_that_day(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        if not is_partner or uow.find(rule_ref(origin.community)) is None:
            return ()
        return (earned_day_ref(origin.community, done.provider.id, day_of(uow)),)

    def decide(uow: UnitOfWork) -> Repeated | None:
        if is_known(uow, award_id) or uow.find(service) is not None:
            return REPEATED
        if is_partner:
            _award(uow, award_id, done, rules_of(uow))
        return None

    return Work(origin, reads, decide, earned_that_day)


def award_id_of(community: str, order: OrderId, times: int | None = None) -> str:
    """Return the id of what an order earns that had been sent back so often before it was done."""
    return transfer_id(community, order, f"{SETTLED}#{times}" if times else SETTLED)


def _award(uow: UnitOfWork, award_id: str, done: Done, rules: Rules) -> None:
    """Reckon what an order earns, keep it, and pay it."""
    rule = rules.book.at(done.served_at)
    is_back = done.times is not None and returned_times(uow, done.order) > done.times
    earns = EarnedBy(
        award_id,
        done.provider.id,
        service_of(rules, done.provider.id, done.category, done.served_at, done.effort),
        done.served_at,
        Cause("order", done.order),
        counts=not is_back and (done.rated or (rule is not None and rule.pays_unrated)),
    )
    kept = earn(uow, earns, rules)
    if is_back:
        uow.put(service_ref(uow.origin.community, award_id), kept.taken_back(uow.at))


@dataclass(frozen=True, slots=True)
class EarnedBy:
    """What a partner did, and what it earns by.

    Arguments:
        award: id of the award.
        at: when it began, by which the rule is found that counts.
        counts: false: it is kept, and earns nothing.
    """

    award: str
    partner: str
    service: Service
    at: datetime
    cause: Cause
    counts: bool = True


def earning_refs(rules: Rules, community: str, earns: EarnedBy) -> tuple[Ref[Any], ...]:
    """Return what is read before something is earned, besides `rule_refs`."""
    day = rules.day_of(earns.at).isoformat()
    own = (service_ref(community, earns.award), earned_day_ref(community, earns.partner, day))
    return (*own, *award_reads(community, earns.award, earns.partner))


def earn(uow: UnitOfWork, earns: EarnedBy, rules: Rules) -> ServiceOnRecord:
    """Reckon what something earns by the rule that counted, keep it, and pay it or let it wait."""
    community, partner = uow.origin.community, earns.partner
    day = rules.day_of(earns.at).isoformat()
    rule = rules.book.at(earns.at)
    that_day = earned_day_ref(community, partner, day)
    earned = (uow.find(that_day) or EarnedDay()).points
    earning = rule.earned(earns.service, earned) if rule is not None and earns.counts else Earning(0, "")
    version = rule.version if rule is not None else 0
    order = OrderId(earns.cause.id if earns.cause.kind == "order" else "")
    points = earning.amount_points
    kept = ServiceOnRecord(earns.award, order, partner, earns.service, earns.at, day, points, version)
    uow.put(service_ref(community, earns.award), kept)
    if points:
        uow.put(that_day, EarnedDay(earned + points))
        term = rule.expire_after_months if rule is not None else None
        ends = expiry(max(earns.at, uow.at), term, rules.zone)
        award = Award(
            earns.award, partner, points, earning.because, earns.cause, order, EARNING, version, ends
        )
        give(uow, award)
    return kept


def returned_times(uow: UnitOfWork, order: OrderId) -> int:
    """Return how often an order is known to have been sent back: that may be heard before it was settled."""
    return (uow.find(returns_ref(uow.origin.community, order)) or Returns()).times


def service_of(rules: Rules, partner: str, category: str, served_at: datetime, effort: Effort) -> Service:
    """Return a service as a rule reckons with it: its minutes in business hours, and outside."""
    ends = served_at + timedelta(minutes=effort.minutes)
    inside, outside = used_minutes(rules.premises(rules.hours_of(partner)), served_at, ends)
    return Service(category, inside, outside, effort.persons, effort.sessions)
