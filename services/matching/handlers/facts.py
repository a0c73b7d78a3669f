"""What the facts about an order say: its fields, its provider, and what a notice tells of it."""

from datetime import date
from typing import Any

from services.chassis.work import UnitOfWork
from services.matching.domain.orders import Order
from services.matching.domain.parts import Who
from services.matching.domain.refusals import CannotReceive
from services.matching.handlers.context import Matching
from services.matching.routing.models import CommunityModel
from services.matching.views.messages import provider_ref

TOLD_CHARACTERS = 60


def notice_fields(
    matching: Matching, uow: UnitOfWork, order: Order, *, to_provider: bool = False
) -> dict[str, Any]:
    """Return what a notice of an order says of it: what, where, until when.

    Arguments:
        to_provider: for the one who has it; all staff read others, but not what accuses the community.
    """
    model = matching.model(uow)
    if not to_provider and order.heard.is_wrongdoing:
        return {"place": model.place_name(order.compound), "finish_due_on": _day(model, order)}
    whole = f"{order.title}：{order.text}" if order.title else order.text
    short = whole if len(whole) <= TOLD_CHARACTERS else f"{whole[:TOLD_CHARACTERS]}…"
    words = {"text": short, "place": model.place_name(order.compound)}
    return {**words, "finish_due_on": _day(model, order)}


def _day(model: CommunityModel, order: Order) -> date | None:
    return model.limits.day_of(order.finish_due_at) if order.finish_due_at else None


def order_fields(order: Order) -> dict[str, Any]:
    """Return the fields that every fact about an order has."""
    words = {"order": order.id, "demand": order.demand, "asked_by": order.asked_by}
    return {**words, "part": order.part} if order.part else words


def provider_fields(order: Order) -> dict[str, Any]:
    """Return the fields of a fact about an order and its provider."""
    return {**order_fields(order), "provider": provider_ref(provider_of(order))}


def provider_of(order: Order) -> Who:
    """Return who has the order.

    Raises:
        CannotReceive: nobody has it.
    """
    if order.provider is None:
        raise CannotReceive
    return order.provider
