"""A changed value is the one that the standard library makes."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.values import replace


@dataclass(frozen=True, slots=True)
class Few:
    """A value as the domain has them."""

    a: int
    b: str = "b"
    c: tuple[int, ...] = ()
    d: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Loose:
    """One without slots."""

    a: int
    b: int = 0


@dataclass(slots=True)
class Careful:
    """One that looks at what it is given."""

    a: int
    b: int = 0

    def __post_init__(self) -> None:
        if self.a < 0:
            raise ValueError(self.a)


@given(
    st.builds(Few, st.integers(), st.text(), st.tuples(st.integers())),
    st.fixed_dictionaries({}, optional={"a": st.integers(), "b": st.text(), "c": st.just((1, 2))}),
)
def test_it_is_what_the_library_makes_and_leaves_the_first_alone(value: Few, changes: dict[str, Any]) -> None:
    before = dataclasses.astuple(value)
    changed = replace(value, **changes)
    assert changed == dataclasses.replace(value, **changes)
    assert type(changed) is Few
    assert dataclasses.astuple(value) == before
    assert hash(changed.c) == hash(dataclasses.replace(value, **changes).c)


@pytest.mark.parametrize("value", [Few(1), Loose(1), Careful(1)])
def test_what_has_no_such_field_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        replace(value, nothing=1)


def test_what_looks_at_its_fields_still_does() -> None:
    assert replace(Careful(1), b=2) == Careful(1, 2)
    with pytest.raises(ValueError, match="-1"):
        replace(Careful(1), a=-1)


def test_a_frozen_value_stays_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        replace(Few(1), a=2).a = 3  # type: ignore[misc]
