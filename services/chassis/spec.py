"""A service before it runs: its name, its collections, and how its parts are put together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from prometheus_client import Histogram

from services.chassis.batches import Batches, Documents
from services.chassis.documents import Collection, Watched
from services.chassis.http.web import Route
from services.chassis.mongo import Store
from services.chassis.processor import Beside
from services.chassis.settings import Settings
from services.chassis.streams import EffectOf, Positions
from services.chassis.supervision import PeriodicJob

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True)
class ServiceContext:
    """What a service is built with.

    Arguments:
        batches: run the works of its jobs; None where only its routes are wanted.
        documents: what the batches read and write: the store, or what the spec put before it.
    """

    settings: Settings
    store: Store
    batches: Batches | None = None
    documents: Documents | None = None

    def settings_as(self, kind: type[S]) -> S:
        """Return the settings with what a service declares for itself.

        Raises:
            TypeError: whoever runs the service has left its settings out.
        """
        if not isinstance(self.settings, kind):
            raise TypeError(f"{type(self.settings).__name__} does not include {kind.__name__}")
        return self.settings


@dataclass(frozen=True, slots=True)
class ServiceParts:
    """What a service consists of.

    Arguments:
        routes: of its HTTP API.
        effects: what it does about which event.
        jobs: what it does by itself.
        watched: what should never wait for long.
        measures: what its decisions measure, by the name that they give it.
        beside: what it does about a family of events beside the way of everything else.
        positions: where it keeps how far it has come in the streams that it hears.
        kept_days: collection → for how long its documents are kept; 0: for ever.
    """

    routes: Sequence[Route]
    effects: Mapping[str, EffectOf]
    jobs: Sequence[PeriodicJob] = ()
    watched: Sequence[Watched] = ()
    measures: Mapping[str, Histogram] = field(default_factory=dict)
    beside: Beside | None = None
    positions: Positions = field(default_factory=Positions)
    kept_days: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """A service before it runs: its name, its collections, and how its parts are put together.

    Arguments:
        before_store: makes what batches read and write through in place of the store itself.
    """

    name: str
    collections: Sequence[Collection[Any]]
    build: Callable[[ServiceContext], ServiceParts]
    before_store: Callable[[Store], Documents] | None = None
