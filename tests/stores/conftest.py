"""A store of the test's own on the real database."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.chassis.mongo import Store, open_client
from services.chassis.outbox import INDEXES
from services.composition import Settings
from services.devserver import Servers
from tests.stores.things import COLLECTIONS


@pytest.fixture
async def store(servers: Servers, settings: Settings) -> AsyncIterator[Store]:
    """A store with the collections of the tests."""
    client = open_client(servers.mongo_url)
    store = Store(client, f"{settings.database_prefix}_things")
    await store.prepare(COLLECTIONS, {"outbox": INDEXES, "parked": ()})
    yield store
    await store.drop()
    await asyncio.to_thread(client.close)
