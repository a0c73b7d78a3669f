"""Who is asked next when a provider declines: the best that the words speak for and that has room."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Protocol

from services.matching.domain.order import Order
from services.matching.domain.parts import Choice
from services.matching.domain.providers import Provider

EVIDENCE = {"职责": 0.0, "资源": 0.0, "意思": 0.25, "事项": 0.25, "经验": 0.25}
"""Parts that speak for a provider when they are above this: a hint of a wish or affair is none; a contract or
free capacity alone is no reason to ask it."""


def next_after_decline(
    order: Order, providers: Mapping[str, Provider], taken: Mapping[str, int], on: date
) -> Choice | None:
    """Return the next candidate, or None when the matter goes back to staff.

    Arguments:
        order: after the decline, so that it knows who need not be asked again.
        providers: as the catalogue has them now; who is gone is not asked.
        taken: open orders by provider.
        on: the day, in the community's time zone.
    """
    for choice in order.next_choices():
        known = providers.get(choice.provider.id)
        if known is not None and speaks_for(choice.parts) and _has_room(known, taken, on):
            return choice
    return None


class Named(Protocol):
    """A part of a score."""

    @property
    def name(self) -> str: ...

    @property
    def value(self) -> float: ...


def speaks_for(parts: Iterable[Named]) -> bool:
    """Return whether words or experience speak for somebody, not its contract or free hands alone."""
    return any(part.value > EVIDENCE[part.name] for part in parts if part.name in EVIDENCE)


def _has_room(provider: Provider, taken: Mapping[str, int], on: date) -> bool:
    return provider.takes_orders_since <= on and taken.get(provider.id, 0) < provider.capacity
