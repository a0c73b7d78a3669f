"""A service before it runs: its name, its shelves, and how its parts are put together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.chassis.batches import Batches, Documents
from services.chassis.http.web import Route
from services.chassis.mongo import Store
from services.chassis.settings import Settings
from services.chassis.shelf import Shelf, Watched
from services.chassis.streams import EffectOf
from services.chassis.supervision import Chore


@dataclass(frozen=True, slots=True)
class Kit:
    """What a service is built with.

    Arguments:
        batches: run the works of its chores; None where only its routes are wanted.
        documents: what the batches read and write: the store, or what the blueprint put before it.
    """

    settings: Settings
    store: Store
    batches: Batches | None = None
    documents: Documents | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """What a service consists of.

    Arguments:
        routes: its doors over HTTP.
        effects: what it does about which event.
        chores: what it does by itself.
        watched: what should never wait for long.
    """

    routes: Sequence[Route]
    effects: Mapping[str, EffectOf]
    chores: Sequence[Chore] = ()
    watched: Sequence[Watched] = ()


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A service before it runs: its name, its shelves, and how its parts are put together.

    Arguments:
        before_store: makes what batches read and write through in place of the store itself.
    """

    name: str
    shelves: Sequence[Shelf[Any]]
    build: Callable[[Kit], Parts]
    before_store: Callable[[Store], Documents] | None = None
