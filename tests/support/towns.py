"""Towns over either kind of documents, and the stores of those in the database."""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

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


@asynccontextmanager
async def stores_on(servers: Servers) -> AsyncIterator[Mapping[str, Documents]]:
    """Provide the four services' stores of a deployment of their own; they are dropped at the end."""
    settings = Deployments(servers, Keys()).new()
    client = open_client(servers.mongo_url)
    stores = {name: Store(client, f"{settings.database_prefix}_{name}") for name in SPECS}
    for name, store in stores.items():
        await store.prepare([*SPECS[name].collections, STREAMS], {"outbox": INDEXES})
    yield stores
    for store in stores.values():
        await store.drop()
    client.close()
