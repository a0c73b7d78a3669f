"""Demands to route, and labelled ones to learn from, as lines of JSON."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from services.matching.domain.matter import Matter

TEXT_CHARACTERS_MAX = 100_000


def _as_text(given: object) -> object:
    """A number is as good an id as its digits."""
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


def _aware(given: object) -> object:
    """A moment without an offset is taken as UTC."""
    if isinstance(given, str):
        try:
            moment = datetime.fromisoformat(given)
        except ValueError:
            return given
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return given


Id = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=200)]


class DemandLine(BaseModel):
    """A demand to route; other fields are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Id
    text: str = Field(max_length=TEXT_CHARACTERS_MAX)
    title: str | None = Field(default=None, max_length=TEXT_CHARACTERS_MAX)
    compound: str | None = None
    at: Annotated[AwareDatetime, BeforeValidator(_aware)] | None = None


class LabelledLine(DemandLine):
    """The same, with the id of the provider that was right."""

    provider: str


def matter_of(line: DemandLine, places: Mapping[str, str]) -> Matter:
    """Return what the router reads; a place that the community does not have counts as none."""
    return Matter(line.text, line.title, places.get(line.compound) if line.compound else None)
