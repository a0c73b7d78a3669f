"""An order over HTTP, as far as a provider has accepted it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.client import Visitor
from tests.support.running import Running


async def settled_rows(running: Running) -> dict[str, Any]:
    """Return everything that is kept, once nothing moves any more."""
    await running.drained()
    return await running.rows()


@asynccontextmanager
async def nothing_changes(running: Running) -> AsyncIterator[None]:
    """Fail when anything that is kept is another at the end."""
    before = await settled_rows(running)
    yield
    assert await settled_rows(running) == before


async def accepted_order(running: Running) -> tuple[Visitor, str]:
    """Return whoever has an order, and the order, just accepted."""
    demand = await running.submitted("孩子看黑板看不清，能不能组织一次视力筛查", "binhe-jiayuan")
    optician = running.partner("yiming-optical")
    (await optician.post(f"/orders/{demand['order']}/accept")).ok()
    return optician, demand["order"]
