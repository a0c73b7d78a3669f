"""Lines of JSON: read one by one into a model, each fault told with its line."""

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError

Line = TypeVar("Line", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line."""

    source: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.what}"


def read_lines(lines: Iterable[bytes], model: type[Line], source: str) -> Iterator[tuple[int, Line | Fault]]:
    """Yield each line that is not empty with its number, parsed or as the fault that it has.

    Arguments:
        lines: UTF-8, with or without a mark at their beginning.
        source: named in faults.
    """
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        try:
            yield number, model.model_validate_json(raw.removeprefix(BOM_UTF8).strip().decode())
        except UnicodeDecodeError:
            yield number, Fault(source, number, "不是 UTF-8 编码")
        except ValidationError as error:
            yield number, Fault(source, number, _told(error))


def _told(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return "不是有效的 JSON"
    where = ".".join(str(part) for part in first["loc"])
    return f"{where or '这一行'} 不符合要求：{first['msg']}"
