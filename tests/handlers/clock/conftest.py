"""A database for those who look after every community that they find."""

from collections.abc import AsyncIterator, Mapping

import pytest

from services.chassis.batches import Documents
from services.devserver import Servers
from services.matching.store.orders import ORDERS
from tests.support.towns import stores_on


@pytest.fixture(scope="module")
async def stores(servers: Servers) -> AsyncIterator[Mapping[str, Documents]]:
    """A database of this module's own: a timekeeper looks after every community that it finds."""
    async with stores_on(servers) as stores:
        yield stores


@pytest.fixture(autouse=True)
async def _nothing_left_behind(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    yield
    if "mongo" in request.node.name:
        store = request.getfixturevalue("stores")["matching"]
        await store.plain(ORDERS.name).delete({})
