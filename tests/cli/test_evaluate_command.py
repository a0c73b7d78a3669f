"""`sandan route evaluate`: how right the router is on lines whose provider is known."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.routing import (
    BUS,
    COUNTY,
    HERE,
    STRANGE,
    WAGES,
    call,
    lesson,
    taught,
)

MESSAGES = HERE / "county_messages.jsonl"


def evaluate(folder: Path, *options: str, labelled: Path = MESSAGES) -> tuple[int, str, str, Path]:
    plot = folder / "curve.svg"
    given = ["--community", str(COUNTY), "--labelled", str(labelled), "--plot", str(plot)]
    return (*call("evaluate", *given, *options), plot)


def figure(out: str, name: str) -> float:
    (line,) = (line for line in out.splitlines() if line.startswith(name))
    return float(line.removeprefix(name).split()[0])


@pytest.mark.slow
def test_evaluate_prints_the_figures_and_draws_the_curve(tmp_path: Path) -> None:
    code, out, said, plot = evaluate(tmp_path)
    assert (code, said) == (0, "")
    assert figure(out, "demands") == MESSAGES.read_text(encoding="utf-8").count("\n")
    assert 0.8 <= figure(out, "accuracy") <= figure(out, "top-3") <= 1
    assert 0.7 <= figure(out, "macro-F1") <= 1
    assert 0 <= figure(out, "coverage at 0.98") <= 1
    assert out.splitlines()[-1] == f"reliability curve: {plot}"
    root = ElementTree.fromstring(plot.read_text(encoding="utf-8"))
    dots = [each for each in root.iter() if each.tag.endswith("circle")]
    bins = [line for line in out.splitlines() if " to " in line]
    assert root.tag.endswith("svg")
    assert len(dots) == len(bins) > 1
    assert sum(int(line.split()[3]) for line in bins) == figure(out, "demands")


@pytest.mark.slow
def test_the_same_folds_give_the_same_figures(tmp_path: Path) -> None:
    some = tmp_path / "some.jsonl"
    some.write_text("".join(MESSAGES.read_text(encoding="utf-8").splitlines(keepends=True)[:120]), "utf-8")
    once, again = (evaluate(tmp_path, "--folds", "4", labelled=some) for _ in range(2))
    assert once == again
    assert once[0] == 0
    assert once[1] != evaluate(tmp_path, labelled=some)[1]


def test_evaluate_learns_a_history_first(tmp_path: Path) -> None:
    asked = taught(tmp_path, *[lesson(f"{STRANGE}{n}", "transport", n) for n in range(4)], name="asked.jsonl")
    before = evaluate(tmp_path, labelled=asked)[1]
    history = taught(tmp_path, *[lesson(STRANGE, "transport", n) for n in range(5)])
    after = evaluate(tmp_path, "--history", str(history), labelled=asked)[1]
    assert figure(before, "accuracy") == 0 < figure(after, "accuracy") == 1


def test_evaluate_tells_a_bad_line_and_measures_the_others(tmp_path: Path) -> None:
    labelled = taught(tmp_path, {**BUS, "provider": "transport"}, {**WAGES, "provider": "nobody"}, "{")
    code, out, said, _ = evaluate(tmp_path, labelled=labelled)
    assert (code, figure(out, "demands"), figure(out, "accuracy")) == (2, 1, 1)
    assert [line.split(": ")[0] for line in said.splitlines()] == [f"{labelled}:2", f"{labelled}:3"]


def test_evaluate_without_a_line_to_measure_says_so(tmp_path: Path) -> None:
    code, out, said, plot = evaluate(tmp_path, labelled=taught(tmp_path))
    assert (code, out) == (2, "")
    assert "没有可用的行" in said
    assert not plot.exists()
