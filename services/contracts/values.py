"""Frozen values, changed: as `dataclasses.replace` does it, several times faster for many fields."""

import dataclasses
from collections.abc import Callable, Mapping
from functools import cache
from operator import attrgetter
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

T = TypeVar("T")


class _Fields(NamedTuple):
    """How the fields of a class with slots are read, all at once, and written, in the same order."""

    places: Mapping[str, int]
    read: Callable[[Any], tuple[Any, ...]]
    write: tuple[Callable[[Any, Any], None], ...]


if TYPE_CHECKING:  # the type checker knows the fields of a class by the library's own name
    from dataclasses import replace
else:

    def replace(value: T, /, **changes: Any) -> T:
        """Return a dataclass's value with some fields changed.

        Raises:
            TypeError: it has no such field.
        """
        kind = type(value)
        fields = _fields_of(kind)
        if fields is None:
            return dataclasses.replace(value, **changes)
        present = list(fields.read(value))
        for name, change in changes.items():
            place = fields.places.get(name)
            if place is None:
                raise TypeError(f"{kind.__name__} has no {name}")
            present[place] = change
        new = object.__new__(kind)
        for write, field in zip(fields.write, present, strict=True):
            write(new, field)
        return new


@cache
def _fields_of(kind: type) -> _Fields | None:
    """Return the fields of a dataclass with slots; None where making one does more than to write them."""
    fields = dataclasses.fields(kind)
    slots = [getattr(kind, field.name, None) for field in fields]
    plain = [slot.__set__ for slot in slots if isinstance(slot, MemberDescriptorType)]
    if len(fields) < 2 or len(plain) < len(fields) or hasattr(kind, "__post_init__"):
        return None
    names = [field.name for field in fields]
    return _Fields({name: n for n, name in enumerate(names)}, attrgetter(*names), tuple(plain))


__all__ = ["replace"]
