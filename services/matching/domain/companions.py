"""Several called to one matter (吹哨报到): one order leads, the others are its companions.

The lead answers for the whole: it is done when every companion is. A companion is an order like any other,
with its own provider, deadlines and proof; what it says is a line on the demand's timeline and moves nothing.
"""

from dataclasses import dataclass

from services.contracts.ids import companion_id
from services.contracts.values import replace
from services.matching.domain.lifecycle import OVER, OrderStatus, OrderStep
from services.matching.domain.orders import Order
from services.matching.domain.parts import Called, Who
from services.matching.domain.refusals import CannotReceive, TooManyCompanions

COMPANIONS_MAX = 20

_NEED_NOT_WAITED_FOR = (OrderStatus.COMPLETED, OrderStatus.VERIFIED, *OVER)


@dataclass(frozen=True, slots=True)
class Call:
    """Who is called, and to which part of the matter."""

    who: Who
    part: str


def called(lead: Order, call: Call) -> tuple[Order, Order]:
    """Return the lead with one companion more, and the companion, which is not yet sent to anybody.

    Raises:
        StepNotAllowed: nobody leads yet, or the work is done.
        CannotReceive: it is a companion itself, or who is called has the matter already.
        TooManyCompanions: enough is enough.
    """
    after = lead.after_step(OrderStep.CALL)
    lead.must_not_be_accused(call.who.id)
    present = {known.provider for known in lead.called if not known.over}
    if lead.lead or call.who.id in present or (lead.provider and call.who.id == lead.provider.id):
        raise CannotReceive(provider=call.who.id)
    if len(lead.called) >= COMPANIONS_MAX:
        raise TooManyCompanions(most=COMPANIONS_MAX)
    companion = Order(
        id=companion_id(lead.id, len(lead.called) + 1),
        demand=lead.demand,
        text=lead.text,
        title=lead.title,
        compound=lead.compound,
        asked_by=lead.asked_by,
        category=call.part,
        confidence=lead.confidence,
        because="",
        candidates=(),
        status=OrderStatus.PROPOSED,
        created_at=lead.created_at,
        about=lead.about,
        urgent=lead.urgent,
        finish_due_at=lead.finish_due_at,
        heard=lead.heard,
        lead=lead.id,
        part=call.part,
    )
    entry = Called(companion.id, call.who.id, call.part)
    return replace(after, called=(*lead.called, entry)), companion


def with_companion(lead: Order, companion: Order) -> Order:
    """Return the lead knowing how a companion stands; the same lead when nothing changed for it."""
    over = companion.status in _NEED_NOT_WAITED_FOR
    provider = companion.provider.id if companion.provider else ""
    known = next((entry for entry in lead.called if entry.order == companion.id), None)
    if known is None or (known.over, known.provider) == (over, provider):
        return lead
    entries = (
        replace(entry, over=over, provider=provider) if entry is known else entry for entry in lead.called
    )
    return replace(lead, called=tuple(entries))
