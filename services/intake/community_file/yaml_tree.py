"""Plain YAML to plain values, remembering where each stood; refuses what a community file has no use for.

Scalars follow JSON, not YAML 1.1: only true/false/null, integers and decimals are special, so `no` stays
a word and `18:00` stays a time instead of becoming 1080.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import yaml

from services.intake.community_file.problems import (
    PROBLEMS_MAX,
    CommunityFileTooLarge,
    EnoughProblems,
    FieldPath,
    Problem,
    field_path,
)

TEXT_BYTES_MAX = 2_000_000
DEPTH_MAX = 12
"""Levels of nesting; the format needs six."""
NODES_MAX = 60_000
"""Fields, values, lists and groups; a community with 5,000 contracts has as many. They are counted before
anything is made of them. Each alias would be one more, and what it stands for is never put in its place."""

_Loader: type[yaml.CSafeLoader] | type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?[0-9]{1,18}\.[0-9]{1,18}")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_CORE_TAG = "tag:yaml.org,2002:"


class Mark(Protocol):
    """Where a node begins, both counted from 0."""

    @property
    def line(self) -> int: ...

    @property
    def column(self) -> int: ...


@dataclass(slots=True)
class Tree:
    """The values of one text and the mark of each; `problems` grows while it is read."""

    file: str
    value: object = None
    marks: dict[FieldPath, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def report(self, location: FieldPath, reason: str, mark: Mark | None = None) -> None:
        """Add a problem at the mark, or at the nearest thing that has one.

        Raises:
            EnoughProblems: there are as many as are told.
        """
        if len(self.problems) >= PROBLEMS_MAX:
            raise EnoughProblems
        found = mark or self._nearest_mark(location)
        line, column = (found.line + 1, found.column + 1) if found else (1, 1)
        self.problems.append(Problem(self.file, line, column, field_path(location), reason))

    def _nearest_mark(self, location: FieldPath) -> Mark | None:
        for length in range(len(location), -1, -1):
            if location[:length] in self.marks:
                return self.marks[location[:length]]
        return None


def read_tree(tree: Tree, text: str) -> None:
    """Read the text into a tree; where that cannot be, `value` stays None and `problems` says why.

    Raises:
        CommunityFileTooLarge: it has more than `NODES_MAX` nodes.
        EnoughProblems: there are as many as are told.
    """
    if _is_unreadable(tree, text) or _has_forbidden_syntax(tree, text):
        return
    root = yaml.compose(text, Loader=_Loader)
    tree.value = None if root is None else _value(tree, root, ())
    if tree.value is None:
        tree.report((), "文件是空的")


def _is_unreadable(tree: Tree, text: str) -> bool:
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        tree.report((), "不是有效的 UTF-8 文本")
        return True
    if size > TEXT_BYTES_MAX:
        tree.report((), f"文件 {size} 字节，超过上限 {TEXT_BYTES_MAX} 字节")
    return size > TEXT_BYTES_MAX


def _has_forbidden_syntax(tree: Tree, text: str) -> bool:
    """Go through the events alone: no alias is followed, so an alias bomb costs nothing."""
    try:
        events = _counted(tree, yaml.parse(text, Loader=_Loader))
        for reason, mark in _forbidden(events):
            tree.report((), reason, mark)
    except yaml.MarkedYAMLError as error:
        tree.report((), f"YAML 语法错误：{_syntax_reason(error)}", error.problem_mark or error.context_mark)
    except yaml.reader.ReaderError as error:
        tree.report((), f"含有不允许的字符 U+{_code_point(error):04X}")
    return bool(tree.problems)


def _counted(tree: Tree, events: Iterator[yaml.Event]) -> Iterator[yaml.Event]:
    left = NODES_MAX
    for event in events:
        left -= isinstance(event, yaml.NodeEvent)
        if left < 0:
            tree.problems.clear()
            tree.report((), f"内容太多，超过 {NODES_MAX} 项（字段和值都算）", event.start_mark)
            raise CommunityFileTooLarge(tree.problems)
        yield event


def _forbidden(events: Iterator[yaml.Event]) -> Iterator[tuple[str, Mark | None]]:
    depth = documents = 0
    for event in events:
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if documents > 1:
            yield "一个文件只能写一个社区（多余的 ---）", event.start_mark
            return
        if depth > DEPTH_MAX:
            yield f"嵌套超过 {DEPTH_MAX} 层", event.start_mark
            return
        if isinstance(event, yaml.NodeEvent):
            yield from _forbidden_decorations(event)


def _forbidden_decorations(event: yaml.NodeEvent) -> Iterator[tuple[str, Mark | None]]:
    if isinstance(event, yaml.AliasEvent):
        yield f"不允许使用引用 *{event.anchor}", event.start_mark
    elif event.anchor is not None:
        yield f"不允许使用锚点 &{event.anchor}", event.start_mark
    tag = getattr(event, "tag", None)
    if tag is not None:
        yield f"不允许使用标签 {tag.replace(_CORE_TAG, '!!')}", event.start_mark


def _syntax_reason(error: yaml.MarkedYAMLError) -> str:
    known = {
        "found character that cannot start any token": "此处的字符不能作为开头（制表符、@ 或 ` 要加引号）",
        "mapping values are not allowed": "此处不能再出现冒号；含冒号的文字请加引号",
        "could not find expected ':'": "缺少冒号",
        "did not find expected key": "缩进不对，或上一行没有写完",
        "did not find expected '-' indicator": "列表项的缩进不对，或缺少 -",
        "did not find expected ',' or": "括号里缺少逗号，或括号没有合上",
        "found unexpected end of stream": "文件在引号或括号合上之前结束了",
        "found undefined alias": "引用了不存在的锚点",
    }
    problem = error.problem or "无法识别"
    return next((reason for phrase, reason in known.items() if phrase in problem), problem)


def _code_point(error: yaml.reader.ReaderError) -> int:
    character = error.character
    return character if isinstance(character, int) else ord(str(character)[:1] or "\0")


def _value(tree: Tree, node: yaml.Node, location: FieldPath) -> object:
    tree.marks[location] = node.start_mark
    if isinstance(node, yaml.MappingNode):
        return _mapping(tree, node, location)
    if isinstance(node, yaml.SequenceNode):
        return [_value(tree, item, (*location, index)) for index, item in enumerate(node.value)]
    # A plain scalar has style None in the Python loader and "" in the C loader.
    return _scalar(str(node.value), quoted=bool(getattr(node, "style", None)))


def _mapping(tree: Tree, node: yaml.MappingNode, location: FieldPath) -> dict[str, object]:
    values: dict[str, object] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            tree.report(location, "字段名必须是一个词", key_node.start_mark)
            continue
        key = str(key_node.value)
        if key in values:
            tree.report((*location, key), "重复的字段", key_node.start_mark)
            continue
        values[key] = _value(tree, value_node, (*location, key))
        tree.marks[(*location, key)] = key_node.start_mark
    return values


def _scalar(word: str, *, quoted: bool) -> object:
    if quoted:
        return word
    if word in _WORDS:
        return _WORDS[word]
    if _INTEGER.fullmatch(word):
        return int(word)
    return float(word) if _DECIMAL.fullmatch(word) else word
