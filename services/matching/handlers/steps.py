"""How every use case of matching is done: load, one step, keep, announce."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, Literal

from services.chassis.desk import Desk, Origin, Work
from services.chassis.shelf import Kept, Ref
from services.contracts import orders as facts
from services.contracts.community_file import COMMUNITY_SELF
from services.contracts.words import Message, Role
from services.matching import spoken
from services.matching.domain.caution import danger_name
from services.matching.domain.companions import with_companion
from services.matching.domain.lessons import lesson_of, number_at
from services.matching.domain.load import Load
from services.matching.domain.matter import Matter
from services.matching.domain.order import Order
from services.matching.domain.parts import Who
from services.matching.domain.refusals import CannotReceive, NotTheReceiver, NotYourOrder
from services.matching.domain.timing import reason_to_supervise, supervised, timed
from services.matching.guides import Guide
from services.matching.handlers.context import Matching, reads_of
from services.matching.store import lesson_ref, load_ref, order_ref

KeptOrder = Kept[Order]
TOLD_CHARACTERS = 60
ROUTER = "router"
STAFF: Literal["staff"] = "staff"
CLOCK: Literal["clock"] = "clock"
_PROVIDER_ROLES = {Role.UNIT: "unit", Role.PARTNER: "partner"}


def step(
    matching: Matching,
    origin: Origin,
    order: str,
    step: Callable[[Desk, Order], None],
    *,
    with_companions: bool = False,
) -> Work[KeptOrder]:
    """Return the work of one step of an order; `step` decides and keeps."""
    ref = order_ref(origin.community, order)

    def decide(desk: Desk) -> KeptOrder:
        before = desk.get(ref, NotYourOrder())
        step(desk, before)
        return desk.kept(ref)

    then_reads = companions(matching, origin, ref) if with_companions else None
    return Work(origin, matching.reads(origin, order), decide, then_reads)


def companions(matching: Matching, origin: Origin, ref: Ref[Order]) -> Callable[[Desk], list[Ref[Any]]]:
    """Return what tells which documents the steps of a lead's companions need."""

    def then_reads(desk: Desk) -> list[Ref[Any]]:
        lead = desk.find(ref)
        return [its for c in (lead.called if lead else ()) for its in reads_of(origin.community, c.order)]

    return then_reads


def keep(matching: Matching, desk: Desk, before: Order | None, after: Order, *said: Message) -> Order:
    """Keep the order and what it takes of its provider's capacity, and announce what happened.

    Its clocks follow the change here and nowhere else; the order is returned with them.
    """
    ref = order_ref(desk.origin.community, after.id)
    guide, load = matching.guide(desk), load_of(desk)
    after = timed(before, after, guide.limits, desk.at)
    after = load.seated(before, after, guide.seats_of(after.provider))
    desk.put(ref, after)
    moved = load.moved(before, after)
    if moved is not load:
        desk.put(load_ref(desk.origin.community), moved)
    for fact in said:
        desk.announce(ref, fact, guide.public_numbers)
    _add_up(matching, desk, before, after)
    _tell_lead(matching, desk, before, after)
    return after


def _tell_lead(matching: Matching, desk: Desk, before: Order | None, after: Order) -> None:
    """Let the lead know how its companion stands."""
    if before is None or not after.lead:
        return
    ref = order_ref(desk.origin.community, after.lead)
    lead = desk.get(ref, NotYourOrder())
    knowing = with_companion(lead, after)
    if knowing is not lead:
        desk.put(ref, knowing)


def _add_up(matching: Matching, desk: Desk, before: Order | None, after: Order) -> None:
    """Keep what the change teaches, in place of what the order taught before, and what it adds up to."""
    tally = matching.tally(desk)
    added = tally.recorded(before, after)
    lesson = lesson_of(before, after, number_at(desk.at))
    if lesson is not None:
        desk.put(lesson_ref(desk.origin.community, after.id), lesson)
        added = added.taught()
    if added is not tally:
        desk.put(matching.lane.found(desk), added)


def in_words(matching: Matching, desk: Desk, order: Order, *, to_provider: bool = False) -> dict[str, Any]:
    """Return what a notice of an order says of it: what, where, until when.

    Arguments:
        to_provider: for the one who has it; all staff read others, but not what accuses the community.
    """
    guide = matching.guide(desk)
    if not to_provider and order.heard.is_wrongdoing:
        return {"place": guide.place_name(order.compound), "finish_due_on": _day(guide, order)}
    whole = f"{order.title}：{order.text}" if order.title else order.text
    short = whole if len(whole) <= TOLD_CHARACTERS else f"{whole[:TOLD_CHARACTERS]}…"
    words = {"text": short, "place": guide.place_name(order.compound)}
    return {**words, "finish_due_on": _day(guide, order)}


def propose(
    matching: Matching, desk: Desk, order: Order, because: str | None = None, *, escalated: bool = False
) -> None:
    """Tell staff that they have to choose.

    Arguments:
        because: in place of the order's own reason.
        escalated: they have just been told so otherwise.
    """
    words = in_words(matching, desk, order)
    fact = facts.OrderProposed(
        **about(order),
        category=order.category,
        confidence=order.confidence,
        candidates=tuple(spoken.candidate_ref(choice) for choice in order.next_choices()),
        because=because or order.because,
        finish_due_at=order.finish_due_at,
        escalated=escalated,
        **words,
    )
    tell(matching, desk, order, fact)


def tell(matching: Matching, desk: Desk, order: Order, fact: Message) -> None:
    """Announce something of an order that was kept before."""
    desk.announce(order_ref(desk.origin.community, order.id), fact, matching.guide(desk).public_numbers)


def send(matching: Matching, desk: Desk, before: Order, to: Who, chosen_by: str, because: str) -> Order:
    """Dispatch a proposed order to a provider; returns it as that one finds it."""
    after = keep(matching, desk, before, before.dispatched_to(to, chosen_by, because, desk.at))
    heard = after.heard
    fact = facts.OrderDispatched(
        **of_provider(after),
        category=after.category,
        confidence=after.confidence,
        chosen_by=chosen_by,
        because=because,
        sign_due_at=after.sign_due_at,
        finish_due_at=after.finish_due_at,
        withheld=heard.withholds_from(to.id, to.kind),
        soon=danger_name(heard.kind) if heard.danger == "soon" else "",
        **in_words(matching, desk, after, to_provider=True),
    )
    tell(matching, desk, after, fact)
    return after


def ask_next(matching: Matching, desk: Desk, order: Order, because: str) -> bool:
    """Dispatch to the next if the router is sure of it; else a person decides.

    Arguments:
        order: after the decline, so that it knows who need not be asked again.
        because: what became of the last.
    """
    if order.lead or order.held:
        return False
    guide = matching.guide(desk)
    load = load_of(desk)
    ranking, held = guide.cautious(matter_of(order), load, order.heard, desk.at, order.declined)
    if held or ranking.decision != "dispatch":
        return False
    ranked = replace(order, candidates=guide.choices(ranking), basis=guide.basis_of(ranking))
    first = ranked.candidates[0]
    reason = f"{because}，改由{first.provider.name}办理：{first.parts[0].because}"
    send(matching, desk, ranked, first.provider, ROUTER, reason)
    return True


def supervise_if_due(matching: Matching, desk: Desk, order: Order) -> Order:
    """Put the order under supervision when it came back or changed hands too often (问题工单)."""
    reason = reason_to_supervise(order, matching.guide(desk).limits)
    return supervise(matching, desk, order, reason, CLOCK) if reason else order


def supervise(
    matching: Matching, desk: Desk, order: Order, reason: str, by: Literal["staff", "clock"]
) -> Order:
    """Put the order under supervision (督办).

    Raises:
        AlreadySupervised: it is.
    """
    after = supervised(order, reason, by, desk.at)
    provider = spoken.provider_ref(after.provider) if after.provider else None
    fact = facts.OrderSupervised(**about(after), provider=provider, reason=reason, by=by)
    return keep(matching, desk, order, after, fact)


def matter_of(order: Order) -> Matter:
    """Return what an order is about, as the router reads it."""
    return Matter(order.text, order.title, order.compound, order.heard.wishes)


def _day(guide: Guide, order: Order) -> date | None:
    return guide.limits.day_of(order.finish_due_at) if order.finish_due_at else None


def about(order: Order) -> dict[str, Any]:
    """Return the fields that every fact about an order has."""
    words = {"order": order.id, "demand": order.demand, "asked_by": order.asked_by}
    return {**words, "part": order.part} if order.part else words


def of_provider(order: Order) -> dict[str, Any]:
    """Return the fields of a fact about an order and its provider."""
    return {**about(order), "provider": spoken.provider_ref(provider_of(order))}


def provider_of(order: Order) -> Who:
    """Return who has the order.

    Raises:
        CannotReceive: nobody has it.
    """
    if order.provider is None:
        raise CannotReceive
    return order.provider


def load_of(desk: Desk) -> Load:
    """Return how things stand in the community."""
    return desk.find(load_ref(desk.origin.community)) or Load()


def acts_for(origin: Origin, who: Who | None) -> bool:
    """Return whether the one who asks speaks for a provider: itself, or staff for the community."""
    if who is None:
        return False
    if who.id == COMMUNITY_SELF:
        return origin.actor.role is Role.STAFF
    return _PROVIDER_ROLES.get(origin.actor.role) == who.kind and origin.actor.subject == who.id


def must_be_theirs(origin: Origin, order: Order) -> None:
    """Make sure that the one who asks has the order.

    Raises:
        NotYourOrder: somebody else has it.
    """
    if not acts_for(origin, order.provider):
        raise NotYourOrder


def must_be_receiver(origin: Origin, order: Order) -> Who:
    """Return the one who was asked to take over, who is the one who asks.

    Raises:
        NotTheReceiver: the one who asks has the order itself.
        NotYourOrder: it is neither.
    """
    receiver = order.handover.receiver if order.handover else None
    if receiver is not None and acts_for(origin, receiver):
        return receiver
    if acts_for(origin, order.provider):
        raise NotTheReceiver
    raise NotYourOrder
