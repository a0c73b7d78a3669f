"""Who is asked next when a provider declines: the best that the words speak for and that has room."""

from collections.abc import Mapping
from datetime import date

from services.matching.domain.order import Choice, Order
from services.matching.domain.providers import Provider

EVIDENCE = frozenset({"职责", "资源"})
"""Parts of a score that speak for a provider; a contract or free capacity alone is no reason to ask it."""


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
        if known is not None and _is_a_reason_to_ask(choice) and _has_room(known, taken, on):
            return choice
    return None


def _is_a_reason_to_ask(choice: Choice) -> bool:
    return any(part.name in EVIDENCE for part in choice.parts)


def _has_room(provider: Provider, taken: Mapping[str, int], on: date) -> bool:
    return provider.takes_orders_since <= on and taken.get(provider.id, 0) < provider.capacity
