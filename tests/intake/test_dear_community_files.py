"""A community file that is dear to read is refused early: nodes are counted, and 50 mistakes are enough."""

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from services.contracts.community_file import CommunityFile, Compound, Contract
from services.intake.community_file import (
    CommunityFileInvalid,
    CommunityFileTooLarge,
    entries,
    parse_community_file,
)
from services.intake.community_file.problems import PROBLEMS_MAX
from services.intake.community_file.yaml_tree import NODES_MAX

MEGABYTE = 1024 * 1024
HEAD = "community: {id: small, name: 小社区}\n"


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[yaml.Event]:
    """Whatever of a text is looked at, in its order."""
    seen: list[yaml.Event] = []
    parse = yaml.parse

    def counted(*given: Any, **named: Any) -> Iterator[yaml.Event]:
        for event in parse(*given, **named):
            seen.append(event)
            yield event

    monkeypatch.setattr(yaml, "parse", counted)
    return seen


@pytest.fixture
def composed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of the texts that values were made of."""
    seen: list[int] = []
    compose = yaml.compose

    def counted(text: str, **named: Any) -> Any:
        seen.append(len(text))
        return compose(text, **named)

    monkeypatch.setattr(yaml, "compose", counted)
    return seen


def too_large(text: str) -> CommunityFileTooLarge:
    with pytest.raises(CommunityFileTooLarge) as refused:
        parse_community_file(text, "big.yaml")
    return refused.value


def invalid(text: str) -> CommunityFileInvalid:
    with pytest.raises(CommunityFileInvalid) as refused:
        parse_community_file(text, "wrong.yaml")
    return refused.value


DEAR = {
    "a list of a megabyte": HEAD + "compounds: [" + ",".join(["1"] * (MEGABYTE // 2)) + "]\n",
    "a mapping of a megabyte": HEAD + "points: {" + ", ".join(f"k{n}: 1" for n in range(100_000)) + "}\n",
    "many lists": HEAD + "units:\n" + "  - [[[[1]]]]\n" * 40_000,
    "many empty entries": HEAD + "contracts:\n" + "  - {}\n" * (NODES_MAX + 5),
    "a list on lines of their own": HEAD + "compounds:\n" + "- 1\n" * 200_000,
}


@pytest.mark.parametrize("text", DEAR.values(), ids=DEAR.keys())
@pytest.mark.slow
def test_it_is_not_read_beyond_what_a_community_needs(
    text: str, events: list[yaml.Event], composed: list[int]
) -> None:
    refusal = too_large(text)
    assert (refusal.slug, refusal.status) == ("community_file_too_large", 422)
    assert str(NODES_MAX) in refusal.detail
    assert len(refusal.problems) == 1
    nodes = sum(isinstance(event, yaml.NodeEvent) for event in events)
    assert nodes <= NODES_MAX + 1
    assert composed == [], "no value was made of it"


def test_it_takes_no_memory_to_speak_of() -> None:
    text = DEAR["a list of a megabyte"]
    tracemalloc.start()
    try:
        too_large(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * len(text), "what is looked at is let go again"


@pytest.mark.slow
def test_as_many_nodes_as_are_allowed_are_read(events: list[yaml.Event]) -> None:
    own = 9  # the file, two sections, five words of the community, the empty list
    text = HEAD + "units: [" + ",".join(["1"] * (NODES_MAX - own)) + "]\n"
    refusal = invalid(text)
    assert refusal.slug == "community_file_invalid"
    assert sum(isinstance(event, yaml.NodeEvent) for event in events) == NODES_MAX
    assert [problem.field for problem in refusal.problems] == ["units"]


def test_an_alias_is_never_put_in_its_place(events: list[yaml.Event], composed: list[int]) -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    refusal = invalid(bomb)
    assert refusal.more
    assert len(events) < 300
    assert composed == []


def test_nests_without_end_are_refused_at_the_level_where_they_begin(events: list[yaml.Event]) -> None:
    (problem,) = invalid(HEAD + "units: " + "[" * 900_000).problems
    assert "嵌套超过" in problem.reason
    assert len(events) < 50


class TestFiftyMistakesAreEnough:
    def test_they_are_told_and_that_there_are_more(self) -> None:
        refusal = invalid(HEAD + "compounds: [" + ",".join(["1"] * 1_900) + "]\n")
        assert len(refusal.problems) == PROBLEMS_MAX == 50
        told = refusal.facts["problems"]
        assert isinstance(told, list)
        assert len(told) == 50
        assert refusal.facts["more"] is True
        assert "50 处以上错误，先列出 50 处" in refusal.detail

    def test_fewer_are_all(self) -> None:
        refusal = invalid(HEAD + "compounds: [1, 2, 3]\n")
        assert (len(refusal.problems), refusal.facts["more"]) == (3, False)
        assert "3 处错误" in refusal.detail

    def test_exactly_fifty_are_all(self) -> None:
        refusal = invalid(HEAD + "compounds: [" + ",".join(["1"] * 50) + "]\n")
        assert (len(refusal.problems), refusal.more) == (50, False)

    def test_nothing_more_is_looked_at(self, monkeypatch: pytest.MonkeyPatch) -> None:
        looked: list[object] = []

        class Counted(Compound):
            @classmethod
            def model_validate(cls, obj: Any, **named: Any) -> Any:
                looked.append(obj)
                return Compound.model_validate(obj, **named)

        monkeypatch.setattr(entries, "LISTS", {**entries.LISTS, "compounds": Counted})
        invalid(HEAD + "compounds: [" + ",".join(["1"] * 1_900) + "]\n")
        assert len(looked) == PROBLEMS_MAX + 1

    def test_nor_is_every_mistake_of_one_entry_put_into_words(self, monkeypatch: pytest.MonkeyPatch) -> None:
        worded: list[str] = []

        def reason(error: Any) -> str:
            worded.append(error["type"])
            return "不对"

        monkeypatch.setattr(entries, "reason_in_chinese", reason)
        invalid(HEAD + "units:\n  - {" + ", ".join(f"k{n}: 1" for n in range(20_000)) + "}\n")
        assert len(worded) == PROBLEMS_MAX + 1

    def test_a_section_that_is_too_long_is_one_mistake(self) -> None:
        (problem,) = invalid(HEAD + "compounds: [" + ",".join(["1"] * 2_001) + "]\n").problems
        assert (problem.field, problem.reason) == ("compounds", "最多 2000 项，现在有 2001 项")

    @pytest.mark.parametrize("mistake", ["*a", "&a x", "!!str x"])
    def test_forbidden_signs_are_counted_as_well(self, mistake: str, events: list[yaml.Event]) -> None:
        refusal = invalid("\n".join(f"k{n}: {mistake}" for n in range(5_000)))
        assert (len(refusal.problems), refusal.more) == (PROBLEMS_MAX, True)
        assert len(events) < 4 * PROBLEMS_MAX

    def test_so_are_fields_that_are_written_twice(self) -> None:
        refusal = invalid(HEAD + "points: {" + ", ".join(["a: 1"] * 20_000) + "}\n")
        assert (len(refusal.problems), refusal.more) == (PROBLEMS_MAX, True)

    def test_so_are_contradictions(self) -> None:
        compound = "{id: a, name: 甲, households: 1, residents: 1}"
        refusal = invalid(HEAD + "compounds: [" + ", ".join([compound] * 500) + "]\n")
        assert (len(refusal.problems), refusal.more) == (PROBLEMS_MAX, True)


def test_a_large_community_that_is_right_is_read_and_each_entry_held_against_the_format_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[object] = []

    class Counted(Contract):
        @classmethod
        def model_validate(cls, obj: Any, **named: Any) -> Any:
            looked.append(obj)
            return Contract.model_validate(obj, **named)

    monkeypatch.setattr(entries, "LISTS", {**entries.LISTS, "contracts": Counted})
    text = (
        HEAD
        + "compounds:\n"
        + "".join(f"  - {{id: c{n}, name: 小区{n}, households: 10, residents: 30}}\n" for n in range(1_500))
    )
    text += "units:\n  - {id: roads, name: 修路队, duties: [修路]}\ncontracts:\n" + "".join(
        f"  - {{id: k{n}, unit: roads, compounds: [c{n}], starts_on: 2026-01-01, ends_on: 2026-12-31}}\n"
        for n in range(1_500)
    )
    file = parse_community_file(text, "large.yaml")
    assert isinstance(file, CommunityFile)
    assert (len(file.compounds), len(file.contracts), len(looked)) == (1_500, 1_500, 1_500)
    assert type(file.contracts[7].starts_on).__name__ == "date"
