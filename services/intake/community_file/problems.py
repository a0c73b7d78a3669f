"""What can be wrong with a community file, and where: one Problem per mistake, all of them in one refusal."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

from services.contracts.refusal import Invalid

PROBLEMS_MAX = 50
"""Problems told in one refusal. With one more the reading ends: nobody mends more at a time."""

FieldPath = tuple[str | int, ...]


class WrongCommunity(Invalid):
    """The file is of another community than the address."""

    slug = "wrong_community"
    title = "文件里的社区与地址里的社区不一致"


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
    """The file cannot be read as a community; `problems` lists the mistakes in the order of the file.

    Arguments:
        problems: those that were found, at most `PROBLEMS_MAX`.
        more: whether there are more, which were not looked for.
    """

    slug: ClassVar[str] = "community_file_invalid"
    title: ClassVar[str] = "社区文件有误"

    def __init__(self, problems: Sequence[Problem], *, more: bool = False) -> None:
        self.problems = tuple(sorted(problems))
        self.more = more
        number = (
            f"{len(problems)} 处以上错误，先列出 {len(problems)} 处" if more else f"{len(problems)} 处错误"
        )
        told = [asdict(problem) for problem in self.problems]
        super().__init__(f"社区文件有 {number}；第一处：{self.problems[0]}", problems=told, more=more)


class CommunityFileTooLarge(CommunityFileInvalid):
    """The file has more entries, fields and values than any community; it is not read to its end."""

    slug: ClassVar[str] = "community_file_too_large"
    title: ClassVar[str] = "社区文件内容太多"


class EnoughProblems(Exception):
    """One problem more than are told was found, so that there is no use in looking on."""


def field_path(location: FieldPath) -> str:
    """As people write it: ("partners", 3, "capacity") → partners[3].capacity."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path
