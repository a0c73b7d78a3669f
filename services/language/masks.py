"""Numbers by which a person can be found are hidden, whatever way they are written (`data/masks.tsv`).

Mobile and landline numbers, identity cards of 15 and 18 digits, bank cards, plates, mail, WeChat, QQ and
passports. What a number is decides, not how it is spelt: +86, blanks, dots and dashes of any kind, full-width
digits, circled and Chinese numerals, invisible marks between, across a line's end. Numbers that are meant to
be called stay: those of three to five digits, 400 and 800 numbers, and what the caller names.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.language.phrases import phrase
from services.language.rows import DATA, BrokenTable, rows

TABLE = DATA / "masks.tsv"
NOTHING = "-"
STARS = "****"
LABEL_CHARACTERS = 24
"""So far before a number it is looked for what says what it is."""

_GAP = r"(?:[ .\-_/,、+|()]{1,3})"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_COUNTRY = r"(?:\+?86{s}?|0086{s}?|\(\+?86\){s}?)?"
_MAY_HOLD_ONE = re.compile(
    r"(?:[\d①-⑳⑴-⒇➀-➉❶-➓⓪〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖](?:[^\w]|_){0,4}){5}|@"
    r"|[vV][信xX]|[微薇威维][ ]?信|加[vVwW微]|[wW][xXeE]|[qQ]|扣|抠|秋|企鹅"
    rf"|[{_PROVINCES}][\W_]{{0,3}}[A-Za-zＡ-Ｚ]|护照|行证|[EeGgDdSsPp]\d{{7}}"
)
"""What a text must hold at least for any number to be in it; most hold nothing of the kind."""

_DIGITS = {
    **{sign: str(number) for number, sign in enumerate("零一二三四五六七八九")},
    **{sign: str(number) for number, sign in enumerate("零壹贰叁肆伍陆柒捌玖")},
    **{sign: str(number) for number, sign in enumerate("⓪①②③④⑤⑥⑦⑧⑨")},
    **{sign: str(number) for number, sign in enumerate("⑴⑵⑶⑷⑸⑹⑺⑻⑼", 1)},
    **{sign: str(number) for number, sign in enumerate("❶❷❸❹❺❻❼❽❾", 1)},
    **{sign: str(number) for number, sign in enumerate("➀➁➂➃➄➅➆➇➈", 1)},
    "〇": "0",
    "幺": "1",
}
_DOTS = frozenset("。·•．.․‧・")


@dataclass(frozen=True, slots=True)
class Mask:
    """How one kind of number is found and what of it stays.

    Arguments:
        name: of the kind.
        before: what has to stand right before it; None: anything.
        pattern: the number, on the folded text.
        head, tail: how many of its signs stay at each end.
    """

    name: str
    before: re.Pattern[str] | None
    pattern: re.Pattern[str]
    head: int
    tail: int


def read_masks(file: Path = TABLE) -> tuple[Mask, ...]:
    """Return the kinds of numbers in their order: the first that fits a number holds.

    Raises:
        BrokenTable: a pattern cannot be read, or head or tail is no number.
    """
    found: list[Mask] = []
    for where, (name, before, pattern, head, tail) in rows(file, 5):
        try:
            label = None if before == NOTHING else re.compile(f"(?:{before})$")
            number = re.compile(pattern.replace("{p}", _COUNTRY).replace("{s}", _GAP).replace("{d}", r"\d"))
            found.append(Mask(name, label, number, int(head), int(tail)))
        except (re.error, ValueError) as error:
            raise BrokenTable(f"{where}: {error}") from error
    return tuple(found)


@cache
def own_masks() -> tuple[Mask, ...]:
    """Return the kinds that the project was published with."""
    return read_masks()


def masked(text: str, public: frozenset[str] = frozenset()) -> str:
    """Return a text with the numbers of people hidden.

    Arguments:
        public: numbers that are meant to be called, digits alone; they stay.
    """
    if not _MAY_HOLD_ONE.search(text):
        return text
    folded = _Folded(text)
    hidden: list[tuple[int, int, str]] = []
    for mask in own_masks():
        for start, end in _found(mask, folded.plain, public):
            if not any(start < other and at < end for at, other, _ in hidden):
                hidden.append((start, end, _starred(mask, folded.plain[start:end])))
    for start, end, stars in sorted(hidden, reverse=True):
        text = text[: folded.at[start]] + stars + text[folded.at[end - 1] + folded.width(end - 1, text) :]
    return text


def _found(mask: Mask, plain: str, public: frozenset[str]) -> Iterator[tuple[int, int]]:
    for match in mask.pattern.finditer(plain):
        before = plain[max(0, match.start() - LABEL_CHARACTERS) : match.start()]
        if mask.before is not None and not mask.before.search(before):
            continue
        if mask.before is None and mask.name not in ("mail", "plate") and phrase("no_person").search(before):
            continue
        digits = "".join(filter(str.isdecimal, match.group()))
        if digits not in public:
            yield match.span()


def _starred(mask: Mask, number: str) -> str:
    if mask.name == "mail":
        return f"{number[0]}{STARS}@{number.partition('@')[2]}"
    signs = re.sub(r"[^0-9a-z\u4e00-\u9fff]", "", number)
    if mask.name == "mobile":
        signs = signs[-11:]
    if mask.name == "landline" and mask.head:
        area = 3 if signs[1] in "12" else 4
        return f"{signs[:area]}-{STARS}{signs[-mask.tail :]}"
    stars = 2 * STARS if mask.name == "id18" else STARS
    head, tail = signs[: mask.head], signs[-mask.tail :] if mask.tail else ""
    return f"{head}{stars}{tail}".upper()


class _Folded:
    """A text in the form in which numbers are looked for, each sign with where it stood."""

    def __init__(self, text: str) -> None:
        signs: list[str] = []
        self.at: list[int] = []
        for place, sign in enumerate(text):
            for folded in _folded(sign):
                signs.append(folded)
                self.at.append(place)
        self.plain = "".join(signs)

    def width(self, number: int, text: str) -> int:
        """Return how many signs of the text a folded sign and what is invisible behind it take."""
        begin = self.at[number]
        until = self.at[number + 1] if number + 1 < len(self.at) else len(text)
        end = begin + 1
        while end < until and not _folded(text[end]):
            end += 1
        return end - begin


@cache
def _folded(sign: str) -> str:
    """Return one sign as numbers are looked for in; nothing for what nobody sees."""
    kind = unicodedata.category(sign)
    if sign in _DIGITS:
        plain = _DIGITS[sign]
    elif sign in _DOTS:
        plain = "."
    elif kind[0] == "Z" or sign in "\n\t\r":
        plain = " "
    elif kind in ("Cf", "Mn", "Me", "Cc"):
        plain = ""
    elif kind == "Pd" or sign in "~～−":
        plain = "-"
    elif kind == "Nd":
        plain = str(unicodedata.decimal(sign))
    else:
        plain = unicodedata.normalize("NFKC", sign).lower()
    return plain


def digits_of(numbers: Iterable[str]) -> frozenset[str]:
    """Return telephone numbers as `masked` compares them."""
    return frozenset("".join(filter(str.isdecimal, number)) for number in numbers)


_LETTERS_NOBODY_SEES = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5")


def is_visible(sign: str) -> bool:
    """Return whether people see anything of a sign: a letter, a figure, a mark, a picture."""
    blank = unicodedata.category(sign)[0] in "ZCM" or sign in _LETTERS_NOBODY_SEES or sign == "\u2800"
    return not blank


def is_seen(sign: str) -> bool:
    """Return whether a sign is a letter, a character or a number that people see."""
    return unicodedata.category(sign)[0] in "LN" and sign not in _LETTERS_NOBODY_SEES


def numbers_in(text: str) -> frozenset[str]:
    """Return what `masked` would hide of a text, digits alone: a catalogue's are meant to be called."""
    if not _MAY_HOLD_ONE.search(text):
        return frozenset()
    plain = _Folded(text).plain
    found = (plain[start:end] for mask in own_masks() for start, end in _found(mask, plain, frozenset()))
    return digits_of(found)
