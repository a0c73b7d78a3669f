"""The entries of a community file, each held against the format by itself, so that it can end early."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from services.contracts.community_file import (
    CommunityFile,
    Compound,
    Contract,
    Entry,
    Partner,
    Unit,
    Venue,
)
from services.intake.community_file.problems import FieldPath
from services.intake.community_file.reasons import reason_in_chinese
from services.intake.community_file.yaml_tree import Tree

LISTS: Mapping[str, type[Entry]] = MappingProxyType(
    {
        "compounds": Compound,
        "venues": Venue,
        "units": Unit,
        "partners": Partner,
        "contracts": Contract,
    }
)
"""Section → what each of its entries is."""

Numbered = tuple[tuple[int, Any], ...]


@dataclass(frozen=True, slots=True)
class Entries:
    """What of a file fits the format.

    Arguments:
        numbered: section → its well-formed entries, each with its place in the file.
        others: every other section as it was written.
    """

    others: Mapping[str, object]
    numbered: dict[str, Numbered] = field(default_factory=dict)

    def lists(self) -> dict[str, tuple[Any, ...]]:
        """Return the entries of every section that is there."""
        return {section: tuple(entry for _, entry in found) for section, found in self.numbered.items()}


def read_entries(tree: Tree) -> Entries:
    """Return the well-formed entries, and report what does not fit the format.

    Raises:
        EnoughProblems: there are as many as are told.
    """
    root: dict[str, object] = tree.value if isinstance(tree.value, dict) else {}
    listed = {name: value for name, value in root.items() if name in LISTS and isinstance(value, list)}
    # What is no list at all is told of by the format itself, as is every section that is not one.
    others = {name: value for name, value in root.items() if name not in listed}
    _check(tree, CommunityFile, others if isinstance(tree.value, dict) else tree.value, ())
    entries = Entries(others)
    for section, values in listed.items():
        entries.numbered[section] = tuple(_of_section(tree, section, values))
    return entries


def _of_section(tree: Tree, section: str, values: list[object]) -> Iterator[tuple[int, Entry]]:
    most = _most(section)
    if len(values) > most:
        tree.report((section,), f"最多 {most} 项，现在有 {len(values)} 项")
        return
    for index, value in enumerate(values):
        entry = _check(tree, LISTS[section], value, (section, index))
        if entry is not None:
            yield index, entry


def _most(section: str) -> int:
    """Return how many entries the format lets a section have."""
    bounds = (getattr(bound, "max_length", None) for bound in CommunityFile.model_fields[section].metadata)
    return next(int(bound) for bound in bounds if bound is not None)


def _check(tree: Tree, model: type[Entry], value: object, place: FieldPath) -> Entry | None:
    try:
        return model.model_validate(value)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False):
            tree.report((*place, *_without_markers(error["loc"])), reason_in_chinese(error))
        return None


def _without_markers(location: FieldPath) -> FieldPath:
    """A wrong key of a mapping is reported under the mapping's key, without pydantic's `[key]`."""
    return location[:-1] if location and location[-1] == "[key]" else location
