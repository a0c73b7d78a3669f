"""What matching shows of providers."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from services.chassis.http.bodies import View
from services.matching.routing.models import CommunityModel


class ProviderView(View):
    """A provider with what it carries."""

    in_full: ClassVar[bool] = True

    id: str
    name: str
    kind: str
    duties: list[str]
    capacity: int
    open_orders: int
    takes_orders: bool


class ProviderList(View):
    """All providers of a community."""

    items: list[ProviderView]


def provider_list(model: CommunityModel, taken: Mapping[str, int], at: datetime) -> ProviderList:
    """Return a community's providers with what each carries at the moment."""
    return ProviderList(
        items=[
            ProviderView(
                id=provider.id,
                name=provider.name,
                kind=provider.kind,
                duties=list(provider.duties),
                capacity=provider.capacity,
                open_orders=taken.get(provider.id, 0),
                takes_orders=model.takes_orders(provider, at),
            )
            for provider in model.providers.values()
        ]
    )
