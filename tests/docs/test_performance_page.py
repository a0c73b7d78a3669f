"""The page of figures is written by the bench: what stands in it came out of a run."""

import re

import pytest

from tests.bench import report, sayings, stages
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


STAGES = [
    _row(stages.STAGE, 0.52, "different texts, intake, HTTP, tokens, limits"),
    _row(stages.STAGE, 0.11, "different texts, matching, deciding"),
    _row(stages.STAGE, 0.5, "different texts, intake, deciding"),
    _row(stages.SECONDS, 0.3, "different texts, intake.demands update"),
    _row(stages.CALLS, 1_000, "different texts, intake.demands update", "1"),
]


def test_where_the_time_goes_is_told_by_stage_and_service_the_dearest_first() -> None:
    lines = report.section(ABOUT, [*ROWS, *STAGES]).splitlines()
    assert "| intake | matching | notify | together |" in next(line for line in lines if "stage |" in line)
    first = lines.index("| deciding | 0.500 | 0.110 | – | 0.610 |")
    assert lines[first + 1] == "| HTTP, tokens, limits | 0.520 | – | – | 0.520 |"
    assert "| intake.demands update | 1,000 | 0.300 |" in lines
    assert not any(stages.STAGE in line for line in lines), "each row stands in one table"


class TestStages:
    """A sample belongs to one stage."""

    @pytest.mark.parametrize(
        ("frames", "stage"),
        [
            (
                "run (runners.py);read (services/language/reader.py);_sum (model.py)",
                "reading what a text says",
            ),
            ("_apply_beside (processor.py);traits_of (voices/likeness.py)", "likenesses, beside the way"),
            (
                "decide (intake/handlers/demands.py);traits_of (voices/likeness.py)",
                "what a demand is compared by",
            ),
            ("decide (services/matching/handlers/placing.py);rank (domain/ranking.py)", "ranking providers"),
            (
                "commit (chassis/mongo.py);insert_many (x/pymongo/collection.py)",
                "driver of the database",
            ),
            ("run (asyncio/runners.py)", stages.OTHER),
        ],
    )
    def test_it_is_the_first_that_a_frame_is_of(self, frames: str, stage: str) -> None:
        assert stages.stage_of(frames.split(";")) == stage

    def test_shares_are_of_all_samples(self) -> None:
        found = stages.shares(["run (a.py);rank (domain/ranking.py) 3", "run (a.py) 1", "", "no number x"])
        assert found == {"ranking providers": 0.75, stages.OTHER: 0.25}

    def test_what_was_asked_between_two_looks_is_told_the_longest_first(self) -> None:
        before = {"intake.demands insert": (10, 1.0)}
        after = {"intake.demands insert": (15, 1.5), "notify.notices insert": (2, 2.0)}
        found = stages.since(before, after)
        assert list(found.items()) == [
            ("notify.notices insert", (2, 2.0)),
            ("intake.demands insert", (5, 0.5)),
        ]


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
