"""A store of the test's own on the real database."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.chassis.mongo import Store, open_client
from services.chassis.outbox import INDEXES
from services.devserver import Servers
from services.house import Settings
from tests.stores.things import SHELVES


@pytest.fixture
async def store(servers: Servers, settings: Settings) -> AsyncIterator[Store]:
    """A store with the shelves of the tests."""
    client = open_client(servers.mongo_url)
    store = Store(client, f"{settings.database_prefix}_things")
    await store.prepare(SHELVES, {"outbox": INDEXES, "parked": ()})
    yield store
    await store.drop()
    await asyncio.to_thread(client.close)
