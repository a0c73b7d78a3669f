"""What the operator's commands have in common: a deployment, as the environment names it."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import typer
import uvloop
from rich.console import Console

from services.chassis.bus import BrokerConnection, BusPublisher, ServiceExchange
from services.chassis.failures import Away, TooSlow
from services.chassis.mongo import Store, open_client
from services.chassis.outbox import NotTaken
from services.chassis.topology import Names
from services.composition import SERVICES, Settings

PIPED_WIDTH = 200


def wide_console() -> Console:
    """Return a console that does not break tables where there is no terminal: in a pipe, in a container."""
    watched = Console()
    return watched if watched.is_terminal or "COLUMNS" in os.environ else Console(width=PIPED_WIDTH)


@dataclass(frozen=True, slots=True)
class Tools:
    """A deployment as an operator reaches it.

    Arguments:
        stores: service → its database.
        link: to the broker.
    """

    settings: Settings
    stores: dict[str, Store]
    link: BrokerConnection
    publisher: BusPublisher

    @property
    def names(self) -> Names:
        """Return the names on the bus."""
        return Names(self.settings.bus_prefix)

    def exchange(self, service: str) -> ServiceExchange:
        """Return how a service speaks; the operator may speak for each."""
        return ServiceExchange(service, self.publisher, self.names, lambda _: None)


@asynccontextmanager
async def tools() -> AsyncIterator[Tools]:
    """Provide the deployment that SANDAN_AMQP_URL and SANDAN_MONGO_URL name."""
    settings = Settings()
    if not settings.mongo_url or not settings.amqp_urls:
        raise typer.BadParameter("set SANDAN_AMQP_URL and SANDAN_MONGO_URL to those of the deployment")
    client = open_client(settings.mongo_url, call_seconds=settings.database_seconds)
    link = BrokerConnection(settings, "sandan operator")
    try:
        stores = {name: Store(client, f"{settings.database_prefix}_{name}") for name in SERVICES}
        yield Tools(settings, stores, link, BusPublisher(link, settings.broker_seconds))
    finally:
        await link.close()
        client.close()


def with_tools(action: Callable[[Tools], Awaitable[None]]) -> None:
    """Run an action; what does not answer, or says no, ends it with a sentence and status 2."""

    async def run() -> None:
        async with tools() as given:
            await action(given)

    try:
        uvloop.run(run())
    except (Away, TooSlow, NotTaken) as error:
        Console(stderr=True).print(f"no answer: {error}", markup=False)
        raise typer.Exit(2) from error
