"""How words weigh in a ranking: what is wanted, what is told beside it, and what only sets the scene."""

from datetime import date

import pytest

from services.matching.domain.matter import Matter, Ranking
from services.matching.domain.providers import Catalogue, Contract, Place, Provider
from services.matching.domain.ranking import Ranker
from services.matching.domain.stances import SCENE, STATED, WANTED, Stance, Telling

TODAY = date(2026, 11, 1)
PROVIDERS = (
    Provider("desks", "捐课桌的", "unit", ("捐赠儿童课桌椅",), capacity=3),
    Provider("benches", "放长椅的", "unit", ("添置长椅石凳",), capacity=3),
    Provider("tutor", "办托管的", "unit", ("放学后托管和作业辅导",), capacity=3),
    Provider("lamps", "装路灯的", "unit", ("安装太阳能路灯",), capacity=3),
    Provider("cleaners", "扫街的", "unit", ("生活垃圾清运",), capacity=3),
)
PLACES = (Place("class", "学堂", ("课后班",)), Place("east", "东院"))
RANKER = Ranker(Catalogue(PLACES, PROVIDERS, ()))


def rank(text: str, place: str | None = "east", title: str | None = None) -> Ranking:
    return RANKER.rank(Matter(text, title, place), {}, TODAY)


def sent_to(ranking: Ranking) -> str:
    return ranking.candidates[0].provider if ranking.decision == "dispatch" else "review"


def test_the_name_of_the_place_itself_is_no_need() -> None:
    assert rank("课后班", place="class").confidence == 0
    assert sent_to(rank("课后班缺课桌", place="class")) == "desks"


def test_a_name_that_is_also_a_word_still_says_what_is_wanted_elsewhere() -> None:
    assert sent_to(rank("想给孩子找个课后班", place="east")) == "tutor"
    assert sent_to(rank("想给孩子找个课后班", place=None)) == "tutor"


def test_a_place_named_by_such_a_word_brings_its_contract() -> None:
    paired = Contract("c", "desks", ("class",), (), TODAY, TODAY)
    ranker = Ranker(Catalogue(PLACES, PROVIDERS, (paired,)))
    first = ranker.rank(Matter("课后班缺课桌"), {}, TODAY).candidates[0]
    assert first.provider == "desks"
    assert "契约" in {part.name for part in first.parts}


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("孩子放学后写作业，缺课桌", "desks"),
        ("补课回来，院里没有灯", "lamps"),
        ("接孩子的时候想坐坐，放条长椅", "benches"),
        ("孩子放学后没人看管，想办个托管", "tutor"),
    ],
)
def test_the_scene_does_not_count_against_the_need(text: str, who: str) -> None:
    assert sent_to(rank(text)) == who


def test_a_scene_told_alone_is_the_need() -> None:
    assert sent_to(rank("放学后")) == "tutor"


def test_two_needs_are_left_to_the_staff() -> None:
    assert sent_to(rank("垃圾没人收，院里想装路灯")) == "review"
    assert sent_to(rank("缺课桌，也没有路灯")) == "review"


def test_a_need_that_nobody_can_meet_is_not_talked_down_by_a_wish() -> None:
    assert sent_to(rank("飞线充电危险，想装路灯")) == "review"


def test_what_the_title_names_is_what_is_wanted() -> None:
    with_title = rank("垃圾也多，出门不方便", title="路灯")
    without = rank("路灯，垃圾也多，出门不方便")
    assert with_title.confidence > without.confidence
    assert with_title.candidates[0].provider == "lamps"


def test_blanks_in_a_title_do_not_stretch_it() -> None:
    assert rank("垃圾也多", title="路 灯") == rank("垃圾也多", title="路灯")


@pytest.mark.parametrize(
    ("text", "who"),
    [("院里想要几条板凳", "benches"), ("缺课桌，孩子趴在板凳上写作业", "desks"), ("缺桌子", "desks")],
)
def test_a_word_with_several_meanings_means_what_the_others_say(text: str, who: str) -> None:
    assert sent_to(rank(text)) == who


def test_the_same_word_again_says_nothing_new() -> None:
    assert rank("路灯，路灯，路灯").confidence == rank("路灯").confidence


@pytest.mark.parametrize(
    ("text", "word", "scene", "expected"),
    [
        ("想装路灯", "路灯", False, WANTED),
        ("没有路灯", "路灯", False, WANTED),
        ("路灯挺亮", "路灯", False, STATED),
        ("想坐坐，路灯挺亮", "路灯", False, STATED),
        ("不用路灯", "路灯", False, SCENE),
        ("想在路灯底下坐坐", "路灯", False, SCENE),
        ("上次装的路灯真好", "路灯", False, STATED),
        ("眼睛都要近视了", "近视", False, STATED),
        ("放学后没人管", "放学后", True, SCENE),
        ("希望有人管放学后", "放学后", True, WANTED),
    ],
)
def test_marks_of_lack_and_wish_tell_how_a_word_stands(
    text: str, word: str, scene: bool, expected: Stance
) -> None:
    start = text.index(word)
    assert Telling(text, 0).stance(start, start + len(word), scene) == expected


def test_what_follows_a_mark_of_lack_directly_is_the_thing_itself() -> None:
    assert Telling("缺十来张桌子", 0).is_object(4)
    assert not Telling("趴在桌子上", 0).is_object(2)
