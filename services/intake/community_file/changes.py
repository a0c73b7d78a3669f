"""What a new community file adds, removes and changes, for a person to approve and a program to count."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from services.contracts.community_file import CommunityFile, Entry

Kind = Literal["added", "removed", "changed"]

_SECTION_NAMES: Mapping[str, str] = {
    "community": "社区",
    "compounds": "小区",
    "venues": "场所",
    "units": "共建单位",
    "partners": "合伙人",
    "contracts": "契约",
    "points": "积分规则",
    "routing": "派单规则",
    "deadlines": "办理时限",
    "voices": "热点规则",
    "lines": "应急电话",
    "duty": "应急值班名单",
    "grid_workers": "网格员",
    "confidential_readers": "举报保密查阅人",
    "supervisor": "监督人",
}
_LISTS = ("compounds", "venues", "units", "partners", "contracts")
LIST = "名单"
_VERBS: Mapping[Kind, str] = {"added": "新增", "removed": "删除", "changed": "修改"}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    `id` is empty for sections without ids; `field`, `before` and `after` (plain JSON values) are set
    for kind "changed" alone; `name` is what people call the entry.
    """

    kind: Kind
    section: str
    id: str
    name: str
    field: str = ""
    before: object = None
    after: object = None

    def __str__(self) -> str:
        entry = f"“{self.name}”" if self.name else ""
        subject = f"{_VERBS[self.kind]}{_SECTION_NAMES[self.section]}{entry}"
        if self.kind != "changed":
            return subject
        return f"{subject}的 {self.field}：{_shown(self.before)} → {_shown(self.after)}"


def diff_community_files(old: CommunityFile | None, new: CommunityFile) -> tuple[Change, ...]:
    """The changes from old to new in the order of the format; with no old file, everything is added."""
    return tuple(_changes(old, new))


def _changes(old: CommunityFile | None, new: CommunityFile) -> Iterator[Change]:
    for section in _SECTION_NAMES:
        before = _entries(section, old)
        after = _entries(section, new)
        yield from (_whole("removed", section, i, entry) for i, entry in before.items() if i not in after)
        for entry_id, entry in after.items():
            if entry_id in before:
                yield from _fields(section, entry_id, before[entry_id], entry)
            else:
                yield _whole("added", section, entry_id, entry)


def _entries(section: str, file: CommunityFile | None) -> dict[str, Any]:
    """The entries of a section by id; a section that is one entry has it under the empty id."""
    held = getattr(file, section) if file else None
    if held is None:
        return {}
    return {entry.id: entry for entry in held} if section in _LISTS else {"": held}


def _whole(kind: Kind, section: str, entry_id: str, entry: Entry) -> Change:
    return Change(kind, section, entry_id, getattr(entry, "name", entry_id))


def _fields(section: str, entry_id: str, old: Any, new: Any) -> Iterator[Change]:
    if not isinstance(new, Entry):
        listed, lists = _plain(old), _plain(new)
        if listed != lists:
            yield Change("changed", section, entry_id, "", LIST, listed, lists)
        return
    name = getattr(new, "name", entry_id)
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    for field, value in after.items():
        if value != before[field]:
            yield Change("changed", section, entry_id, name, field, before[field], value)


def _plain(value: Any) -> Any:
    """A section that is no entry, as a name or a list of names or entries, in plain JSON values."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Entry):
        return value.model_dump(mode="json", include=set(type(value).model_fields))
    return value


def _shown(value: object) -> str:
    if value is None or value in ("", []):
        return "（空）"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(_shown(item) for item in value)
    if isinstance(value, dict):
        return "，".join(f"{key} {_shown(item)}" for key, item in value.items())
    return str(value)
