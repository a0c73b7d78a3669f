"""Reading what another release wrote: what nobody knows here is kept, what has been widened is taken.

A person's file is read strictly, at the door. What stands in a message or in a store has been through a
door already, perhaps that of a newer release: it is not checked again, and what a newer release added
neither stops an older one nor is lost when the older one keeps it.
"""

from collections.abc import Callable
from functools import cache, lru_cache, reduce
from operator import or_
from types import GenericAlias, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

import structlog
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, WithJsonSchema, create_model
from pydantic.fields import FieldInfo
from pydantic.functional_validators import WrapValidator
from pydantic_core import PydanticUndefined

M = TypeVar("M", bound=BaseModel)
Reader = Callable[[Any], Any]

log = structlog.get_logger()

_ANY_WORD = WithJsonSchema({"type": "string"})


class _Keeping(BaseModel):
    """Fields that the model does not know stay on it, and are written again with it."""

    model_config = ConfigDict(extra="allow")


@cache
def tolerant(model: type[M]) -> type[M]:
    """Return a subclass of a model that reads what any release wrote.

    - Fields nobody knows are kept, at every depth, and written again.
    - Bounds, lengths, patterns and checks of the model are not applied.
    - A word of a closed list (`Literal`) that nobody knows gives way to the field's default. Where there is
      none, or anything else cannot be read, the line it stands in is left out of its list; the log says so.
    - What is in no list and has no default must be there and readable.
    """
    fields: dict[str, Any] = {name: _field(field) for name, field in model.model_fields.items()}
    made = create_model(
        model.__name__, __base__=(model, _Keeping), __module__=__name__, __doc__=model.__doc__, **fields
    )
    return cast(type[M], made)


def _field(field: FieldInfo) -> tuple[Any, Any]:
    type_ = _type(field.annotation)
    if field.default_factory is not None:
        return type_, Field(default_factory=field.default_factory, description=field.description)
    if field.default is PydanticUndefined:
        return type_, Field(description=field.description)
    # The default is of the strict model; here it has to be of this one.
    default = TypeAdapter(type_).validate_python(TypeAdapter(Any).dump_python(field.default))
    if get_origin(_bare(field.annotation)) is Literal:
        type_ = Annotated[type_, WrapValidator(_word_or(default))]
    return type_, Field(default=default, description=field.description)


def _type(given: Any) -> Any:
    """Return a type without its bounds, its models tolerant and its lists forgiving."""
    bare = _bare(given)
    origin, parts = get_origin(bare), get_args(bare)
    if origin is Literal:
        return Annotated[bare, _ANY_WORD]
    if origin is tuple:
        return Annotated[GenericAlias(tuple, (_type(parts[0]), ...)), WrapValidator(_what_is_readable)]
    if origin is dict:
        return GenericAlias(dict, (_type(parts[0]), _type(parts[1])))
    if origin in (Union, UnionType):
        return reduce(or_, map(_type, parts))
    return tolerant(bare) if isinstance(bare, type) and issubclass(bare, BaseModel) else bare


def _bare(given: Any) -> Any:
    return _bare(get_args(given)[0]) if get_origin(given) is Annotated else given


def _word_or(default: Any) -> Callable[[Any, Reader], Any]:
    def read(given: Any, as_known: Reader) -> Any:
        try:
            return as_known(given)
        except ValidationError as error:
            _say_left_out(_rules(error))
            return default

    return read


def _what_is_readable(given: Any, read: Reader) -> Any:
    """Return the list, without what this release cannot read of it."""
    try:
        return read(given)
    except ValidationError:
        if not isinstance(given, list | tuple):
            raise
    kept: list[Any] = []
    for item in given:
        try:
            kept.extend(read([item]))
        except ValidationError as error:
            _say_left_out(_rules(error))
    return tuple(kept)


def _rules(error: ValidationError) -> str:
    """Name fields and rules, never values."""
    rows = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, row['loc']))}: {row['type']}" for row in rows[:5])


@lru_cache(maxsize=1_000)
def _say_left_out(what: str) -> None:
    """Say it once; the same file is read again and again."""
    log.warning("left_out_as_unreadable", what=what)
