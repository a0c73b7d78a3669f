"""Who answers for an affair of the county: by duties, by name, and where nobody does, by kinship."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.domain.affairs import (
    BY_DUTY,
    BY_KIN,
    BY_NAME,
    OWNED,
    THEME_WEIGHT_MAX,
    Affairs,
    county_affairs,
    shares,
)
from services.matching.domain.lexicon import lines_of
from services.matching.domain.providers import Provider
from services.matching.domain.taxonomy import TAXONOMY
from services.matching.domain.taxonomy.affairs import AFFAIRS, FIELDS, KIN, USUAL

KNOWN = county_affairs()
SMALL = Affairs("噪声污染\n  施工: 打桩 夜间施工\n水利\n  灌溉: 渠道 打桩?\n")
NAMES = (
    "生态环境局",
    "住房和城乡建设局",
    "交通运输局",
    "教育和体育局",
    "某某公司",
    "水利局",
    "综合执法大队",
)
DUTIES = (
    "噪声和大气污染防治",
    "公路建设养护",
    "中小学招生",
    "农田灌溉和水库管理",
    "为老年人理发",
    "医保报销",
)


def office(identity: str, name: str, *duties: str, aliases: tuple[str, ...] = ()) -> Provider:
    return Provider(identity, name, "unit", duties or ("服务群众",), capacity=3, aliases=aliases)


def parts(affair: str, *offices: Provider) -> list[dict[str, float]]:
    """For every theme of an affair, how far it is whose."""
    found = shares(offices, KNOWN)
    return [
        {offices[share.provider].id: share.part for share in found[theme]}
        for theme in KNOWN.by_affair[affair]
    ]


def test_every_affair_stands_in_exactly_one_field() -> None:
    times = Counter(affair for affairs in FIELDS.values() for affair in affairs.split())
    assert times == Counter(KNOWN.by_affair.keys())


def test_every_affair_has_words_and_every_word_means_something() -> None:
    for affair, themes in KNOWN.by_affair.items():
        assert themes, affair
        assert any(theme in themes for found in KNOWN.words.values() for theme, _ in found), affair
    for word, found in KNOWN.words.items():
        assert found, word
        assert all(0 < weight <= 1.25 for _, weight in found), word


def test_no_word_stands_twice_in_one_theme_where_each_would_count_half() -> None:
    for concept, words in lines_of(AFFAIRS):
        bare = [word.rstrip("?").lower() for word in words]
        assert sorted(bare) == sorted(set(bare)), concept


def test_no_word_is_too_short_to_be_found() -> None:
    """Words are looked up by their first two characters."""
    for taxonomy in (AFFAIRS, TAXONOMY):
        for concept, words in lines_of(taxonomy):
            assert [word for word in words if len(word.rstrip("?~")) < 2] == [], concept


def test_a_word_of_an_affair_counts_whole() -> None:
    heard = county_affairs().hear("公厕")
    assert [theme.word_weight for theme in heard.values()] == [0.8]


def test_every_theme_knows_the_field_of_its_affair() -> None:
    for theme in KNOWN.themes:
        assert theme.affair in FIELDS[theme.field].split()


def test_no_affair_is_written_twice() -> None:
    headings = [line.strip() for line in AFFAIRS.splitlines() if line.strip() and not line.startswith(" ")]
    assert [name for name, times in Counter(headings).items() if times > 1] == []


def test_kin_are_known_affairs_and_no_affair_is_its_own() -> None:
    for affair, kin in KIN.items():
        assert {affair, *kin.split()} <= set(KNOWN.by_affair)
        assert affair not in kin.split()
        assert 1 <= len(kin.split()) == len(set(kin.split()))


def test_every_affair_has_kin_to_ask() -> None:
    assert set(KIN) == set(KNOWN.by_affair)


@pytest.mark.parametrize("pattern", USUAL)
def test_names_let_expect_only_known_affairs(pattern: str) -> None:
    affairs = [affair.rstrip("*") for affair in USUAL[pattern].split()]
    assert set(affairs) <= set(KNOWN.by_affair)
    assert len(affairs) == len(set(affairs))


offices = st.lists(
    st.builds(
        lambda number, name, duties: office(f"p{number:02}", name, *duties),
        st.integers(0, 30),
        st.sampled_from(NAMES),
        st.lists(st.sampled_from(DUTIES), max_size=3),
    ),
    max_size=7,
    unique_by=lambda each: each.id,
)


@settings(max_examples=40, deadline=None)
@given(offices)
def test_a_share_is_more_than_nothing_and_at_most_the_whole(known: list[Provider]) -> None:
    found = shares(known, KNOWN)
    assert len(found) == len(KNOWN.themes)
    for theme in found:
        assert len({share.provider for share in theme}) == len(theme)
        for share in theme:
            assert 0.0 < share.part <= 1.0
            assert -1 <= share.duty_index < len(known[share.provider].duties)


@settings(max_examples=40, deadline=None)
@given(offices, st.data())
def test_the_order_of_the_providers_changes_nothing(known: list[Provider], data: st.DataObject) -> None:
    turned = data.draw(st.permutations(known))

    def by_id(order: list[Provider]) -> list[dict[str, tuple[float, int]]]:
        return [
            {order[share.provider].id: (share.part, share.duty_index) for share in theme}
            for theme in shares(order, KNOWN)
        ]

    assert by_id(known) == by_id(turned)


def test_nobody_answers_for_anything_where_nobody_is() -> None:
    assert set(shares((), KNOWN)) == {()}


def test_an_office_owns_what_its_name_lets_expect_whatever_its_duties_say() -> None:
    for theme in parts("噪声污染", office("env", "生态环境局", "为老年人理发"), office("x", "某某公司")):
        assert theme == {"env": BY_NAME}


def test_an_alias_is_a_name_as_well() -> None:
    for theme in parts("噪声污染", office("e", "第一办公室", aliases=("环保局",))):
        assert theme == {"e": BY_NAME}


def test_what_the_name_says_less_surely_counts_less() -> None:
    builder, manager = office("b", "住房和城乡建设局"), office("m", "城市管理局")
    for theme in parts("城市管理", builder, manager):
        assert 0 < theme["b"] < theme["m"]


def test_a_duty_counts_more_than_a_name() -> None:
    by_duty, by_name = office("d", "某某公司", "夜间施工噪声治理"), office("n", "生态环境局")
    found = parts("噪声污染", by_duty, by_name)
    assert max(theme["d"] for theme in found) == BY_DUTY > BY_NAME
    assert all(theme["n"] == BY_NAME for theme in found)


def test_a_share_names_the_duty_that_says_so() -> None:
    known = (office("d", "某某公司", "为老年人理发", "夜间施工噪声治理"), office("n", "生态环境局"))
    found = shares(known, KNOWN)
    said = {share for theme in KNOWN.by_affair["噪声污染"] for share in found[theme]}
    assert {(share.provider, share.duty_index) for share in said} == {(0, 1), (1, -1)}


def test_where_nobody_answers_the_nearest_kin_are_asked() -> None:
    assert KIN["货运治超"].split()[0] == "公路建设"
    for theme in parts("货运治超", office("roads", "公路局"), office("school", "教育局")):
        assert theme == {"roads": pytest.approx(BY_KIN[0] * BY_NAME)}


def test_farther_kin_are_asked_less() -> None:
    assert KIN["市政设施"].split() == ["规划建设", "城市管理"]
    for theme in parts("市政设施", office("near", "规划局"), office("far", "环卫所")):
        assert theme["near"] > theme["far"] == pytest.approx(BY_KIN[1] * BY_NAME)


def test_kin_are_not_asked_where_somebody_answers() -> None:
    roads, traffic = office("roads", "公路局"), office("traffic", "某某公司", "货运和超限超载治理")
    found = parts("货运治超", roads, traffic)
    assert max(theme.get("traffic", 0.0) for theme in found) >= OWNED
    assert all("roads" not in theme for theme in found)


def test_the_title_says_more_than_the_text() -> None:
    said = SMALL.hear("打桩")[0].weight
    in_title = SMALL.hear("", "打桩")[0].weight
    assert in_title > said > 0
    assert SMALL.hear("打桩", "打桩")[0].weight > in_title


def test_the_same_word_again_says_less() -> None:
    once = SMALL.hear("打桩")[0].weight
    twice = SMALL.hear("打桩，打桩")[0].weight
    thrice = SMALL.hear("打桩，打桩，打桩")[0].weight
    assert once > twice - once > thrice - twice > 0


def test_another_word_for_it_says_more_than_the_same_again() -> None:
    again, another = SMALL.hear("打桩，打桩")[0], SMALL.hear("打桩，夜间施工")[0]
    assert another.weight > again.weight
    assert (again.word, another.word) == ("打桩", "夜间施工")


def test_however_often_it_is_said_a_theme_has_its_limit() -> None:
    assert SMALL.hear("打桩夜间施工" * 500, "打桩夜间施工")[0].weight == THEME_WEIGHT_MAX


def test_a_word_of_two_themes_says_less_of_each_and_a_weak_one_less_still() -> None:
    heard = SMALL.hear("打桩")
    works, canals = heard[0].weight, heard[SMALL.by_affair["水利"][0]].weight
    assert SMALL.hear("渠道")[SMALL.by_affair["水利"][0]].weight > works > canals > 0


def test_spaces_and_capitals_do_not_hide_a_word() -> None:
    assert SMALL.hear("打 \n桩") == SMALL.hear("打桩")
    known = next(word for word in KNOWN.words if word != word.upper())
    assert KNOWN.hear(known.upper()) == KNOWN.hear(known)


@settings(max_examples=60)
@given(st.text(max_size=60), st.none() | st.text(max_size=20))
def test_any_text_can_be_heard(text: str, title: str | None) -> None:
    for theme, heard in KNOWN.hear(text, title).items():
        assert 0 <= theme < len(KNOWN.themes)
        assert 0 < heard.weight <= THEME_WEIGHT_MAX
        assert heard.word in KNOWN.words


@pytest.mark.parametrize("text", ["", "啊", "hello world", "😀😀😀"])
def test_what_says_nothing_is_about_nothing(text: str) -> None:
    assert KNOWN.hear(text) == {}
