"""The operator's commands, run as an operator runs them."""

import asyncio

from typer.testing import CliRunner, Result

from services.cli.main import app
from services.composition import Settings


async def sandan(settings: Settings, *words: str) -> Result:
    """Run a command for a deployment: in a process of its own, as far as its loop is concerned."""
    given = {
        "SANDAN_AMQP_URL": settings.amqp_url or "",
        "SANDAN_MONGO_URL": settings.mongo_url or "",
        "SANDAN_DATABASE_PREFIX": settings.database_prefix,
        "SANDAN_BUS_PREFIX": settings.bus_prefix,
        "SANDAN_PARTITIONS": str(settings.partitions),
    }
    return await asyncio.to_thread(CliRunner().invoke, app, list(words), env=given)
