"""The same town twice: over documents in memory that decide everything twice, and over the real database."""

from collections.abc import AsyncIterator, Mapping

import pytest

from services.chassis.batches import Documents
from services.devserver import Servers
from tests.support.lessons import found
from tests.support.town import Town
from tests.support.towns import Towns, stores_on


@pytest.fixture(scope="session")
async def stores(servers: Servers) -> AsyncIterator[Mapping[str, Documents]]:
    """The stores that all towns in the database share."""
    async with stores_on(servers) as stores:
        yield stores


@pytest.fixture(params=["memory", pytest.param("mongo", marks=pytest.mark.slow)])
def towns(request: pytest.FixtureRequest) -> Towns:
    """A maker of towns, over either kind of documents."""
    return Towns(None if request.param == "memory" else request.getfixturevalue("stores"))


@pytest.fixture
async def town(towns: Towns) -> Town:
    """A town of the test's own."""
    return await towns.found()


@pytest.fixture
async def wide(towns: Towns) -> Town:
    """A town whose providers have room for everything."""
    return await found(towns)
