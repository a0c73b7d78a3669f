"""Finds what is named in a text: compounds, roads, schools, companies, villages, areas like A3区."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.contracts.values import replace
from services.intake.domain.voices.vocabulary import COMMON
from services.intake.domain.voices.wording import GAP, pairs

NAME_CHARS_MAX = 8
CORE_CHARS_MAX = 5
NAMES_MAX = 24

_BREAKS = (
    "我们|你们|他们|位于|来自|附近|旁边|对面|后面|前面|门口|楼下|楼上|周边|现在|已经|没有|因为|所以|但是|如果|就是|还是|"
    "这个|那个|这里|那里|一个|几个|全部|所有|作为|经过|通过|购买|入住|住在|家住|反对|开发商|业委会|物业|公司的|听说|"
    "家里|夜里|村里|镇里|市里|县里|城里|手里|心里|知道|街上|路上|"
    "的|在|是|了|着|过|到|从|向|对|把|被|让|给|与|及|或|就|都|也|又|还|再|请|问|我|你|他|她|它|们|这|那|该|此|每|将|"
    "可|不|没|等|住|买|去|找|查|修"
)
_SUFFIXES = (
    "安置小区|安置房|住宅小区|小区|花园|家园|新城|新村|家属院|家属楼|公寓|国际|广场|大厦|公园|大桥|楼盘|项目|"
    "职业学院|幼儿园|中学|小学|学校|学院|大学|卫生院|医院|"
    "有限公司|公司|集团|地产|建筑|教育|健身|财富|金融|车贷|平台|酒店|超市|市场|"
    "社区|街道|大道|景区|水库|号线|机场|高速|"
    "苑|城|湾|园|府|庭|居|院|洲|里|路|街|巷|镇|村|乡|屯|寨|河|江|湖|溪|山|站|厂|校|桥|店"
)
_PLACES = re.compile(
    "(?:安置|住宅)?小区|花园|家园|新城|新村|家属院|家属楼|公寓|国际|大厦|公园|楼盘|"
    "苑|路|街|巷|大道|镇|村|中学|小学|学院"
)
_AREA = re.compile(r"[a-z]{1,2}\d{0,3}[市区县州]")
_BREAK = re.compile(_BREAKS)
_NAMED = re.compile(rf"([\u4e00-\u9fff0-9a-z]{{2,{NAME_CHARS_MAX}}}?)({_SUFFIXES})")
_NUMBERED = re.compile(
    r"\d{1,4}(?:号线|路(?!口)|车贷|国道|省道)|[a-z\u4e00-\u9fff]{2}\d{2,4}(?![0-9年月万元多平户块米公个%号亩天分])"
)


@dataclass(frozen=True, slots=True)
class Name:
    """What is named: its last characters before the kind, and every pair that its mention is made of.

    `is_place`: its kind is one of those that are where people live, and hardly ever something else.
    """

    core: str
    pairs: tuple[str, ...]
    mention: tuple[str, ...]
    is_place: bool = False


def areas(text: str) -> frozenset[str]:
    """Return the areas that a plain text speaks of, as a3区; a city only where nothing finer is said."""
    found = set(_AREA.findall(text))
    finer = {area for area in found if not area.endswith("市")}
    return frozenset(finer or found)


def without_areas(text: str) -> str:
    """Return a plain text with gaps for its areas."""
    return _AREA.sub(GAP, text)


def apart(some: frozenset[str], others: frozenset[str]) -> bool:
    """Return whether two texts speak of areas that cannot be the same."""
    if not some or not others or some & others:
        return False
    finer = not any(area.endswith("市") for area in (*some, *others))
    return finer or not {area[0] for area in some} & {area[0] for area in others}


def names(text: str) -> tuple[Name, ...]:
    """Return what a plain text without areas names, in the order of the text, each once."""
    known: dict[str, Name] = {}
    for found in _NUMBERED.finditer(text):
        own = tuple(pairs(found[0]))
        known.setdefault(found[0], Name(found[0], own, own))
    for run in text.split(GAP):
        for piece in _BREAK.split(run):
            for name in _named(piece):
                before = known.get(name.core)
                mention = tuple(dict.fromkeys((*before.mention, *name.mention))) if before else name.mention
                known[name.core] = replace(name, mention=mention)
    return tuple(known.values())[:NAMES_MAX]


def _named(piece: str) -> Iterator[Name]:
    for found in _NAMED.finditer(piece):
        core = found[1][-CORE_CHARS_MAX:]
        own = tuple(pairs(core))
        if not own or all(pair in COMMON for pair in own):
            continue
        mention = piece[max(0, found.start()) : found.end() + 1]
        yield Name(core, own, tuple(pairs(mention)), _PLACES.fullmatch(found[2]) is not None)
