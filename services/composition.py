"""The composition root: all services by name, run together in one process or one by one.

A service is imported when it is first asked for: of the others a process needs no more than the reference,
and that only when somebody wants to read it.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any

import uvloop
from pydantic import ValidationError

from services.chassis.http import openapi
from services.chassis.http.web import Route
from services.chassis.logs import set_up_logs
from services.chassis.mongo import Store, open_client
from services.chassis.runner import PortTaken, ServiceProcess, run_until_signal
from services.chassis.settings import Misconfigured
from services.chassis.spec import ServiceContext, ServiceParts, ServiceSpec
from services.chassis.supervision import Broken
from services.intake.settings import IntakeSettings
from services.matching.settings import MatchingSettings
from services.notify.settings import NotifySettings

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # read when NumPy is imported: what is learnt takes one core
SERVICES = ("intake", "matching", "points", "notify")


class _Specs(Mapping[str, ServiceSpec]):
    """The services by name, each imported when it is first asked for."""

    def __getitem__(self, name: str) -> ServiceSpec:
        if name not in SERVICES:
            raise KeyError(name)
        spec: ServiceSpec = import_module(f"services.{name}.__main__").SPEC
        return spec

    def __iter__(self) -> Iterator[str]:
        return iter(SERVICES)

    def __len__(self) -> int:
        return len(SERVICES)


SPECS: Mapping[str, ServiceSpec] = _Specs()


class Settings(IntakeSettings, MatchingSettings, NotifySettings):
    """Everything that differs between deployments: the machinery's settings and each service's own."""


def process_of(settings: Settings, services: Iterable[str] = SERVICES) -> ServiceProcess:
    """Return a process with the services named, which serves the reference of all."""
    return ServiceProcess(settings, [SPECS[name] for name in services], reference)


@cache
def reference() -> dict[str, Any]:
    """Return the OpenAPI document of all services. No server is asked for it."""
    return openapi.document((name, routes_of(spec)) for name, spec in SPECS.items())


def routes_of(spec: ServiceSpec) -> Sequence[Route]:
    """Return a service's routes without running it."""
    return built_of(spec).routes


def built_of(spec: ServiceSpec) -> ServiceParts:
    """Return what a service consists of, without running it: no job is among it."""
    client = open_client("mongodb://127.0.0.1")  # it connects when it is first used, which is never
    try:
        return spec.build(ServiceContext(Settings(), Store(client, "reference")))
    finally:
        client.close()


async def _run(settings: Settings, services: Iterable[str]) -> None:
    await run_until_signal(process_of(settings, services))


def serve(*services: str) -> None:
    """Run services in this process until SIGTERM, with settings from the environment."""
    try:
        settings = Settings()
    except ValidationError as error:
        sys.exit(f"sandan: {error}")
    if not settings.amqp_urls or not settings.mongo_url:
        sys.exit("sandan: set SANDAN_AMQP_URL and SANDAN_MONGO_URL, or run `sandan up`, which brings both")
    if not settings.token_public_keys:
        sys.exit("sandan: set SANDAN_TOKEN_PUBLIC_KEYS to the PEM of the keys whose tokens are believed")
    set_up_logs(settings.log_level, process="+".join(services))
    try:
        uvloop.run(_run(settings, services))
    except (Broken, Misconfigured, PortTaken) as error:
        sys.exit(f"sandan: {error}")
