"""What goes in and out: the bodies of writes, the queries and pages of lists, and what is shown."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from services.contracts.words import ThingId
from services.language.masks import is_visible

T = TypeVar("T")
V = TypeVar("V", bound="Listed")


class Command(BaseModel):
    """The body of a write: a field nobody knows is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    @field_validator("*")
    @classmethod
    def _is_seen(cls, given: Any) -> Any:
        if _is_blank(given):
            raise PydanticCustomError("nothing_seen", "there is nothing in it that anybody sees")
        return given


def _is_blank(given: Any) -> bool:
    """Whether there are words in it, at any depth, of which nobody sees anything."""
    if isinstance(given, str):
        return bool(given) and not any(map(is_visible, given))
    if isinstance(given, BaseModel):
        return any(_is_blank(part) for _, part in given)
    if isinstance(given, Mapping):
        return any(map(_is_blank, given))
    return isinstance(given, tuple | list) and any(map(_is_blank, given))


class Empty(Command):
    """Empty JSON body."""


class View(BaseModel):
    """What goes out."""

    model_config = ConfigDict(frozen=True)


class PageQuery(BaseModel):
    """Which part of a list, newest first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: ThingId | None = Field(default=None, description="`next` of the page before")
    limit: int = Field(default=20, ge=1, le=100)


class Listed(Protocol):
    """What a list shows of a thing: at least its id."""

    @property
    def id(self) -> str: ...


def listed(found: Sequence[T], limit: int, view: Callable[[T], V]) -> tuple[list[V], str | None]:
    """Return a page of views, and the id to go on after if there is more.

    Arguments:
        found: newest first, looked for with one more than the limit.
    """
    items = [view(kept) for kept in found[:limit]]
    return items, items[-1].id if len(found) > limit else None
