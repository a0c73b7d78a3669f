"""The matters that really happened go to those who really did them, in residents' words.

`real_cases.jsonl` tells each of the eight cases in many ways: short and long, with and without a title, with
slips of the pen, with the place only named in the text. Words were chosen without those marked `held_out`.
Measured when they were written: of 154 that somebody can do 144 were dispatched right (24 of 28 held out),
none wrong, and all 26 about charging e-bikes went to review.
"""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from services.cli.cases import CASES, Case
from services.contracts.community_file import CommunityFile
from services.matching.domain.matter import Matter
from services.matching.domain.ranking import Ranker
from services.matching.routing.catalogue import catalogue_of

TODAY = date(2026, 11, 1)
NPC = "jishan-npc-standing-committee"
HOUSING = "jishan-housing-bureau"
TRANSPORT = "jishan-transport-centre"
COOPERATIVE = "jishan-supply-cooperative"
AGRICULTURE = "jishan-agriculture-centre"
OPTICIAN = "yiming-optical"
DONE_BY = {
    "yuxiuyuan-table-tennis": {NPC},
    "jindu-e-bike-charging": set[str](),
    "lutianxiang-road": {HOUSING},
    "binhe-eyesight": {OPTICIAN},
    "xinhe-and-two-more-lamps": {TRANSPORT},
    "four-thirty-class-desks": {AGRICULTURE},
    "jixiangyuan-benches": {NPC},
    "activity-room-table-tennis": {COOPERATIVE, NPC},
}
"""By case, the providers that count as right; none where the community itself took the lead."""
RIGHT_MIN = 0.9
RIGHT_HELD_OUT_MIN = 0.8
TELLINGS_OF_A_CASE_MIN = 8
CHARGING = (
    "电动车没地方充，家家从楼上往下拉电线，太危险了，怕着火，能不能多装点充电桩，价钱公道些",
    "充电难，飞线从五楼吊下来，有火灾隐患，希望建几个车棚，充电桩要够用，收费合理",
    "电瓶车都推进楼道里充，万一烧起来怎么办",
)


@dataclass(frozen=True)
class Told:
    """A case as one resident tells it."""

    case: str
    place: str | None
    title: str | None
    text: str
    held_out: bool


def told_cases() -> list[Told]:
    lines = (Path(__file__).parents[1] / "data" / "real_cases.jsonl").read_text(encoding="utf-8").splitlines()
    return [Told(**json.loads(line)) for line in lines]


def outcome(ranker: Ranker, told: Told) -> str:
    ranking = ranker.rank(Matter(told.text, told.title, told.place), {}, TODAY)
    if ranking.decision == "review":
        return "review"
    return "right" if ranking.candidates[0].provider in DONE_BY[told.case] else "wrong"


@pytest.fixture(scope="module")
def ranker(jiwang: CommunityFile) -> Ranker:
    return Ranker(catalogue_of(jiwang))


@pytest.mark.parametrize(
    ("place", "text", "who"),
    [
        ("yuxiuyuan", "院里能不能放张乒乓球台，老人锻炼，孩子也能玩", {NPC}),
        ("yuxiuyuan", "想要个乒乓球台子，大人活动活动，娃娃们也有个耍的", {NPC}),
        ("lutianxiang", "巷子五百来米坑坑洼洼，一下雨就积水，晚上没有路灯，脏水没处排", {HOUSING}),
        ("lutianxiang", "路上全是坑，没有下水道，污水和雨水都往街上流", {HOUSING}),
        ("binhe-jiayuan", "娃娃们眼睛越来越不好，爷爷奶奶带着也不懂，能不能给查查视力", {OPTICIAN}),
        ("binhe-jiayuan", "孙子近视了，我们老两口看着着急，不知道咋护眼", {OPTICIAN}),
        ("xinhe-dasha", "晚上院里黑漆漆的，老人出门看不见路，能不能装几盏路灯", {TRANSPORT}),
        ("kangleyuan", "天黑了院里没灯，走路摸黑", {TRANSPORT}),
        ("anjuyuan", "小区晚上太黑，想装太阳能路灯", {TRANSPORT}),
        ("four-thirty-class", "课堂里桌椅不够，孩子们趴在凳子上写作业", {AGRICULTURE}),
        ("four-thirty-class", "四点半课堂缺课桌和椅子", {AGRICULTURE}),
        ("jixiangyuan", "院里连个坐的地方都没有，老人站着聊天", {NPC}),
        ("jixiangyuan", "能不能给安几条长椅，走累了歇歇脚", {NPC}),
        ("activity-room", "活动室想打乒乓球，没有球台", {COOPERATIVE, NPC}),
        ("activity-room", "活动室能添张乒乓球桌吗", {COOPERATIVE, NPC}),
    ],
)
def test_a_real_case_is_dispatched_to_who_did_it(
    ranker: Ranker, place: str, text: str, who: set[str]
) -> None:
    ranking = ranker.rank(Matter(text, compound=place), {}, TODAY)
    assert ranking.decision == "dispatch"
    assert ranking.candidates[0].provider in who


@pytest.mark.parametrize("text", CHARGING)
@pytest.mark.parametrize("place", ["jindu", None])
def test_charging_of_e_bikes_is_left_to_the_community(ranker: Ranker, text: str, place: str | None) -> None:
    ranking = ranker.rank(Matter(text, compound=place), {}, TODAY)
    assert ranking.decision == "review"
    assert ranking.category == "电动车充电"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_demonstration_goes_as_it_went(ranker: Ranker, case: Case) -> None:
    ranking = ranker.rank(Matter(case.text, compound=case.compound), {}, TODAY)
    assert ranking.decision == ("review" if case.review else "dispatch")
    assert case.review or ranking.candidates[0].provider in case.done_by


def test_however_it_is_told_a_case_is_never_dispatched_to_the_wrong_one(ranker: Ranker) -> None:
    assert [told for told in told_cases() if outcome(ranker, told) == "wrong"] == []


@pytest.mark.parametrize(("held_out", "right_min"), [(False, RIGHT_MIN), (True, RIGHT_HELD_OUT_MIN)])
def test_however_it_is_told_a_case_is_mostly_dispatched(
    ranker: Ranker, held_out: bool, right_min: float
) -> None:
    coverable = [told for told in told_cases() if DONE_BY[told.case] and told.held_out == held_out]
    right = sum(outcome(ranker, told) == "right" for told in coverable)
    assert right / len(coverable) >= right_min


def test_however_it_is_told_charging_is_left_to_the_community(ranker: Ranker) -> None:
    assert {outcome(ranker, told) for told in told_cases() if not DONE_BY[told.case]} == {"review"}


def test_every_case_is_told_in_many_ways() -> None:
    tellings = Counter(told.case for told in told_cases())
    assert tellings.keys() == DONE_BY.keys()
    assert min(tellings.values()) >= TELLINGS_OF_A_CASE_MIN


def test_the_reason_names_the_duty_and_the_contract(ranker: Ranker) -> None:
    ranking = ranker.rank(Matter("院里想放张乒乓球台", compound="yuxiuyuan"), {}, TODAY)
    parts = {part.name: part.because for part in ranking.candidates[0].parts}
    assert parts["职责"] == "诉求说到“乒乓球台”，其职责有“为结对小区捐建健身器材和乒乓球台”"
    assert parts["资源"] == "资源清单上有乒乓球台（2张）"
    assert parts["契约"] == "与毓秀苑小区结对共建，契约到 2028-12-31 止"
    assert parts["余力"] == "手上有 0 件未办结，最多可接 6 件"


def test_a_compound_named_in_the_text_counts_as_its_place(ranker: Ranker) -> None:
    ranking = ranker.rank(Matter("毓秀苑能不能放张乒乓球台"), {}, TODAY)
    assert ranking.candidates[0].provider == NPC
    assert ranking.decision == "dispatch"


@pytest.mark.parametrize(
    "text",
    [
        "我想问一下孩子上学的事",
        "请人大常委会修我的手机",
        "毓秀苑小区",
        "👍👍",
        "灯",
        "",
        "医明眼镜店",
        "？？？！！！",
        "a" * 5000,
    ],
)
@pytest.mark.parametrize("place", ["yuxiuyuan", "lutianxiang", None, "nowhere"])
def test_what_nobody_offers_is_left_to_the_staff(ranker: Ranker, text: str, place: str | None) -> None:
    ranking = ranker.rank(Matter(text, compound=place), {}, TODAY)
    assert ranking.decision == "review"
    assert len(ranking.candidates) >= 3
