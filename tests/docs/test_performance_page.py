"""The page of figures is written by the bench: what stands in it came out of a run."""

import re

import pytest

from tests.bench import report, sayings
from tests.bench.sayings import ALIKE_SHARE, BURST, COMMUNITIES, DIFFERENT, PEOPLE, home_of

ABOUT = {"date": "2026-01-31", "commit": "abc1234", "machine": "a machine, 2 cores"}
LOAD = "four processes, different texts"


def _row(measure: str, value: float, setting: str, unit: str = "s") -> dict[str, object]:
    return {"measure": measure, "value": value, "unit": unit, "setting": setting}


ROWS = [
    _row("floor_per_second", 3_000.0, "batches of 64", "1/s"),
    _row("demands_through_per_second", 412.3, LOAD, "1/s"),
    _row("dispatched_share", 0.571, LOAD, "1"),
    _row("cpu_seconds_per_1000_demands", 4.04, f"{LOAD}, all of it"),
    _row("cpu_seconds_per_1000_demands", 1.5, f"{LOAD}, intake"),
    _row("accepted_to_notice_p99_seconds", 0.3456, f"{LOAD}, 206/s"),
    _row("floor_ratio", 0.1374, LOAD, "1"),
]


def test_a_run_is_shown_with_when_and_where_and_of_what_it_was_measured() -> None:
    shown = report.section(ABOUT, ROWS)
    assert "2026-01-31" in shown
    assert "`abc1234`" in shown
    assert "a machine, 2 cores" in shown


def test_every_figure_stands_in_its_row_and_what_was_not_measured_is_a_dash() -> None:
    shown = report.section(ABOUT, ROWS)
    for line in (
        "| different texts | four processes | one process |",
        "| demands through, a second | 412 | – |",
        "| of the floor | 0.137 | – |",
        "| CPU for 1,000 demands, all of it | 4.04 s | – |",
        "| p99 | 0.35 s | – |",
        "| floor_per_second | 3,000 1/s | batches of 64 |",
    ):
        assert line in shown.splitlines(), line
    assert "intake 1.50" in shown


def test_the_page_holds_a_run() -> None:
    page = report.PAGE.read_text()
    told = page.partition(report.BEGIN)[2].partition(report.END)[0]
    assert re.search(r"Measured 20\d\d-\d\d-\d\d, commit `[0-9a-z-]{7,}`, ", told)
    assert re.search(r"\| demands through, a second \| \d+ \| \d+ \|", told)
    assert not re.search(r"\d/s|\d s\b", page.replace(told, "")), "figures stand where the bench writes them"


def test_writing_changes_nothing_but_the_section(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path_factory.mktemp("docs") / "performance.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    monkeypatch.setattr(report, "PAGE", page)
    for _ in range(2):
        report.write(ABOUT, ROWS)
    text = page.read_text()
    assert text.startswith(f"before\n{report.BEGIN}\nMeasured ")
    assert text.endswith(f"{report.END}\nafter\n")
    assert "old" not in text


class TestSayings:
    """The load that the figures are asked of."""

    SAID = sayings.sayings(["jindu", "xinhua", "wenyuan"])

    def test_no_two_texts_are_alike(self) -> None:
        assert len({one.text for one in self.SAID}) == len(self.SAID) == DIFFERENT

    def test_it_is_always_the_same_load(self) -> None:
        assert sayings.sayings(["jindu", "xinhua", "wenyuan"], 500)[:150] == self.SAID[:150]

    def test_the_people_live_in_a_hundred_communities_and_nobody_speaks_too_often(self) -> None:
        often: dict[int, int] = {}
        for one in self.SAID:
            often[one.person] = often.get(one.person, 0) + 1
        assert len(often) == PEOPLE
        assert max(often.values()) <= 11
        assert {home_of(person) for person in often} == set(range(COMMUNITIES))

    def test_one_in_twenty_is_like_an_earlier_one_and_a_burst_comes_in_one_go(self) -> None:
        burst = [n for n, one in enumerate(self.SAID) if one.person >= PEOPLE - BURST]
        assert burst == list(range(burst[0], burst[0] + BURST))
        assert {self.SAID[n].matter for n in burst} == {sayings.BURST_MATTER}
        others = [one for one in self.SAID if one.person < PEOPLE - BURST]
        assert sum(one.like for one in others) / len(others) == pytest.approx(ALIKE_SHARE, abs=0.01)

    def test_every_matter_of_the_grammar_is_said(self) -> None:
        assert {one.matter for one in self.SAID} == set(sayings.grammar()["matters"])
