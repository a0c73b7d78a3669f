"""One matter, many voices: what belongs together is found together, and what only looks alike is not."""

import json
import random
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.domain.duplicates import CANDIDATES_MAX, Postings, candidates, lookup_keys
from services.intake.domain.voices.clusters import grouped, linked
from services.intake.domain.voices.evaluation import Agreement, agreement
from services.intake.domain.voices.likeness import Likeness, Rarity, compared, counted, traits_of, weighed
from services.intake.domain.voices.names import apart, areas, names, without_areas
from services.intake.domain.voices.wording import meant, pairs, plain

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "matters.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
MIXER = "澜岸新城旁边的搅拌站白天晚上噪音不停，灰尘很大，没法睡觉"


def alike(one: str, other: str) -> Likeness:
    return compared(weighed(traits_of(one), Rarity()), weighed(traits_of(other), Rarity()))


def matters_of(rows: list[dict[str, str]]) -> list[int]:
    found = grouped([traits_of(row["text"], row.get("title")) for row in rows])
    number_of = {member: number for number, matter in enumerate(found) for member in matter.members}
    return [number_of[number] for number in range(len(rows))]


def measured(rows: list[dict[str, str]]) -> Agreement:
    return agreement(matters_of(rows), [row["matter"] for row in rows])


class TestTheLabelledMessages:
    def test_there_are_enough_of_them(self) -> None:
        sizes: dict[str, int] = {}
        for row in ROWS:
            sizes[row["matter"]] = sizes.get(row["matter"], 0) + 1
        several = [matter for matter, size in sizes.items() if size > 1]
        assert len(several) >= 45
        assert sum(sizes[matter] for matter in several) >= 200
        assert list(sizes.values()).count(1) >= 60
        parts = {row["matter"]: row["part"] for row in ROWS if sizes[row["matter"]] > 1}
        assert sum(part == "unseen" for part in parts.values()) * 3 >= len(parts)

    @pytest.mark.parametrize("part", ["tuned", "unseen"])
    def test_are_put_together_as_people_would(self, part: str) -> None:
        result = measured([row for row in ROWS if row["part"] == part])
        assert result.precision > 0.8, result
        assert result.recall > 0.8, result

    def test_are_told_apart_when_all_are_mixed(self) -> None:
        result = measured(ROWS)
        assert result.precision > 0.9, result
        assert result.recall > 0.8, result

    @settings(max_examples=5, deadline=None)
    @given(st.randoms(use_true_random=False))
    def test_belong_together_in_whatever_order_they_come(self, dice: random.Random) -> None:
        rows = ROWS[:120]
        mixed = dice.sample(rows, len(rows))
        assert _by_id(mixed) == _by_id(rows)

    def test_are_not_compared_all_with_all(self) -> None:
        links = linked([traits_of(row["text"], row.get("title")) for row in ROWS])
        assert len(links) < len(ROWS) * (len(ROWS) - 1) / 2 / 10


def _by_id(rows: list[dict[str, str]]) -> set[frozenset[str]]:
    together: dict[int, set[str]] = {}
    for row, number in zip(rows, matters_of(rows), strict=True):
        together.setdefault(number, set()).add(row["id"])
    return {frozenset(several) for several in together.values()}


class TestTwoDemands:
    def test_about_one_thing_in_other_words_are_alike_and_it_is_said_why(self) -> None:
        likeness = alike(MIXER, "投诉：我家在澜岸新城6栋，拌水泥的厂夜里罐车轰隆隆，粉尘满天")
        assert likeness.same_matter
        assert "澜岸" in likeness.names
        assert {"搅拌站", "噪音", "粉尘"} & set(likeness.words)
        assert "澜岸" in likeness.because

    def test_with_a_slip_of_the_pen_in_the_title_are_still_alike(self) -> None:
        assert alike(
            "云栖滨江苑捆绑销售车位，不买车位不给选房", "云栖滨江院车位和房子绑在一起卖，职工买不起"
        ).same_matter

    def test_about_the_same_topic_elsewhere_are_not(self) -> None:
        assert not alike(MIXER, "和平小区后面的搅拌站夜里噪音大，灰尘落一阳台").same_matter

    def test_about_another_topic_at_the_same_place_are_not(self) -> None:
        assert not alike(MIXER, "澜岸新城今年的小学学区怎么划，孩子要报名了").same_matter

    def test_in_areas_that_cannot_be_one_need_more_in_common(self) -> None:
        near = alike("A3区育英巷没有路灯，晚上漆黑", "A3区育英巷的路灯什么时候装")
        far = alike("A3区育英巷没有路灯，晚上漆黑", "B7县育英巷的路灯什么时候装")
        assert far.score < near.score

    def test_share_nothing_by_politeness(self) -> None:
        polite = "尊敬的领导您好，希望有关部门重视，尽快处理，谢谢，此致敬礼"
        assert not list(pairs(meant(plain(polite))))
        assert not alike(f"{polite}，路灯不亮", f"{polite}，电梯困人").same_matter

    @given(st.sampled_from(ROWS), st.sampled_from(ROWS))
    def test_are_as_like_one_way_as_the_other(self, one: dict[str, str], other: dict[str, str]) -> None:
        there = alike(one["text"], other["text"])
        back = alike(other["text"], one["text"])
        assert there.score == pytest.approx(back.score)
        assert 0.0 <= there.score <= 1.0

    @given(st.text(max_size=300), st.text(max_size=300))
    def test_may_be_anything_that_people_type(self, one: str, other: str) -> None:
        assert 0.0 <= alike(one, other).score <= 1.0

    def test_from_one_compound_need_not_name_it(self) -> None:
        one, other = "楼下麻将馆半夜还在打牌，吵得睡不着", "一楼的棋牌室洗牌声到凌晨"
        rarity = Rarity()
        here = compared(
            weighed(traits_of(one, None, "anju"), rarity), weighed(traits_of(other, None, "anju"), rarity)
        )
        there = compared(
            weighed(traits_of(one, None, "anju"), rarity), weighed(traits_of(other, None, "jindu"), rarity)
        )
        assert here.same_matter
        assert there.score < here.score


class TestNames:
    @pytest.mark.parametrize(
        ("text", "core"),
        [
            ("我住在怡和花园3栋", "怡和"),
            ("A7县五里亭安置小区", "五里亭"),
            ("梧桐里小区一楼", "梧桐"),
            ("宏远路坑坑洼洼", "宏远"),
            ("商贸学院强制实习", "商贸"),
            ("中泰建筑公司欠薪", "中泰"),
            ("青山镇的养猪场", "青山"),
        ],
    )
    def test_are_found_by_their_kind(self, text: str, core: str) -> None:
        cores = [name.core for name in names(without_areas(plain(text)))]
        assert any(found.endswith(core) for found in cores), cores

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("地铁三号线", "地铁3号线"),
            ("Ａ３区", "A3区"),
            ("66车贷", "６６车贷"),
            ("实验第二小学", "实验二小"),
            ("云栖·滨江苑", "云栖滨江苑"),
        ],
    )
    def test_are_spelt_in_one_way(self, one: str, other: str) -> None:
        assert plain(one) == plain(other)

    def test_of_areas_are_the_finest_that_are_said(self) -> None:
        assert areas(plain("A市A3区")) == {"a3区"}
        assert areas(plain("A市")) == {"a市"}

    @pytest.mark.parametrize(
        ("one", "other", "expected"),
        [
            ({"a3区"}, {"a3区"}, False),
            ({"a3区"}, {"a4区"}, True),
            ({"a3区"}, {"a市"}, False),
            ({"a7县"}, {"n市"}, True),
            (set(), {"n市"}, False),
        ],
    )
    def test_of_areas_say_whether_two_can_be_one_place(
        self, one: set[str], other: set[str], expected: bool
    ) -> None:
        assert apart(frozenset(one), frozenset(other)) is expected


class TestLookingUp:
    def test_a_pair_that_many_hold_says_less(self) -> None:
        rarity = counted([traits_of("澜岸新城停车难"), traits_of("澜岸新城没有路灯"), traits_of("怡和花园")])
        assert rarity.of("澜岸") < rarity.of("怡和") <= Rarity().of("怡和") + 1
        assert rarity.of("小区") < rarity.of("澜岸")

    @given(st.sampled_from(ROWS))
    def test_a_demand_is_kept_under_few_pairs(self, row: dict[str, str]) -> None:
        keys = lookup_keys(traits_of(row["text"], row.get("title")))
        assert 0 < len(keys) <= 14
        assert len(set(keys)) == len(keys)

    def test_candidates_are_bounded_and_those_that_share_rare_pairs_come_first(self) -> None:
        common, rare = Postings(400, tuple(range(40))), Postings(2, (77,))
        found = candidates([common, rare])
        assert found[0] == 77
        assert len(found) == CANDIDATES_MAX

    def test_two_tellings_of_one_matter_share_a_pair_to_be_looked_up_by(self) -> None:
        together: dict[str, list[dict[str, str]]] = {}
        for row in ROWS:
            together.setdefault(row["matter"], []).append(row)
        shared = [
            bool(set(_keys(one)) & set(_keys(other)))
            for rows in together.values()
            for one, other in combinations(rows, 2)
        ]
        assert sum(shared) / len(shared) > 0.8


def _keys(row: dict[str, str]) -> Iterable[str]:
    return lookup_keys(traits_of(row["text"], row.get("title")))


def test_agreement_counts_pairs() -> None:
    result = agreement([1, 1, 1, 2], ["a", "a", "b", "b"])
    assert (result.together, result.belonging, result.both) == (3, 2, 1)
    assert result.precision == pytest.approx(1 / 3)
    assert result.recall == 0.5
    assert agreement([1, 2], ["a", "b"]).f1 == 1.0
