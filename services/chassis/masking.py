"""The one place through which every announcement and every answer passes: people's numbers are hidden in it.

Every string of a message or view is people's words unless its field is named among the references; so a field
that somebody adds is masked without anybody thinking of it.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel

from services.contracts.community_file import CommunityFile
from services.language.dangers import LINES
from services.language.masks import digits_of, masked, numbers_in

M = TypeVar("M", bound=BaseModel)
Public = frozenset[str]
Hide = Callable[[Any, Public], Any]

IN_FULL = "in_full"

REFERENCES = frozenset(
    {
        "id",
        "actor",
        "asked_by",
        "booked_by",
        "booking",
        "bookings",
        "by",
        "category",
        "chained",
        "chosen_by",
        "community",
        "companion",
        "credit",
        "debit",
        "debit_seal",
        "compound",
        "compounds",
        "danger_kind",
        "demand",
        "demands",
        "due_on",
        "endorsed_by",
        "field",
        "head",
        "hold",
        "into",
        "issue",
        "kind",
        "lead",
        "left",
        "merged",
        "merged_from",
        "merged_into",
        "next",
        "order",
        "parted_from",
        "partner",
        "reversed",
        "role",
        "room",
        "rule",
        "seal",
        "section",
        "series",
        "slug",
        "subject",
        "told",
        "to",
        "transfer",
        "unmerged",
        "carried",
        "askers",
        "unsigned",
        "accused",
        "account",
        "call",
        "stands_for",
    }
)
"""Fields that name something and hold nobody's words; a reference may be all digits."""


def hidden(model: M, public: Public = frozenset()) -> M:
    """Return a model with the numbers of people masked in its words; itself where there are none.

    A model whose class says `in_full` stays as it is, with all that is in it: the catalogue, which everybody
    may call, and what is shown to those who wrote it or need it.

    Arguments:
        public: numbers that are meant to be called, digits alone.
    """
    changes = {}
    for name, hide in _plan(type(model)):
        before = getattr(model, name, None)
        if before is not None and (after := hide(before, public)) is not before:
            changes[name] = after
    return model.model_copy(update=changes) if changes else model


@cache
def _plan(model: type[BaseModel]) -> tuple[tuple[str, Hide], ...]:
    """Return the fields of a model that may hold words, with how each is looked through."""
    if getattr(model, IN_FULL, False):
        return ()
    found = ((name, _of_type(field.annotation)) for name, field in model.model_fields.items())
    plan = [(name, hide) for name, hide in found if hide is not None]
    return tuple((name, hide) for name, hide in plan if name not in REFERENCES or not _is_of_text(hide))


def _is_of_text(hide: Hide) -> bool:
    """Whether it looks through strings alone, one or a list of them."""
    return hide is _text or hide is _each(_text)


def words_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the names of a model's own fields that are looked through."""
    return tuple(name for name, _ in _plan(model))


def _of_type(given: Any) -> Hide | None:
    origin, parts = get_origin(given), get_args(given)
    if origin in (Annotated, Union, UnionType):
        return next((hide for part in parts if (hide := _of_type(part)) is not None), None)
    if origin in (list, tuple):
        inner = _of_type(parts[0])
        return _each(inner) if inner else None
    if origin in (dict, Mapping):
        return _entries
    return _anything if given is Any else _of_class(given) if isinstance(given, type) else None


def _of_class(given: type[Any]) -> Hide | None:
    if issubclass(given, BaseModel):
        return hidden
    return _text if issubclass(given, str) and not issubclass(given, Enum) else None


def _text(value: Any, public: Public) -> Any:
    if not isinstance(value, str):
        return _anything(value, public)
    after = masked(value, public)
    return value if after == value else after


@cache
def _each(hide: Hide) -> Hide:
    def each(values: Any, public: Public) -> Any:
        after = [hide(value, public) for value in values]
        same = all(one is other for one, other in zip(after, values, strict=True))
        return values if same else type(values)(after)

    return each


def _entries(values: Any, public: Public) -> Any:
    after = {_anything(key, public): _anything(value, public) for key, value in values.items()}
    return values if after == values else after


def _anything(value: Any, public: Public) -> Any:
    if isinstance(value, str):
        return _text(value, public)
    if isinstance(value, BaseModel):
        return hidden(value, public)
    if isinstance(value, dict):
        return _entries(value, public)
    if isinstance(value, list | tuple):
        return _each(_anything)(value, public)
    return value


def lines_of(file: CommunityFile) -> dict[str, str]:
    """Return a community's own emergency lines: name → number."""
    given = {name: getattr(file.lines, name) for name in LINES}
    return {name: number for name, number in given.items() if isinstance(number, str)}


def public_numbers_of(file: CommunityFile) -> frozenset[str]:
    """Return what a file says is meant to be called, digits alone: desks, lines, and numbers in duties."""
    providers = (*file.units, *file.partners)
    phones = [phone for provider in providers for phone in provider.phones]
    said = [duty for provider in providers for duty in provider.duties]
    found = (numbers_in(duty) for duty in said)
    return digits_of([file.community.service_phone, *phones, *lines_of(file).values()]).union(*found) - {""}
