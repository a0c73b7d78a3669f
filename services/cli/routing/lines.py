"""Demands and lessons as lines of JSON: read one by one, each fault told with its line."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from services.language.wishes import Wish
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


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line."""

    source: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.what}"


Line = TypeVar("Line", bound=DemandLine)


def read_lines(
    lines: Iterable[str | bytes], model: type[Line], source: str
) -> Iterator[tuple[int, Line | Fault]]:
    """Yield each line that is not empty with its number, parsed or as the fault that it has."""
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        try:
            yield number, model.model_validate_json(raw.strip())
        except ValidationError as error:
            yield number, Fault(source, number, _told(error))


def _told(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


def matter_of(line: DemandLine, places: Mapping[str, str], wishes: tuple[Wish, ...]) -> Matter:
    """Return what the router reads; a place that the community does not have counts as none."""
    return Matter(line.text, line.title, places.get(line.compound) if line.compound else None, wishes)
