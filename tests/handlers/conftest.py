"""The same town twice: over documents in memory that decide everything twice, and over the real database."""

import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from services.chassis.batches import Documents
from services.chassis.mongo import Store, open_client
from services.chassis.outbox import INDEXES
from services.chassis.streams import STREAMS
from services.composition import SPECS
from services.contracts.catalogue import SUBSCRIPTIONS
from services.devserver import Servers
from tests.support.deployment import Deployments, Keys, jiwang
from tests.support.documents import MemoryDocuments
from tests.support.town import Town


@dataclass
class Towns:
    """Founds towns; those in the real database share it, each under a name of its own."""

    documents: Mapping[str, Documents] | None

    async def found(self, **points: Any) -> Town:
        """Return a town like Jiwang, with parts of the points rule changed."""
        return await self.unopened(**points).open()

    def unopened(self, **points: Any) -> Town:
        """Return a town whose file nobody has loaded yet."""
        documents = self.documents or {name: MemoryDocuments() for name in SUBSCRIPTIONS}
        return Town(documents, jiwang(f"town-{secrets.token_hex(4)}", **points))


@pytest.fixture(scope="session")
async def stores(servers: Servers) -> AsyncIterator[Mapping[str, Documents]]:
    deployments = Deployments(servers, Keys())
    settings = deployments.new()
    client = open_client(servers.mongo_url)
    stores = {name: Store(client, f"{settings.database_prefix}_{name}") for name in SPECS}
    for name, store in stores.items():
        await store.prepare([*SPECS[name].collections, STREAMS], {"outbox": INDEXES})
    yield stores
    for store in stores.values():
        await store.drop()
    client.close()


@pytest.fixture(params=["memory", pytest.param("mongo", marks=pytest.mark.slow)])
def towns(request: pytest.FixtureRequest) -> Towns:
    """A maker of towns, over either kind of documents."""
    return Towns(None if request.param == "memory" else request.getfixturevalue("stores"))


@pytest.fixture
async def town(towns: Towns) -> Town:
    """A town of the test's own."""
    return await towns.found()
