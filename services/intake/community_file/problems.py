"""What can be wrong with a community file, and where: one Problem per mistake, all of them in one refusal."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

from services.contracts.refusal import Invalid

PROBLEMS_MAX = 1_000
"""Problems told in one refusal; the detail names the true number."""

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake. `line` and `column` count from 1; `field` is empty where the whole file is meant."""

    file: str
    line: int
    column: int
    field: str
    reason: str

    def __str__(self) -> str:
        subject = f"{self.field}：" if self.field else ""
        return f"{self.file}:{self.line}:{self.column} {subject}{self.reason}"


class CommunityFileInvalid(Invalid):
    """The file cannot be read as a community; `problems` lists every mistake in the order of the file."""

    slug: ClassVar[str] = "community_file_invalid"
    title: ClassVar[str] = "社区文件有误"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))[:PROBLEMS_MAX]
        detail = f"社区文件有 {len(problems)} 处错误；第一处：{self.problems[0]}"
        super().__init__(detail, problems=[asdict(problem) for problem in self.problems])


def field_path(location: Location) -> str:
    """As people write it: ("partners", 3, "capacity") → partners[3].capacity."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path
