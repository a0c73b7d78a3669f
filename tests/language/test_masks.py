"""Numbers of people are hidden however they are written; prices, dates, doors and desks are left alone."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from services.language.masks import masked, numbers_in, read_masks
from services.language.rows import BrokenTable

MADE, HIDDEN_MIN, INNOCENT_MAX = 2_000, 0.995, 0.005
SENTENCES = ("我的号是{}，有事打", "{} 找我", "家里人{}", "请联系{}谢谢", "老张：{}。")
MOBILES = ("13{}", "15{}", "17{}", "18{}", "19{}")
SEPARATORS = (
    "",
    " ",
    "  ",
    "-",
    ".",
    "·",
    "—",
    "－",
    "\u3000",
    "\u00a0",
    "\u200b",
    "\u2060",
    "\n",
    "_",
    "/",
    "–",
)


def digits(by: random.Random, count: int) -> str:
    return "".join(str(by.randrange(10)) for _ in range(count))


def grouped(by: random.Random, number: str) -> str:
    """Return a mobile number in one of the groupings that people use."""
    parted = by.choice(SEPARATORS)
    groups = by.choice(([3, 4, 4], [3, 8], [3, 3, 5], [7, 4], [4, 3, 4], [1] * 11))
    found, start = [], 0
    for length in groups:
        found.append(number[start : start + length])
        start += length
    return parted.join(found)


def in_other_digits(by: random.Random, number: str) -> str:
    """Return a number in full-width, Chinese, financial, circled or enclosed digits, or as it is."""
    alphabets = ("0123456789",) * 6 + (
        "０１２３４５６７８９",
        "零一二三四五六七八九",
        "〇一二三四五六七八九",
        "零壹贰叁肆伍陆柒捌玖",
        "⓪①②③④⑤⑥⑦⑧⑨",
        "零幺二三四五六七八九",
        "٠١٢٣٤٥٦٧٨٩",
    )
    alphabet = by.choice(alphabets)
    return "".join(alphabet[int(sign)] if sign in "0123456789" else sign for sign in number)


def mobile(by: random.Random) -> str:
    number = by.choice(MOBILES).format(digits(by, 9))
    return by.choice(("", "", "", "+86", "86", "+86 ", "0086")) + in_other_digits(by, grouped(by, number))


def landline(by: random.Random) -> str:
    area = by.choice(("0359", "010", "0351", "021", "0357"))
    own = str(by.randrange(2, 9)) + digits(by, 7 if len(area) == 3 else 6)
    return by.choice((f"{area}-{own}", f"({area}){own}", f"（{area}）{own}", f"{area} {own}", f"{area}{own}"))


def identity(by: random.Random) -> str:
    day = f"{by.randrange(1940, 2020)}{by.randrange(1, 13):02}{by.randrange(1, 29):02}"
    area, last = f"1427{by.randrange(10, 33)}", by.choice("0123456789X")
    parted = by.choice(("", "", " ", "-", "\u200b"))
    number = parted.join((area, day, f"{digits(by, 3)}{last}"))
    return in_other_digits(by, number)


def old_identity(by: random.Random) -> str:
    born = f"{by.randrange(40, 80)}{by.randrange(1, 13):02}{by.randrange(1, 29):02}"
    return f"1427{by.randrange(10, 33)}{born}{digits(by, 3)}"


def card(by: random.Random) -> str:
    number = "62" + digits(by, by.choice((14, 17)))
    parted = by.choice(("", " ", "-"))
    return parted.join(number[start : start + 4] for start in range(0, len(number), 4))


def plate(by: random.Random) -> str:
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    own = digits(by, 4) + by.choice(letters + "0123456789")
    return f"{by.choice('晋京陕豫冀')}{by.choice(letters)}{by.choice(('', '·', ' ', '-'))}{own}"


def mail(by: random.Random) -> str:
    own, at = by.choice(("wang", "li.san", "zhao_88")), by.choice(("163.com", "qq.com", "sina.com.cn"))
    return f"{own}{digits(by, 3)}@{at}"


def wechat(by: random.Random) -> str:
    label = by.choice(("微信", "微信号：", "加微", "vx:", "wx ", "v信"))
    return label + by.choice(("zhang", "li_", "wxid-")) + digits(by, 5)


def qq(by: random.Random) -> str:
    return by.choice(("QQ", "qq号", "QQ：", "扣扣 ")) + str(by.randrange(1, 9)) + digits(by, 8)


def passport(by: random.Random) -> str:
    return by.choice(("E", "G")) + digits(by, 8)


PERSONAL: dict[str, Callable[[random.Random], str]] = {
    "mobile": mobile,
    "landline": landline,
    "identity": identity,
    "old identity": old_identity,
    "card": card,
    "plate": plate,
    "mail": mail,
    "wechat": wechat,
    "qq": qq,
    "passport": passport,
}


def innocent(by: random.Random) -> str:
    year, month, day = by.randrange(1990, 2030), by.randrange(1, 13), by.randrange(1, 29)
    return by.choice(
        (
            f"{by.randrange(1, 99_999)}元",
            f"{by.randrange(1, 300)}.{by.randrange(100):02} 块钱",
            f"{year}年{month}月{day}日",
            f"{year}-{month:02}-{day:02} {by.randrange(24):02}:{by.randrange(60):02}",
            f"{year}.{month}.{day}",
            f"{by.randrange(1, 40)}号楼{by.randrange(1, 9)}单元{by.randrange(101, 3_299)}",
            f"订单号{by.choice(MOBILES).format(digits(by, 9))}",
            f"单号：SF{digits(by, 13)}",
            f"快递{digits(by, 12)}",
            f"工单{digits(by, 14)}",
            by.choice(("110", "119", "120", "122", "12345", "95598", "96333", "10086", "400-123-4567")),
            f"{by.randrange(100, 999)} {by.randrange(1_000, 9_999)} {by.randrange(100, 999)}",
            f"{by.randrange(1, 24)}:{by.randrange(60):02}到{by.randrange(1, 24)}:{by.randrange(60):02}",
            f"身高{by.randrange(150, 190)}体重{by.randrange(80, 200)}",
            f"{by.randrange(1, 9)}室{by.randrange(1, 3)}厅{by.randrange(60, 180)}平",
            f"G{by.randrange(100, 9_999)}次",
            f"第{by.randrange(1, 99)}条第{by.randrange(1, 9)}款",
            "一百二十三块",
            "三七二十一",
            "二〇二六年",
            f"{by.randrange(10, 99)}万{by.randrange(1_000, 9_999)}",
            f"户号{digits(by, 10)}",
            f"批号 {digits(by, 8)}",
            f"{by.randrange(1_000, 9_999)}度电，{by.randrange(1_000, 9_999)}方水",
        )
    )


@pytest.mark.parametrize("name", PERSONAL)
def test_each_kind_is_hidden_in_nearly_every_way_of_writing(name: str) -> None:
    by = random.Random(name)
    shown = []
    for _ in range(MADE // len(PERSONAL)):
        number = PERSONAL[name](by)
        text = by.choice(SENTENCES).format(number)
        if masked(text) == text:
            shown.append(text)
    assert len(shown) <= (1 - HIDDEN_MIN) * MADE // len(PERSONAL), shown[:10]


def test_of_innocent_numbers_nearly_none_is_hidden() -> None:
    by = random.Random("innocent")
    texts = [by.choice(SENTENCES).format(innocent(by)) for _ in range(MADE)]
    hidden = [text for text in texts if masked(text) != text]
    assert len(hidden) <= INNOCENT_MAX * MADE, hidden[:10]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("打 13812345678 找我", "打 138****5678 找我"),
        ("+86 138-1234-5678", "138****5678"),
        ("一三八一二三四五六七八", "138****5678"),
        ("座机（0359）5521234", "座机0359-****1234"),
        ("身份证14082419600101123x", "身份证140824********123X"),
        ("车牌晋M·8A123挡了门", "车牌晋M****3挡了门"),
        ("信箱 wang3@163.com", "信箱 w****@163.com"),
        ("卡号 6222 0210 0111 2345 678", "卡号 ****5678"),
        ("微信号：zhang_san88 加我", "微信号：**** 加我"),
    ],
)
def test_what_is_left_of_a_number_tells_its_owner_which_it_is(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_a_desk_of_the_catalogue_is_meant_to_be_called() -> None:
    uow = "城管值班电话 0359-5520110"
    assert masked(uow) != uow
    assert masked(uow, numbers_in(uow)) == uow


def test_an_id_of_our_own_is_no_number_of_a_person() -> None:
    assert masked("01a218d6cc4870868b86946dbde7634d") == "01a218d6cc4870868b86946dbde7634d"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("mobile\t-\t(\t3\t4", "masks.tsv:1"),
        ("mobile\t-\t\\d{11}\tthree\t4", "masks.tsv:1"),
        ("mobile\t-\t\\d{11}\t3", "5 columns"),
        ("\n# a remark\nmobile\t\t\\d{11}\t3\t4", "masks.tsv:3: an empty cell"),
    ],
)
def test_a_fault_of_the_table_is_told_with_file_and_line(tmp_path: Path, row: str, says: str) -> None:
    table = tmp_path / "masks.tsv"
    table.write_text(row + "\n", encoding="utf-8")
    with pytest.raises(BrokenTable, match=says):
        read_masks(table)
