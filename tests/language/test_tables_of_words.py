"""What texts are read by besides the model: tables that people can read; faults name file and line."""

from pathlib import Path
from typing import get_args

import pytest

from services.language.dangers import LINES, own_dangers, read_dangers
from services.language.phrases import read_phrases
from services.language.places import elsewhere_in, home_of, sounds_like_elsewhere
from services.language.rows import BrokenTable
from services.language.signs import own_signs, read_signs
from services.language.words import DangerKind
from services.matching.domain.caution import (
    Heard,
    Names,
    not_candidates,
    read_institutions,
    why_a_person,
)
from services.matching.domain.providers import Provider

JISHAN = home_of("稷山县", "山西省")
GOOD = "fire\t火情\t119\t-\t人先撤出来\n"


def provider(own: str, name: str, kind: str = "unit", trade: str = "") -> Provider:
    return Provider(own, name, "partner" if kind == "partner" else "unit", ("办事",), 5, trade=trade)


PROVIDERS = (
    provider("police", "城区派出所"),
    provider("housing", "稷山县住房和城乡建设局"),
    provider("optician", "医明眼镜店", "partner", "眼视光"),
    provider("clinic", "仁和诊所", "partner", "诊疗"),
)
BY_ID = {one.id: one for one in PROVIDERS}


def test_every_kind_of_danger_has_a_name_a_number_and_what_to_do_first() -> None:
    for kind in get_args(DangerKind):
        danger = own_dangers()[kind]
        assert danger.name
        assert danger.first
        assert set(danger.call) <= {"110", "119", "120", "122"}
        assert danger.line in {"", *LINES}


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (GOOD + GOOD, "dangers.tsv:2: fire stands twice"),
        ("flood\t水\t119\t-\t走\n", "dangers.tsv:1: there is no danger 'flood'"),
        ("fire\t火情\t119\tsteam\t走\n", "there is no line 'steam'"),
        ("fire\t火情\t12\t-\t走\n", "are no numbers"),
        (GOOD, "no row for"),
    ],
)
def test_a_fault_in_the_dangers_is_told(tmp_path: Path, rows: str, says: str) -> None:
    table = tmp_path / "dangers.tsv"
    table.write_text(rows, encoding="utf-8")
    with pytest.raises(BrokenTable, match=says):
        read_dangers(table)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("flood\t水\n", "signs.tsv:1: 'flood' is unknown"),
        ("fire\t(\n", "signs.tsv:1"),
        ("fire\t火\n", "is missing"),
    ],
)
def test_a_fault_in_the_signs_is_told(tmp_path: Path, rows: str, says: str) -> None:
    table = tmp_path / "signs.tsv"
    table.write_text(rows, encoding="utf-8")
    with pytest.raises(BrokenTable, match=says):
        read_signs(table)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("song\t啦\n", "phrases.tsv:1: 'song' is unknown"),
        ("praise\t(\n", "phrases.tsv:1"),
        ("praise\t谢\n", "no row for"),
    ],
)
def test_a_fault_in_the_phrases_is_told(tmp_path: Path, rows: str, says: str) -> None:
    table = tmp_path / "phrases.tsv"
    table.write_text(rows, encoding="utf-8")
    with pytest.raises(BrokenTable, match=says):
        read_phrases(table)


def test_a_sign_counts_where_it_is_neither_feared_nor_remembered() -> None:
    signs = own_signs()
    assert signs.found("灶上着火了") == ("fire", "着火了")
    assert signs.found("早就担心线路老化，现在着火了") == ("fire", "着火了")
    for harmless in ("去年着火了没人管", "怕着火了", "学学心脏病犯了怎么办", "着火了的电影"):
        assert signs.found(harmless) is None


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("新绛县龙兴花园我姐家的路灯不亮", "新绛县"),
        ("临汾市的路灯不亮", "临汾市"),
        ("北京的公交站没棚子", "北京"),
        ("运城社保怎么转", "运城"),
        ("隔壁县的水库淹了地", "隔壁县"),
        ("运城市稷山县翟店镇的路灯不亮", ""),
        ("山西省的政策是什么", ""),
        ("北京路的路灯坏了", ""),
        ("四川菜馆门口的灯", ""),
        ("院里的路灯坏了", ""),
    ],
)
def test_a_place_elsewhere_is_found_and_a_road_of_that_name_is_not(text: str, where: str) -> None:
    assert elsewhere_in(text, JISHAN, ()) == where


def test_ones_own_names_come_before_the_countrys() -> None:
    assert elsewhere_in("太原新村的路灯坏了", JISHAN, ()) == "太原"
    assert elsewhere_in("太原新村的路灯坏了", JISHAN, ("太原新村",)) == ""
    assert sounds_like_elsewhere("太原新村", JISHAN)
    assert not sounds_like_elsewhere("毓秀苑小区", JISHAN)


def test_where_nobody_knows_the_county_nothing_is_elsewhere() -> None:
    assert elsewhere_in("北京的公交站没棚子", home_of("", ""), ()) == ""
    assert home_of("没有这个县", "山西省") == ()


class TestWhoIsAccused:
    names = Names(PROVIDERS)

    @pytest.mark.parametrize(
        ("text", "accused"),
        [
            ("仁和诊所打针打坏了人", {"clinic"}),
            ("派出所民警骂人", {"police"}),
            ("那家眼镜店卖假镜片", {"optician"}),
            ("请城区派出所来管管广场舞", set()),
            ("希望住房和城乡建设局查一下违建", set()),
            ("养猪场把粪水排到河里", set()),
        ],
    )
    def test_is_who_is_named_or_of_that_trade_but_not_who_is_called_upon(
        self, text: str, accused: set[str]
    ) -> None:
        assert self.names.accused(text) == accused

    def test_praise_reaches_who_is_named(self) -> None:
        assert self.names.praised("感谢医明眼镜店，态度真好") == {"optician"}
        assert self.names.praised("医明眼镜店在哪条街") == frozenset()

    def test_every_row_of_institutions_can_be_read(self) -> None:
        assert len(read_institutions()) > 10


class TestWhenAPersonDecides:
    @pytest.mark.parametrize(
        ("heard", "words"),
        [
            (Heard(danger="now", kind="fire"), "紧急：有人可能正处在危险中（火情）"),
            (Heard(danger="now", kind="fire", taken=True), "紧急"),
            (Heard(danger="perhaps", kind="gas"), "请先向居民核实"),
            (Heard(accusation="wrongdoing", accused=("clinic",)), "像是反映仁和诊所的问题"),
            (Heard(accusation="wrongdoing", against_community=True), "请监督人处理"),
            (Heard(accusation="complaint", against_community=True), "请监督人处理"),
            (Heard(accusation="complaint", accused=("optician",)), "不会带居民的姓名电话"),
            (Heard(elsewhere="临汾市"), "临汾市"),
            (Heard(want="nothing"), "没有要办的事"),
        ],
    )
    def test_the_reason_is_in_whole_words(self, heard: Heard, words: str) -> None:
        assert words in why_a_person(heard, "optician", BY_ID)

    @pytest.mark.parametrize(
        "heard",
        [
            Heard(),
            Heard(danger="soon", kind="pit"),
            Heard(accusation="complaint"),
            Heard(accusation="complaint", accused=("clinic",)),
            Heard(want="answer"),
            Heard(private=True),
        ],
    )
    def test_else_the_router_does(self, heard: Heard) -> None:
        assert why_a_person(heard, "optician", BY_ID) == ""

    def test_of_a_wrong_nobody_is_a_candidate_until_a_person_says_who_is_accused(self) -> None:
        assert not_candidates(Heard(accusation="wrongdoing"), BY_ID) == set(BY_ID)
        said = Heard(accusation="wrongdoing", accused=("police",), is_confirmed=True)
        assert not_candidates(said, BY_ID) == {"police", "optician", "clinic"}
        assert not_candidates(Heard(accusation="complaint", accused=("police",)), BY_ID) == frozenset()

    def test_who_is_complained_of_does_not_learn_by_whom(self) -> None:
        heard = Heard(accusation="complaint", accused=("police",))
        assert heard.withholds_from("police", "unit")
        assert heard.withholds_from("clinic", "partner")
        assert not heard.withholds_from("housing", "unit")
        assert Heard(accusation="wrongdoing").withholds_from("housing", "unit")
        assert not Heard().withholds_from("optician", "partner")
