"""`sandan hot`: lines in, issues out, hottest first; a bad line is named and the rest is done."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli.main import app

LABELLED = Path(__file__).parents[1] / "data" / "matters.jsonl"
JIWANG = Path(__file__).parents[2] / "deploy" / "communities" / "jiwang.yaml"
MIXER = [
    {"id": "m1", "title": "搅拌站扰民", "text": "澜岸搅拌站白天晚上噪音不停，粉尘很大", "at": "2025-03-01"},
    {"id": "m2", "text": "澜岸搅拌站又在夜里开工，罐车轰隆隆，灰尘落了一阳台", "at": "2025/3/4 21:05:00"},
    {
        "id": "m3",
        "text": "请管管澜岸搅拌站，噪音大，粉尘污染",
        "at": "2025-03-04T08:00:00+08:00",
        "supporters": 4,
    },
]
LAMPS = [
    {"id": "l1", "text": "文昌街路灯不亮，晚上漆黑一片", "compound": "锦都小区"},
    {"id": "l2", "text": "文昌街的路灯坏了两个月，没有照明", "compound": "jindu"},
]
ALONE = {"id": "z", "text": "旺旺宠物店卖病狗"}


def run(lines: list[Any], *options: str) -> tuple[int, list[dict[str, Any]], str]:
    raw = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    result = CliRunner().invoke(app, ["hot", *options], input=raw)
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()], result.stderr


def test_issues_come_hottest_first_and_say_why() -> None:
    code, issues, said = run([*LAMPS, ALONE, *MIXER])
    assert (code, said) == (0, "")
    assert [issue["demands"] for issue in issues] == [["m1", "m2", "m3"], ["l1", "l2"]]
    first = issues[0]
    assert (first["issue"], first["voices"], first["days"], first["hot"]) == ("m1", 7, 2, True)
    assert "澜岸" in first["because"]
    assert not issues[1]["hot"]


def test_the_order_of_the_lines_makes_no_difference() -> None:
    lines = [*LAMPS, ALONE, *MIXER]
    assert run(lines, "--all")[1] == run(lines[::-1], "--all")[1]


def test_single_demands_are_shown_when_asked_for() -> None:
    assert [issue["demands"] for issue in run([ALONE, *LAMPS], "--all")[1]] == [["l1", "l2"], ["z"]]


def test_a_community_knows_its_compounds_by_every_name() -> None:
    (issue,) = run(LAMPS, "--community", str(JIWANG))[1]
    assert issue["compounds"] == 1
    assert run(LAMPS)[1][0]["compounds"] == 2


def test_a_community_decides_when_it_is_hot(tmp_path: Path) -> None:
    file = tmp_path / "jiwang.yaml"
    file.write_text(JIWANG.read_text(encoding="utf-8") + "\nvoices: {hot_demands: 2}\n", encoding="utf-8")
    assert run(LAMPS, "--community", str(file))[1][0]["hot"]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("{", "JSON"),
        ({"id": "x"}, "text"),
        ({"text": "没有编号"}, "id"),
        ({"id": "l1", "text": "又一条"}, "重复"),
        ({"id": "x", "text": "路灯", "at": "昨天"}, "at"),
        ({"id": "x", "text": "路灯", "at": "2025/13/40"}, "at"),
        ({"id": "x", "text": "路灯", "supporters": -1}, "supporters"),
        ({"id": "x", "text": "  "}, "text"),
        ("[]", ""),
    ],
    ids=str,
)
def test_a_bad_line_is_named_with_its_number_and_the_rest_is_done(bad: Any, why: str) -> None:
    code, issues, said = run([LAMPS[0], "", bad, LAMPS[1]])
    assert code == 2
    assert said.startswith("stdin:3: ")
    assert why in said
    assert [issue["demands"] for issue in issues] == [["l1", "l2"]]


def test_nothing_in_is_nothing_out() -> None:
    assert run([]) == (0, [], "")


def test_phone_numbers_are_masked_in_titles() -> None:
    lines = [{"id": str(n), "text": f"文昌街路灯不亮，请打13812345678，第{n}次"} for n in range(2)]
    assert "13812345678" not in json.dumps(run(lines)[1])


def test_a_wrong_community_file_is_told_like_everywhere(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("community: 3\n", encoding="utf-8")
    code, issues, said = run(LAMPS, "--community", str(file))
    assert (code, issues) == (1, [])
    assert "bad.yaml:1" in said


def test_labels_are_compared_with_what_is_found() -> None:
    result = CliRunner().invoke(app, ["hot", "evaluate", "--labelled", str(LABELLED)])
    assert result.exit_code == 0, result.stderr
    figures = json.loads(result.stdout)
    assert figures["demands"] == len(LABELLED.read_text(encoding="utf-8").splitlines())
    assert figures["precision"] > 0.9
    assert figures["recall"] > 0.8


def test_a_line_without_its_label_is_named(tmp_path: Path) -> None:
    file = tmp_path / "labelled.jsonl"
    file.write_text(json.dumps({**ALONE, "matter": "狗"}) + "\n" + json.dumps(LAMPS[0]), encoding="utf-8")
    result = CliRunner().invoke(app, ["hot", "evaluate", "--labelled", str(file)])
    assert result.exit_code == 2
    assert f"{file}:2: " in result.stderr


@pytest.mark.parametrize(
    ("at", "days"),
    [
        (("2025-03-04T15:50:00+00:00", "2025-03-04T16:10:00+00:00"), 2),
        (("2025-03-03T23:50:00+00:00", "2025-03-04T00:10:00+00:00"), 1),
        (("2025-03-04T23:50:00", "2025-03-05T00:10:00"), 2),
    ],
    ids=["the community's midnight", "Greenwich's midnight", "as written"],
)
def test_days_are_the_communitys(at: tuple[str, str], days: int) -> None:
    texts = ("澜岸搅拌站白天晚上噪音不停，粉尘很大", "澜岸搅拌站又在夜里开工，粉尘很大")
    lines = [{"id": moment, "text": text, "at": moment} for text, moment in zip(texts, at, strict=True)]
    code, issues, _ = run(lines, "--community", str(JIWANG))
    assert (code, [issue["days"] for issue in issues]) == (0, [days])
