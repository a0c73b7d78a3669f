"""What residents say, understood: danger that is there now, with whom to call, and the kind of demand."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.understanding import DANGERS, TEXT_CHARACTERS_MAX, danger_in, kind_of

KINDS = {"enquiry", "help", "suggestion", "complaint", "report"}

NOW = [
    ("火情", ("119",), "三号楼着火了，楼道里全是烟"),
    ("火情", ("119",), "车棚里电动车起火了"),
    ("火情", ("119",), "二楼窗户冒浓烟了"),
    ("火情", ("119",), "楼下垃圾桶正在燃烧"),
    ("燃气", ("119",), "楼道里一股煤气味，越来越浓"),
    ("燃气", ("119",), "家里燃气泄漏，闻着头晕"),
    ("燃气", ("119",), "楼下天然气管道漏气了"),
    ("触电", ("119", "120"), "路灯杆漏电，有人触电了"),
    ("触电", ("119", "120"), "大风把电线刮断了，断的电线掉在路上"),
    ("触电", ("119", "120"), "电表箱一直冒火花"),
    ("坍塌", ("119",), "巷口的围墙塌了，压住了路"),
    ("坍塌", ("119",), "我家房子快塌了"),
    ("坍塌", ("119",), "下雨后山体滑坡把路埋了"),
    ("人身", ("120",), "广场上有位老人晕倒了"),
    ("人身", ("120",), "我爸心脏病犯了，快来人"),
    ("人身", ("120",), "孩子掉进河里了"),
    ("被困", ("119",), "电梯坏了，我们被困在里面"),
    ("被困", ("119",), "五号楼电梯里困着老人和孩子"),
    ("轻生", ("110", "120"), "有人站在楼顶要跳楼"),
    ("轻生", ("110", "120"), "邻居说不想活了，把门锁上了"),
    ("治安", ("110",), "有人拿着刀在小区里追人"),
    ("治安", ("110",), "楼下有人打架，流血了"),
    ("治安", ("110",), "我奶奶走丢了，穿红衣服"),
]

NOT_NOW = [
    "怕着火，想请人看看线路",
    "楼道堆满杂物有火灾隐患",
    "去年着过火，现在想换电线",
    "去年我家着火了，想申请补助",
    "想听一场消防知识讲座",
    "担心围墙塌了砸到孩子",
    "万一老人晕倒了怎么办，想装个呼叫器",
    "如果电梯里关了人该找谁",
    "防止触电，想请电工检查",
    "请社区搞一次触电急救演练",
    "建议开展防溺水知识宣传",
    "想装一个燃气泄漏报警器",
    "上次有人打架以后，想装监控",
    "以前这里山体滑坡，能不能修个护坡",
    "想学做点心",
    "路灯不亮了",
    "巷子坑坑洼洼，不好走",
]

OF_KIND = [
    ("enquiry", "咨询社保转移手续", "请问什么时候可以办理，需要什么材料"),
    ("enquiry", None, "请问医保怎么办理"),
    ("enquiry", None, "公租房的申请条件是什么，能办吗？"),
    ("help", None, "家里水管坏了，麻烦来人修一下"),
    ("help", "求助", "老人行动不便，请帮帮忙"),
    ("help", None, "已经停水两天了，急需解决"),
    ("suggestion", "建议增设公交站", "希望增加一个站点"),
    ("suggestion", None, "建议在院里放几把长椅"),
    ("complaint", "投诉物业乱收费", "物业态度恶劣，没人管"),
    ("complaint", None, "夜里施工扰民，严重影响休息"),
    ("report", "举报", "楼上有人聚众赌博"),
    ("report", None, "举报一家工厂夜里偷排污水"),
]


@pytest.mark.parametrize(("name", "call", "text"), NOW)
def test_danger_that_is_there_is_heard_with_whom_to_call(name: str, call: tuple[str, ...], text: str) -> None:
    danger = danger_in(text)
    assert danger is not None
    assert (danger.name, danger.call) == (name, call)


def test_every_danger_has_been_heard_at_least_once() -> None:
    assert {name for name, _, _ in NOW} == {danger.name for danger in DANGERS}


def test_every_danger_names_a_public_number_and_says_it_in_its_advice() -> None:
    for danger in DANGERS:
        assert danger.call
        assert set(danger.call) <= {"110", "119", "120"}
        assert any(number in danger.advice for number in danger.call)


@pytest.mark.parametrize("text", NOT_NOW)
def test_what_is_feared_remembered_or_taught_is_not_urgent(text: str) -> None:
    assert danger_in(text) is None


def test_a_worry_in_one_clause_does_not_hide_danger_in_the_next() -> None:
    danger = danger_in("早就担心线路老化，现在着火了")
    assert danger is not None
    assert danger.name == "火情"


def test_a_danger_that_was_is_not_one_but_the_next_mention_is() -> None:
    danger = danger_in("去年着火了没人管。今天又着火了")
    assert danger is not None
    assert danger.name == "火情"


def test_the_title_alone_can_be_urgent() -> None:
    assert danger_in("请快来", "三号楼着火了") is not None
    assert danger_in("请快来", "三号楼") is None


def test_a_worry_in_the_title_says_nothing_of_the_text() -> None:
    assert danger_in("着火了", "担心") is not None


@pytest.mark.parametrize(("kind", "title", "text"), OF_KIND)
def test_each_kind_is_told_by_its_words(kind: str, title: str | None, text: str) -> None:
    assert kind_of(text, title) == kind


def test_without_a_sign_it_asks_for_help() -> None:
    assert kind_of("巷子坑坑洼洼") == "help"


def test_the_title_tells_more_of_the_kind_than_the_text() -> None:
    text = "物业乱收费，态度差"
    assert kind_of(text) == "complaint"
    assert kind_of(text, "建议公开账目") == "suggestion"


def test_saying_the_same_thing_twice_does_not_change_the_kind() -> None:
    text = "请问，请问，请问，举报偷排"
    assert kind_of(text) == kind_of("请问，举报偷排") == "report"


STRANGE = ["", "啊", "水", "?", "Help, the street lamp is broken!", "😀🔥🚒", "\n\t ", "你好" * 2_000, "\x00"]


@pytest.mark.parametrize("text", STRANGE)
def test_strange_texts_are_not_urgent_and_have_a_kind(text: str) -> None:
    assert danger_in(text) is None
    assert danger_in(text, text) is None
    assert kind_of(text, text) in KINDS


def test_emoji_and_english_around_do_not_hide_danger() -> None:
    danger = danger_in("Help!!! 🔥🔥 厨房着火了 please hurry 😭")
    assert danger is not None
    assert danger.name == "火情"


def test_a_text_of_four_thousand_characters_is_read_to_its_bound_and_soon() -> None:
    padded = "我们这里一切都好" * 500
    started = perf_counter()
    assert danger_in("着火了。" + padded) is not None
    assert danger_in(padded[:TEXT_CHARACTERS_MAX] + "着火了") is None
    assert kind_of(padded + "举报") == "help"
    assert perf_counter() - started < 1.0


@given(st.text(max_size=80), st.none() | st.text(max_size=20))
def test_any_text_can_be_understood(text: str, title: str | None) -> None:
    assert kind_of(text, title) in KINDS
    assert danger_in(text, title) in (None, *DANGERS)


@given(st.text(alphabet="abcdefgh ijklmno123", max_size=40))
def test_what_is_said_around_danger_in_other_letters_does_not_hide_it(around: str) -> None:
    danger = danger_in(f"{around}着火了，{around}")
    assert danger is not None
    assert danger.name == "火情"
