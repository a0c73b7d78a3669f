"""What tests at the edges of the house share."""

import pytest

from tests.support.running import Running


@pytest.fixture
async def clean(running: Running) -> Running:
    """The module's house with empty parking lots."""
    for store in running.stores.values():
        await store.plain("parked").delete({})
        await store.plain("parked_actions").delete({})
    return running
