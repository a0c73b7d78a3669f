"""What residents say, understood where it comes in: danger, accusation, whose business it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.readings import Home, Understood, kind_of, read, understood
from services.language.places import home_of
from services.language.reader import LETTER_SURE, own_reader

KINDS = {"enquiry", "help", "suggestion", "complaint", "report"}
HERE = Home(home_of("稷山县", "山西省"))
IN_DANGER = [
    "三号楼着火了，楼道里全是烟",
    "车棚里电动车起火了",
    "二楼窗户冒浓烟了",
    "楼下垃圾桶正在燃烧",
    "楼道里一股煤气味，越来越浓",
    "家里燃气泄漏，闻着头晕",
    "楼下天然气管道漏气了",
    "路灯杆漏电，有人触电了",
    "大风把电线刮断了，断的电线掉在路上",
    "电表箱一直冒火花",
    "巷口的围墙塌了，压住了路",
    "我家房子快塌了",
    "下雨后山体滑坡把路埋了",
    "广场上有位老人晕倒了",
    "我爸心脏病犯了，快来人",
    "孩子掉进河里了",
    "电梯坏了，我们被困在里面",
    "五号楼电梯里困着老人和孩子",
    "有人站在楼顶要跳楼",
    "邻居说不想活了，把门锁上了",
    "有人拿着刀在小区里追人",
    "楼下有人打架，流血了",
    "我奶奶走丢了，穿红衣服",
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
LETTER = "今天说说咱们院里的事，路灯坏了两盏，垃圾桶也满了，物业说下礼拜来修，我们等了好些天。"


def said(text: str, title: str | None = None) -> Understood:
    return understood(read(text, title), HERE)


@pytest.mark.parametrize("text", IN_DANGER)
def test_danger_that_is_there_is_urgent_or_asked_about(text: str) -> None:
    heard = said(text)
    assert heard.is_alarming
    assert heard.kind
    assert heard.said


@pytest.mark.parametrize(
    "text",
    [
        "孩子挂在五楼窗台外面，我怕他掉下来，快来人",
        "我家灶房着火了，怕烧到隔壁，老人还在屋里出不来",
        "有人掉进井里了，怕淹死，快",
        "隔壁老王天天喝酒，今天倒在门口没呼吸了，脸都紫了",
        "我妈经常头晕，刚才一下子倒在厨房叫不醒",
    ],
)
def test_what_is_feared_or_usual_beside_a_danger_that_is_there_takes_nothing_from_it(text: str) -> None:
    assert said(text).danger == "now"


@pytest.mark.parametrize("text", NOT_NOW)
def test_what_is_feared_remembered_or_taught_is_not_urgent(text: str) -> None:
    assert said(text).danger != "now"


def test_hanging_wires_are_a_danger_to_come_and_none_that_is_there() -> None:
    assert said("充电桩不够，家家从楼上吊飞线充电，怕着火").danger in ("soon", "none")


@pytest.mark.parametrize(
    "text",
    ["俺娃掉窖里咧，咋弄", "俺爹圪蹴下就起不来了，脸煞白", "家裡瓦斯漏了，頭暈得很", "樓下著火了，快來人"],
)
def test_dialect_and_traditional_characters_hide_no_danger(text: str) -> None:
    assert said(text).is_alarming


def test_a_danger_in_the_last_of_four_thousand_signs_is_found() -> None:
    long = (LETTER * 100)[:3_950]
    assert said(long).danger == "none"
    assert said(long + "我妈刚刚倒在厨房叫不醒了，嘴里吐白沫").is_alarming


def test_a_danger_in_the_title_alone_is_found() -> None:
    assert said("请快来人", "三号楼着火了").is_alarming
    assert not said("修一下", "路灯坏了").is_alarming


def test_what_happens_again_and_again_is_asked_about_and_never_sure() -> None:
    often = "电梯三天两头困人，老人困在里头吓得直哭"
    assert said(often).danger != "now"


def test_a_letter_has_to_say_more_to_be_sure() -> None:
    text = "我爸刚在院里摔了一跤"
    plain, titled = own_reader().read(text), own_reader().read(text, "求助")
    assert min(LETTER_SURE) > 700
    assert (plain.danger, titled.danger) != ("none", "now")


class TestWhatTheAskerSays:
    def test_a_report_accuses_whatever_its_words_are(self) -> None:
        heard = understood(read("门口那家店的事", None, "report"), HERE)
        assert (heard.accusation, heard.private) == ("wrongdoing", True)

    def test_of_privacy_it_holds_before_the_words(self) -> None:
        lamp, illness = "路灯坏了一盏", "我得了那个病，不想让人知道，怎么申请救助"
        assert understood(read(lamp, private=True), HERE).private
        assert not understood(read(illness, private=False), HERE).private
        assert said(illness).private
        assert not said(lamp).private

    def test_but_whose_word_an_accusation_is_nobody_reads(self) -> None:
        report = "举报仁和诊所无证行医，打针打坏了人"
        assert understood(read(report, private=False), HERE).private

    def test_who_accuses_the_community_itself_is_told_apart(self) -> None:
        assert said("举报社区书记克扣低保").against_community
        assert not said("举报仁和诊所无证行医，打针打坏了人").against_community


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("临汾市的路灯不亮，晚上没法走", "临汾市"),
        ("北京路的路灯坏了", ""),
        ("院里的路灯坏了一盏", ""),
    ],
)
def test_another_place_is_noticed(text: str, where: str) -> None:
    assert said(text).elsewhere == where


def test_where_nobody_knows_what_is_here_nothing_is_elsewhere() -> None:
    assert understood(read("临汾市的路灯不亮，晚上没法走")).elsewhere == ""
    assert understood(read("临汾市的路灯不亮，晚上没法走"), Home()).elsewhere == ""


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


STRANGE = ["", "啊", "水", "?", "Help, the street lamp is broken!", "\n\t ", "你好" * 2_000, "\x00"]


@pytest.mark.parametrize("text", STRANGE)
def test_strange_texts_are_not_urgent_and_have_a_kind(text: str) -> None:
    assert said(text).danger != "now"
    assert kind_of(text, text) in KINDS


def test_emoji_and_english_around_do_not_hide_danger() -> None:
    assert said("Help!!! 🔥🔥 厨房着火了 please hurry 😭").is_alarming


@given(st.text(max_size=80), st.none() | st.text(max_size=20))
def test_any_text_can_be_understood(text: str, title: str | None) -> None:
    assert kind_of(text, title) in KINDS
    heard = said(text, title)
    assert (heard.kind == "") == (heard.danger == "none")
