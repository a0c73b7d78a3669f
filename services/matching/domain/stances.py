"""How a word stands in what a resident says: as what is wanted, as what is so, or as the scene around it."""

import re
from bisect import bisect_right
from enum import IntEnum

_BORDER = re.compile(r"[，。；！？,;!?…]")

_WISH = re.compile(
    r"缺|没(?!事|办法|多久)|想|希望|盼|求|能不能|能否|可不可以|可否|需要|要(?!是|么|不)(?<![都快就又]要)|添"
    r"|装(?![修的得好])|安(?![全静心])|修(?![的得好])|换(?![的得好])|建(?![议设筑的得好])|配|增|弄|搞"
    r"|放(?![学假暑寒炮心])|摆|支|办(?![法公])|捐|送|请|帮|报(?!警)|找"
)
"""Marks of lack or wish: what follows in the same clause is what the matter is about. Each alternative begins
with a plain character, so that the search skips quickly."""

_OBJECT = re.compile(r"(?:缺|没有?|少|添|要|捐|配|弄|换|装|安)(?:[点几些个张套把条副盏两]|十来?)*$")
"""A mark of lack or wish with its measure, right before the thing itself."""
_REFUSAL = re.compile(r"(?:不用|不是|不要|除了|比起)[^不没]{0,2}$")
_REFUSAL_STARTS = re.compile(r"不[用是要]|除了|比起")
_BEFORE_CHARACTERS_MAX = 5

_AROUND = re.compile(
    r"的?(?:旁|底下|跟前|附近|对面|后头|前头|那块|时候)|回来|上[坐写拉聊]|的(?:孩子|娃|学生|家长)"
)
"""Behind a word these make it a place, a time or whoever is there."""
_AROUND_STARTS = frozenset("的旁底跟附对后前那时回上")


class Stance(IntEnum):
    """From what only sets the scene to what is asked for."""

    SCENE = 0
    STATED = 1
    WANTED = 2


SCENE, STATED, WANTED = Stance


class Telling:
    """A text as a row of clauses, asked how its words stand. `title_characters` of it are the title."""

    __slots__ = ("_marks", "_refuses", "_starts", "_text", "_title_characters")

    def __init__(self, text: str, title_characters: int) -> None:
        self._text = text
        self._title_characters = title_characters
        self._starts = [0, *(border.end() for border in _BORDER.finditer(text)), len(text)]
        self._refuses = _REFUSAL_STARTS.search(text) is not None
        self._marks: dict[int, int] = {}

    def stance(self, start: int, end: int, scene: bool) -> Stance:
        """The stance of the word at `start`..`end`; `scene` says that by itself the word sets a scene."""
        if self._text[end : end + 1] in _AROUND_STARTS and _AROUND.match(self._text, end):
            return SCENE
        if self._refuses and _REFUSAL.search(self._before(start)):
            return SCENE
        if self._wish_ends(start) <= (start if scene else end):
            return WANTED
        if scene:
            return SCENE
        return WANTED if start < self._title_characters else STATED

    def is_object(self, start: int) -> bool:
        """Whether the word at `start` is itself the thing that is lacking or wished for."""
        return _OBJECT.search(self._before(start)) is not None

    def _before(self, start: int) -> str:
        return self._text[max(0, start - _BEFORE_CHARACTERS_MAX) : start]

    def _wish_ends(self, start: int) -> int:
        """Where the first mark of lack or wish ends in the clause around `start`; past the text if none."""
        clause = bisect_right(self._starts, start)
        mark = self._marks.get(clause)
        if mark is None:
            found = _WISH.search(self._text, self._starts[clause - 1], self._starts[clause])
            mark = self._marks[clause] = found.end() if found else len(self._text) + 1
        return mark
