"""Residents' words and officials' words meet in the same concept."""

import pytest

from services.matching.domain.lexicon import Lexicon, field_lexicon
from services.matching.domain.taxonomy import TAXONOMY


def named(text: str) -> set[str]:
    lexicon = field_lexicon()
    return {lexicon.concepts[number].category for number in lexicon.concepts_in(text)}


@pytest.mark.parametrize(
    ("spoken", "official"),
    [
        ("路上坑坑洼洼", "破损路面修复"),
        ("一下雨就淹", "内涝治理"),
        ("晚上黑灯瞎火", "太阳能路灯安装"),
        ("没地儿坐", "增设休闲座椅"),
        ("娃看不清黑板", "儿童近视防控"),
        ("从楼上往下拉电线", "电动车充电设施"),
        ("欠我工钱不给", "劳动仲裁"),
        ("吃不上一口热饭", "老年助餐"),
    ],
)
def test_spoken_and_official_words_share_a_category(spoken: str, official: str) -> None:
    assert named(spoken) & named(official)


def test_the_longest_word_wins() -> None:
    assert named("修自行车") == {"车辆维修"}


def test_the_taxonomy_covers_the_field_with_well_formed_entries() -> None:
    lexicon = field_lexicon()
    assert len(lexicon.categories) >= 60
    assert len(set(lexicon.concepts)) == len(lexicon.concepts)
    assert all(len(word) >= 2 for word in lexicon.words)
    assert all(concept.category and concept.name for concept in lexicon.concepts)


def test_every_category_has_one_concept_for_the_whole_of_it() -> None:
    lexicon = field_lexicon()
    general = [concept.category for concept in lexicon.concepts if concept.general]
    assert sorted(general) == sorted(lexicon.categories)


def test_a_line_that_continues_belongs_to_the_concept_above() -> None:
    lexicon = Lexicon("\n灯\n  = 照明\n  路灯: 路灯\n    灯杆 灯泡?\n")
    assert [concept.name for concept in lexicon.concepts] == ["=", "路灯"]
    assert lexicon.concepts_in("灯杆") == {1: 1.0}
    assert lexicon.concepts_in("灯泡") == {1: 0.35}


def test_no_word_is_listed_twice_in_one_concept() -> None:
    for line in TAXONOMY.replace("\n    ", " ").splitlines():
        words = [word.removesuffix("?") for word in line.split()]
        assert len(words) == len(set(words)), line
